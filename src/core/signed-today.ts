// Signed today: adds up what was signed for each subscriber and token within 24 hours. Each sum is
// kept, so that a burst of thousands of payments does not add all of them up for each signature. An
// amount is taken out again once the chain proves that no transaction for it can move anything.
import { DEATH_MARGIN_BLOCKS } from './death.ts';
import type { Signature } from './ids.ts';

/** An amount that is signed. */
export type SignedAmount = {
  readonly subscriberId: string;
  readonly mint: string;
  /** Base units of that token. */
  readonly amount: bigint;
  readonly paymentId: string;
  /**
   * The value of the nonce under which the payment is signed, with the nonce account; null without
   * a nonce. Of all transactions of the payment under one value, at most one is executed.
   */
  readonly under: { readonly account: string; readonly value: string } | null;
};

/** The proof that a transaction has moved nothing of a payment and never will. */
export type Proof =
  /** The transaction is the payment, and was executed with an error in a finalized block. */
  | { readonly by: 'failure' }
  /** The transaction is the payment, and was never executed up to this finalized block height. */
  | { readonly by: 'expiry'; readonly finalizedBlockHeight: number }
  /** The transaction moved the nonce in place of the payment, and is final. */
  | { readonly by: 'cancellation' };

/** A transaction that was signed for an amount. */
export type SignedFor = {
  readonly signature: Signature;
  /** The last block height at which a transaction under a blockhash may be executed. */
  readonly lastValidBlockHeight: number;
};

export type SignedToday = {
  /** The sum that was signed for this subscriber in this token within 24 hours. Base units. */
  sum(subscriberId: string, mint: string): bigint;
  /** Whether the same amount is counted for the same payment and value of a nonce. */
  has(given: SignedAmount): boolean;
  /**
   * Counts an amount for 24 hours from now, unless `has` says that it is counted. Returns a
   * function that is called once with the transaction that was signed for the amount; with null
   * when none was, and then the amount counts no more where no other transaction was signed for it.
   */
  count(given: SignedAmount): (signed: SignedFor | null) => void;
  /** Notes a transaction that was signed to move this nonce of a subscriber, and pays nothing. */
  cancels(subscriberId: string, value: string, signature: Signature): void;
  /**
   * Takes the amount out for which this transaction was signed, or which it cancelled. Changes
   * nothing when the transaction is not known here for this payment, or when another transaction of
   * the payment may still be executed.
   */
  ended(subscriberId: string, paymentId: string, signature: Signature, proof: Proof): void;
};

const DAY_MS = 24 * 3_600_000;

type Counted = SignedAmount & {
  readonly atMs: number;
  /** How many signers are at work on a transaction for this amount. */
  working: number;
  transactions: readonly SignedFor[];
  cancellations: readonly Signature[];
};
/** All that is counted for one subscriber, oldest first, and the totals by token. */
type Sums = {
  lastMs: number;
  readonly counted: Counted[];
  readonly totals: Map<string, bigint>;
};

const isSame = (one: SignedAmount, other: SignedAmount): boolean =>
  one.under !== null &&
  one.under.account === other.under?.account &&
  one.under.value === other.under.value &&
  one.paymentId === other.paymentId &&
  one.mint === other.mint &&
  one.amount === other.amount;

/** Whether the proof shows that no transaction of a counted amount can move anything. */
function isHarmless(counted: Counted, signature: Signature, proof: Proof): boolean {
  // Where the nonce has moved, no transaction under its value can be executed any more, whether it
  // is signed already or not.
  if (proof.by === 'cancellation') return counted.cancellations.includes(signature);
  const signed = counted.transactions.find((each) => each.signature === signature);
  if (signed === undefined) return false;
  if (proof.by === 'failure') return true;
  return (
    counted.under === null &&
    proof.finalizedBlockHeight > signed.lastValidBlockHeight + DEATH_MARGIN_BLOCKS
  );
}

/** Creates the sums. `nowMs` is the daemon's clock. */
export function createSignedToday(nowMs: () => number): SignedToday {
  /** The sums by subscriber, in the order in which they were added to last. */
  const sums = new Map<string, Sums>();
  const isOver = (atMs: number): boolean => atMs <= nowMs() - DAY_MS;
  const add = ({ totals }: Sums, mint: string, amount: bigint): void =>
    void totals.set(mint, (totals.get(mint) ?? 0n) + amount);
  const remove = (sum: Sums, gone: Counted | undefined): void => {
    const place = gone === undefined ? -1 : sum.counted.indexOf(gone);
    if (gone === undefined || place < 0) return;
    sum.counted.splice(place, 1);
    add(sum, gone.mint, -gone.amount);
  };
  const countedOf = (subscriberId: string): readonly Counted[] =>
    sums.get(subscriberId)?.counted ?? [];

  return {
    sum(subscriberId, mint) {
      const sum = sums.get(subscriberId);
      if (sum === undefined) return 0n;
      while (sum.counted[0] !== undefined && isOver(sum.counted[0].atMs))
        remove(sum, sum.counted[0]);
      return sum.totals.get(mint) ?? 0n;
    },
    has: (given) => countedOf(given.subscriberId).some((each) => isSame(given, each)),
    count(given) {
      const atMs = nowMs();
      for (const [key, { lastMs }] of sums) {
        if (!isOver(lastMs)) break;
        sums.delete(key);
      }
      const { subscriberId } = given;
      const none: Sums = { lastMs: atMs, counted: [], totals: new Map() };
      const sum = sums.get(subscriberId) ?? none;
      let counted = sum.counted.find((each) => isSame(given, each));
      if (counted === undefined) {
        sums.delete(subscriberId);
        sums.set(subscriberId, sum);
        counted = { ...given, atMs, working: 0, transactions: [], cancellations: [] };
        sum.counted.push(counted);
        add(sum, given.mint, given.amount);
        sum.lastMs = atMs;
      }
      const mine = counted;
      mine.working++;
      return (signed) => {
        mine.working--;
        if (signed !== null) mine.transactions = [...mine.transactions, signed];
        else if (mine.working === 0 && mine.transactions.length === 0) remove(sum, mine);
      };
    },
    cancels(subscriberId, value, signature) {
      for (const each of countedOf(subscriberId))
        if (each.under?.value === value) each.cancellations = [...each.cancellations, signature];
    },
    ended(subscriberId, paymentId, signature, proof) {
      const sum = sums.get(subscriberId);
      const gone = sum?.counted.find(
        (each) => each.paymentId === paymentId && isHarmless(each, signature, proof),
      );
      if (sum !== undefined) remove(sum, gone);
    },
  };
}
