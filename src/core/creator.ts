// Creator: decides at which addresses a creator may be paid. A payment goes to the associated token
// account of the address, so money paid to an address that cannot sign a token transfer is lost.
// Pure: flows read the chain and the ledger.
import type { FaultCode } from './fault.ts';
import type { Address } from './ids.ts';
import { ASSOCIATED_TOKEN_PROGRAM, SYSTEM_PROGRAM, TOKEN_PROGRAMS } from './programs.ts';

/** One reading of an address on chain. */
export type CreatorReading = {
  readonly address: Address;
  /** Whether a key for this address can exist. */
  readonly onCurve: boolean;
  /** Null when there is no account. */
  readonly account: { readonly owner: Address; readonly bytes: number } | null;
};
export type CreatorTerms = {
  /** The terms say that the creator's address has no key. */
  readonly offCurve: boolean;
  /**
   * A proof showed which program signs for this address, or the address was seen to exist (ADR 25).
   */
  readonly proven: boolean;
  /**
   * The programs of the venues. Their accounts hold collateral and never spend tokens themselves.
   */
  readonly venues: ReadonlySet<string>;
};
export type CreatorObjection = {
  readonly code: Extract<
    FaultCode,
    'creator_not_payable' | 'creator_off_curve' | 'creator_unproven' | 'creator_is_agent'
  >;
  readonly detail: string;
};

/** How a vault's address is derived. A caller gives the derivation once for each address. */
export type VaultProof = {
  readonly program: Address;
  /** At most 32 bytes each, without the bump. */
  readonly seeds: readonly Uint8Array[];
};

/** Programs whose accounts are programs. */
const LOADERS: ReadonlySet<string> = new Set([
  'NativeLoader1111111111111111111111111111111',
  'BPFLoader1111111111111111111111111111111111',
  'BPFLoader2111111111111111111111111111111111',
  'BPFLoaderUpgradeab1e11111111111111111111111',
  'LoaderV411111111111111111111111111111111111',
]);

/**
 * Addresses that were chosen by hand: native programs, sysvars, the incinerator. Their base58 text
 * ends in eight or more ones, which a generated address does with a chance of one in 58^8. No key
 * for them is known.
 */
const WRITTEN_BY_HAND = /1{8}$/;
/** Whether no key of the address is known: it was chosen by hand, or is a token program. */
export const isReserved = (address: string): boolean =>
  WRITTEN_BY_HAND.test(address) ||
  TOKEN_PROGRAMS.has(address) ||
  address === ASSOCIATED_TOKEN_PROGRAM;

/** Programs whose accounts cannot spend tokens in a creator's name. */
const neverVaults = (program: string, venues: ReadonlySet<string>): boolean =>
  isReserved(program) || LOADERS.has(program) || venues.has(program);

const refuse = (code: CreatorObjection['code'], detail: string): CreatorObjection => ({
  code,
  detail,
});

/** Why a creator cannot be paid at this address; null when it can. */
export function creatorObjection(
  { address, onCurve, account }: CreatorReading,
  { offCurve, proven, venues }: CreatorTerms,
): CreatorObjection | null {
  const unpayable = (what: string) =>
    refuse(
      'creator_not_payable',
      `${address} is ${what}: a payment to it could not be spent. Give the wallet of the creator.`,
    );
  if (isReserved(address) || venues.has(address)) return unpayable('a program or a sysvar');
  const owner = account?.owner ?? SYSTEM_PROGRAM;
  if (TOKEN_PROGRAMS.has(owner) && onCurve) return unpayable('a token account or a mint');
  if (TOKEN_PROGRAMS.has(owner))
    return refuse(
      'creator_off_curve',
      `${address} is a token account. Give the address that owns it.`,
    );
  if (LOADERS.has(owner)) return unpayable('a program');
  const plain = owner === SYSTEM_PROGRAM && (account?.bytes ?? 0) === 0;
  if (!onCurve && !offCurve)
    return refuse(
      'creator_off_curve',
      `${address} is no wallet: it is a program's address or a token account. Give the wallet that owns it, or set offCurve for a vault.`,
    );
  if (onCurve)
    return plain ? null : unpayable(`an account of the program ${owner}, not a plain wallet`);
  if (owner !== SYSTEM_PROGRAM && neverVaults(owner, venues))
    return unpayable(`an account of ${owner}`);
  if (owner === SYSTEM_PROGRAM && !plain) return unpayable('an account of the system program');
  if (account === null && !proven)
    return refuse(
      'creator_unproven',
      `Nothing exists at ${address} yet, and it could be a token account that is not open. Give the vault's program and seeds, or send the vault some SOL first.`,
    );
  return null;
}

/**
 * Why a derivation does not prove who signs for an address; null when it does. `derived` is the
 * address that the seeds give.
 */
export function proofObjection(
  address: Address,
  proof: VaultProof,
  derived: Address | null,
  program: { readonly owner: Address } | null,
  venues: ReadonlySet<string>,
): CreatorObjection | null {
  if (derived !== address)
    return refuse(
      'creator_unproven',
      `The program ${proof.program} does not derive ${address} from these seeds.`,
    );
  if (neverVaults(proof.program, venues))
    return refuse(
      'creator_not_payable',
      `${address} belongs to ${proof.program}, which never spends tokens for a creator.`,
    );
  if (program === null || !LOADERS.has(program.owner))
    return refuse('creator_unproven', `There is no program at ${proof.program}.`);
  return null;
}
