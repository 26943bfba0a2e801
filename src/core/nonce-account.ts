// Nonce account: the account on chain that holds the nonce of one subscriber, and the rules of its
// life. A subscriber has at most one that is not closed.
//
//   opening   Its creation was recorded, and is sent. No value is noted, so nothing is signed under
//             it. May become `open`, `closing` or `closed`.
//   open      A finalized block showed a value, and every move up to the noted value is explained.
//             Payments are signed under that value. May become `closing` or `closed`.
//   closing   Its closing was recorded, and is sent. Nothing is signed under it any more. May
//             become `closed`.
//   closed    A finalized block showed no account. The subscriber may be given another one, which
//             is `opening` again.
//
// This module only decides; flows/nonce-lane.ts acts. The ledger locks the row of the subscriber,
// applies the change and writes the row.
import type { Address, Signature, Slot } from './ids.ts';
import type { Lamports } from './money.ts';
import type { NonceAt, NonceValue } from './nonce.ts';
import type { PaymentState } from './payment.ts';

/** A value of a nonce, and a slot in which its account held it. */
export type NotedValue = { readonly value: NonceValue; readonly slot: Slot };

/** The nonce account of a subscriber, as the ledger knows it. */
export type NonceAccount = {
  readonly subscriberId: string;
  readonly account: Address;
  readonly authority: Address;
  /** Lamports that the account was created with. */
  readonly rent: Lamports;
  /**
   * The value up to which every move of the nonce is explained; null before the first reading, and
   * once the account is closed.
   */
  readonly noted: NotedValue | null;
  /** When its creation was recorded last. */
  readonly askedMs: number;
  /** When its closing was recorded last; null when none was. */
  readonly closingMs: number | null;
  /** When a finalized read showed no account; null before that. */
  readonly closedMs: number | null;
};

/** An account that is to be created, or that was found on chain. */
export type AskedNonce = Pick<NonceAccount, 'subscriberId' | 'account' | 'authority' | 'rent'>;

export type NonceChange =
  /** The creation of the account is about to be sent. */
  | { readonly do: 'ask'; readonly nonce: AskedNonce; readonly againAfterMs: number }
  /** A value was read; `from` is the value that the reader knew as the noted one. */
  | { readonly do: 'note'; readonly from: NonceValue | null; readonly to: NotedValue }
  /** The closing is about to be sent. `isPaying`: a payment of the subscriber has not ended. */
  | { readonly do: 'close'; readonly isPaying: boolean; readonly againAfterMs: number }
  /** A finalized read showed no account. */
  | { readonly do: 'gone' };

/** Where an account stands in its life. */
export const stageOf = ({
  noted,
  closingMs,
  closedMs,
}: Pick<NonceAccount, 'noted' | 'closingMs' | 'closedMs'>):
  | 'opening'
  | 'open'
  | 'closing'
  | 'closed' => {
  if (closedMs !== null) return 'closed';
  if (closingMs !== null) return 'closing';
  return noted === null ? 'opening' : 'open';
};

/**
 * The account after a change; null when the change may not be made, so that the caller must send
 * and sign nothing. `before` is null when the subscriber never had an account. Throws when a noted
 * value would be followed by one of an earlier slot: the reader did not see the newest state.
 */
export function nonceAfter(
  before: NonceAccount | null,
  change: NonceChange,
  nowMs: number,
): NonceAccount | null {
  if (change.do === 'ask') {
    const { nonce, againAfterMs } = change;
    const asked = { ...nonce, noted: null, askedMs: nowMs, closingMs: null, closedMs: null };
    if (before === null || stageOf(before) === 'closed') return asked;
    // An account with a value exists. Another address would leave the rent of this one behind.
    const mayAsk = before.account === nonce.account && before.noted === null;
    return mayAsk && before.askedMs <= nowMs - againAfterMs ? asked : null;
  }
  if (before === null || stageOf(before) === 'closed') return null;
  switch (change.do) {
    case 'note':
      // Another daemon noted a value since the reader looked.
      if ((before.noted?.value ?? null) !== change.from) return null;
      if (before.noted !== null && change.to.slot < before.noted.slot)
        throw new RangeError(
          `the value of a nonce never goes back: it was noted in slot ${before.noted.slot}, and is now said to be that of slot ${change.to.slot}`,
        );
      return { ...before, noted: change.to };
    case 'close':
      // A payment that is under way is signed under the nonce, or may be.
      if (change.isPaying) return null;
      return before.closingMs === null || before.closingMs <= nowMs - change.againAfterMs
        ? { ...before, closingMs: nowMs }
        : null;
    case 'gone':
      return { ...before, noted: null, closingMs: null, closedMs: nowMs };
  }
}

/**
 * Whether a payment may be opened under this account and value. `nonce` is the account of its
 * subscriber, locked until the payment is committed: an account that is being closed takes none.
 */
export const mayPayUnder = (
  nonce: NonceAccount | null,
  { account, value }: Pick<NonceAt, 'account' | 'value'>,
): boolean =>
  nonce !== null &&
  stageOf(nonce) === 'open' &&
  nonce.account === account &&
  nonce.noted?.value === value;

/**
 * Whether the creation of an account may still land: no value was ever read, and its creation was
 * recorded less than `landsWithinMs` ago.
 */
export const mayStillOpen = (
  { noted, askedMs }: Pick<NonceAccount, 'noted' | 'askedMs'>,
  nowMs: number,
  landsWithinMs: number,
): boolean => noted === null && askedMs > nowMs - landsWithinMs;

/** A payment that was signed under a value, as far as it tells what moved the nonce. */
export type PaymentUnderNonce = {
  readonly state: PaymentState;
  readonly signature: Signature | null;
  readonly executedSlot: Slot | null;
  /** Of a dead payment, the transaction that moved the nonce; `own`: it is a cancellation. */
  readonly moved: {
    readonly signature: Signature;
    readonly slot: Slot;
    readonly own: boolean;
  } | null;
};

/**
 * The transaction of this ledger that moved a nonce from a value, told by a payment under that
 * value: the payment itself where it was executed, with or without an error, or its cancellation.
 * Null when the payment does not tell one.
 */
export function ownMoverIn({
  state,
  signature,
  executedSlot,
  moved,
}: PaymentUnderNonce): { readonly signature: Signature; readonly slot: Slot } | null {
  if (state === 'landed' || state === 'failed')
    // A payment that was refused before it was signed is `failed`, and moved nothing.
    return signature === null || executedSlot === null ? null : { signature, slot: executedSlot };
  return state === 'dead' && moved?.own === true
    ? { signature: moved.signature, slot: moved.slot }
    : null;
}
