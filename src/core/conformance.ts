// Conformance: whether the bytes of the venue's program on chain are ones that the venue profile
// was proven on, or that were proven or accepted here. Pure: flows read the chain and the ledger,
// this decides.
import type { Slot } from './ids.ts';
import { type Trouble, troubled } from './trouble.ts';

/** A program as the chain shows it. */
export type DeployedProgram = {
  /** sha256 of its bytes without the zeros behind them, in hex. */
  readonly hash: string;
  /** The slot of its last deployment; 0 for a program that can't be upgraded. */
  readonly slot: Slot;
  /** Who may upgrade it; null for nobody. */
  readonly authority: string | null;
  readonly bytes: Uint8Array;
};
/**
 * How bytes that the profile does not know came to be trusted: the contract suite passed on them,
 * or an operator said so.
 */
export type Voucher = {
  readonly hash: string;
  readonly how: 'proven' | 'accepted';
  readonly reason: string;
  readonly atMs: number;
};
/** The venue's program on chain. */
export type ProgramReader = {
  /**
   * The slot of the last deployment, from the first bytes of the account alone. Throws as `read`
   * does.
   */
  deployedIn(): Promise<Slot>;
  /**
   * The whole program. Throws `rpc_unavailable`, or `account_unreadable` when there is no such
   * program.
   */
  read(): Promise<DeployedProgram>;
};
/** What the ledger keeps of programs: which were seen on chain, and what vouches for them. */
export type ProgramBook = {
  /**
   * Writes down that this program was seen; returns the hash of the one that was seen before it,
   * null when that is the same.
   */
  seen(program: Pick<DeployedProgram, 'hash' | 'slot'>): Promise<string | null>;
  /** Everything that vouches for bytes, newest first. */
  vouchers(): Promise<readonly Voucher[]>;
  /** Trusts these bytes from now on; a new voucher replaces an older one. */
  vouch(hash: string, how: Voucher['how'], reason: string): Promise<void>;
  /** Takes the voucher of these bytes back; false when there is none. */
  withdraw(hash: string): Promise<boolean>;
};

/**
 * What signing does while the program is unknown: `tell` alarms alone, `halt` signs nothing new.
 */
export type OnUnknownProgram = 'tell' | 'halt';

export type Conformance =
  /** The chain has not been asked yet, or never answered. */
  | { readonly state: 'unread' }
  /** `as` says why it is trusted. */
  | {
      readonly state: 'known';
      readonly hash: string;
      readonly slot: Slot;
      readonly as: string;
    }
  | { readonly state: 'unknown'; readonly hash: string; readonly slot: Slot };

/**
 * What a program is, given the names of the programs that the profile was proven on, and the
 * vouchers of others.
 */
export function judgeProgram(
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

/** Why nothing new may be signed; null when it may. */
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
