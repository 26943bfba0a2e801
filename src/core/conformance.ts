// Conformance: decides whether the bytes of the venue's program on chain are known: the venue
// profile was proven on them, or they were proven or accepted here. Pure: flows read the chain and
// the ledger.
import type { Slot } from './ids.ts';
import { type Trouble, troubled } from './trouble.ts';

/** The program as the chain shows it. */
export type DeployedProgram = {
  /** SHA-256 of its bytes without the zeros at the end, in hex. */
  readonly hash: string;
  /** The slot of its last deployment; 0 for a program that cannot be upgraded. */
  readonly slot: Slot;
  /** The upgrade authority; null when the program cannot be upgraded. */
  readonly authority: string | null;
  readonly bytes: Uint8Array;
};
/**
 * Why bytes are trusted that the profile does not know: the contract suite passed on them, or an
 * operator accepted them.
 */
export type Voucher = {
  readonly hash: string;
  readonly how: 'proven' | 'accepted';
  readonly reason: string;
  readonly atMs: number;
};
/** Reads the venue's program on chain. */
export type ProgramReader = {
  /**
   * The slot of the last deployment, read from the first bytes of the account. Throws as `read`
   * does.
   */
  deployedIn(): Promise<Slot>;
  /**
   * The whole program. Throws `rpc_unavailable`, or `account_unreadable` when there is no such
   * program.
   */
  read(): Promise<DeployedProgram>;
};
/** The programs that the ledger knows: those seen on chain, and vouchers for others. */
export type ProgramBook = {
  /**
   * Records that this program was seen. Returns the hash of the program seen before it; null when
   * that is the same.
   */
  seen(program: Pick<DeployedProgram, 'hash' | 'slot'>): Promise<string | null>;
  /** All vouchers, newest first. */
  vouchers(): Promise<readonly Voucher[]>;
  /** Trusts these bytes from now on. A new voucher replaces an older one. */
  vouch(hash: string, how: Voucher['how'], reason: string): Promise<void>;
  /** Removes the voucher of these bytes. False when there is none. */
  withdraw(hash: string): Promise<boolean>;
};

/**
 * The reaction to an unknown program: `tell` raises an alarm only, `halt` also signs nothing new.
 */
export type OnUnknownProgram = 'tell' | 'halt';

export type Conformance =
  /** The program has not been read yet. */
  | { readonly state: 'unread' }
  /** `as` says why the program is trusted. */
  | {
      readonly state: 'known';
      readonly hash: string;
      readonly slot: Slot;
      readonly as: string;
    }
  | { readonly state: 'unknown'; readonly hash: string; readonly slot: Slot };

/** Judges a program by the programs that the profile was proven on and by the vouchers. */
export function conformanceOf(
  program: Pick<DeployedProgram, 'hash' | 'slot'> | null,
  provenOn: ReadonlyMap<string, string>,
  vouchers: readonly Voucher[],
): Conformance {
  if (program === null) return { state: 'unread' };
  const { hash, slot } = program;
  const name = provenOn.get(hash);
  if (name !== undefined) return { state: 'known', hash, slot, as: name };
  const voucher = vouchers.find((each) => each.hash === hash);
  if (voucher !== undefined)
    return { state: 'known', hash, slot, as: `${voucher.how}: ${voucher.reason}` };
  return { state: 'unknown', hash, slot };
}

/** Why nothing new may be signed; null when signing is allowed. */
export function signingObjection(
  conformance: Conformance,
  onUnknown: OnUnknownProgram,
): Trouble | null {
  if (onUnknown === 'tell' || conformance.state === 'known') return null;
  return conformance.state === 'unread'
    ? troubled(
        'venue_program_unread',
        'The bytes of the venue’s program have not been read from the chain yet.',
      )
    : troubled(
        'venue_program_unknown',
        `The venue’s program was deployed in slot ${conformance.slot} with bytes that are not known (${conformance.hash}). Signing waits for: bailiff venue prove, or bailiff venue accept.`,
      );
}
