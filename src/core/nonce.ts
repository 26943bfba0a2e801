// Nonce: payments that are signed under a durable nonce. Of all transactions that are signed under
// one value of the nonce, the chain executes at most one: the first that is executed moves the
// nonce to another value, also when it fails, and the others can never be executed. So a payment
// may be signed more than once under one value, and flows/nonce-lane plans the next payment only
// after a finalized read has shown another value. See ADR 98.
import type { Address, Signature, Slot } from './ids.ts';
import { BPS_WHOLE, least, most, mulDivCeil } from './money.ts';
import type { ChainTransaction } from './transaction.ts';
import type { Voiding } from './voiding.ts';

/** The value that a nonce account holds, in base58. It stands where a blockhash would. */
export type NonceValue = string;

/** A nonce account, and a value of it that a finalized block shows. */
export type NonceAt = {
  readonly account: Address;
  readonly value: NonceValue;
  /** A slot in which the account held the value. The value is moved in a later slot. */
  readonly slot: Slot;
};

/** One signed transaction of a payment. */
export type Variant = {
  /** `cancel`: it moves the nonce and does nothing else. */
  readonly purpose: 'payment' | 'cancel';
  readonly signature: Signature;
  /** The price of a compute unit. */
  readonly microLamports: bigint;
  readonly signedAtMs: number;
};
/**
 * A person's request to cancel a payment under a nonce. With a share, that debt is voided once the
 * payment can never land; without one, all its debts are left to a person.
 */
export type CancelRequest = Voiding & { readonly shareId: string | null };

/** The nonce account as a finalized read shows it. */
export type NonceReading =
  | { readonly seen: 'absent' }
  /** There is an account, and the authority cannot use it as its nonce. */
  | { readonly seen: 'unusable'; readonly why: string }
  | { readonly seen: 'value'; readonly value: NonceValue };

/** The transaction that stood on a value of the nonce, as a finalized block shows it. */
export type Mover = {
  readonly signature: Signature;
  readonly slot: Slot;
  /** Null when it was executed without an error. An execution with one moves the nonce as well. */
  readonly error: unknown;
};

/** The end of a payment whose nonce has moved. */
export type Outcome =
  | { readonly became: 'paid' | 'cancelled'; readonly signature: Signature; readonly slot: Slot }
  | {
      readonly became: 'failed';
      readonly signature: Signature;
      readonly slot: Slot;
      readonly error: unknown;
    }
  /** Another transaction stood on the value, so no variant can ever be executed. */
  | { readonly became: 'overtaken'; readonly signature: Signature; readonly slot: Slot }
  /** This transaction shows that the account was closed, and no variant was executed before. */
  | { readonly became: 'closed'; readonly signature: Signature; readonly slot: Slot }
  /** Nothing is concluded, and nothing new is signed. */
  | { readonly became: 'untold'; readonly why: string };

/**
 * The end of a payment whose nonce has moved. `mover` is the transaction that stood on its value in
 * a finalized block; while no node shows that transaction it is null, and the outcome is `untold`.
 * Absence is never evidence here: a node that does not know a signature proves nothing. The
 * transaction that moved the nonce proves that no other one under this value can ever be executed.
 */
export function outcomeOf(variants: readonly Variant[], mover: Mover | null): Outcome {
  if (mover === null)
    return {
      became: 'untold',
      why: `The nonce has moved, and no node shows which transaction moved it: one of the ${variants.length} of this payment, or another. The debt may be paid.`,
    };
  const { signature, slot, error } = mover;
  const own = variants.find((each) => each.signature === signature);
  if (own === undefined) return { became: 'overtaken', signature, slot };
  // A cancellation moves the nonce also when it fails, and pays nothing either way.
  if (own.purpose === 'cancel') return { became: 'cancelled', signature, slot };
  return error === null
    ? { became: 'paid', signature, slot }
    : { became: 'failed', signature, slot, error };
}

/**
 * Whether a finalized transaction shows that a nonce account did not exist before or after it. The
 * value that the account held earlier never comes back: an account that is made anew takes the
 * value of its own block, and a nonce cannot be closed in the block of the value that it holds.
 */
export function showsClosed(
  { error, keys, lamports }: Pick<ChainTransaction, 'error' | 'keys' | 'lamports'>,
  account: Address,
): boolean {
  const at = keys.indexOf(account);
  if (error !== null || lamports === null || at < 0) return false;
  return lamports.before[at] === 0n || lamports.after[at] === 0n;
}

export type VariantPolicy = {
  /** The time for which the last variant must have been without success. Milliseconds. */
  readonly afterMs: number;
  /** The least rise from one variant to the next, in basis points of the last price. */
  readonly riseBps: bigint;
  /** The number of variants of one payment after which none is signed for its price alone. */
  readonly variantsMost: number;
  /** The most variants of one payment beyond these, each by another route. */
  readonly routesMost: number;
  readonly microLamportsMost: bigint;
};

/**
 * The price in micro-lamports at which another variant of a payment may be signed now; null when
 * none may. `market` is what the fee market asks.
 */
export function nextPrice(
  variants: readonly Variant[],
  nowMs: number,
  market: bigint,
  policy: VariantPolicy,
): bigint | null {
  const last = variants.at(-1);
  if (last === undefined) return least(market, policy.microLamportsMost);
  // A payment that is being cancelled is not made dearer.
  if (variants.some(({ purpose }) => purpose === 'cancel')) return null;
  if (variants.length >= policy.variantsMost || nowMs - last.signedAtMs < policy.afterMs)
    return null;
  const risen = mulDivCeil(last.microLamports, BPS_WHOLE + policy.riseBps, BPS_WHOLE);
  const price = least(most(market, risen), policy.microLamportsMost);
  return price > last.microLamports ? price : null;
}

/**
 * The price in micro-lamports at which a payment may be signed now by another route, where the
 * chain would refuse it by the route it has; null when it may not.
 */
export function routePrice(
  variants: readonly Variant[],
  nowMs: number,
  policy: VariantPolicy,
): bigint | null {
  const last = variants.at(-1);
  if (last === undefined || variants.some(({ purpose }) => purpose === 'cancel')) return null;
  const isFull = variants.length >= policy.variantsMost + policy.routesMost;
  return isFull || nowMs - last.signedAtMs < policy.afterMs ? null : last.microLamports;
}
