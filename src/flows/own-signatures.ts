// Own signatures: knows the payments that this process sent and that were not read from the chain
// yet. Their signatures and accounts are known before any source names them, so no history is read
// to find them, and they are read once, when they are final. After a restart they are heard like
// any other transaction.

import type { Address, Signature, Slot } from '../core/ids.ts';
import type { Payment } from '../core/payment.ts';
import { costOf, type TransactionCost } from '../core/payment-cost.ts';
import type { Clock, Subscriber } from '../core/ports.ts';
import type { ChainTransaction } from '../core/transaction.ts';
import type { Rumour } from '../core/watch-ports.ts';

export type OwnSignatures = {
  /** Tells that a signed payment is being sent, out of these accounts. */
  sent(payment: Payment, accounts: Pick<Subscriber, 'agentWallet' | 'agentTokenAccount'>): void;
  /** Tells that a payment has ended. `slot`: where it was executed; null when it never was. */
  ended(payment: Payment, slot: Slot | null): void;
  /** Tells of payments that another daemon sent; each is known as one that this process sent. */
  others(signatures: readonly Signature[]): void;
  /** Whether a daemon sent the transaction, and this process has not read it yet. */
  has(signature: string): boolean;
  /**
   * Whether a payment of this subscriber is under way, or was executed and not yet returned by
   * `takeExecuted`.
   */
  underWay(subscriberId: string): boolean;
  /** Tells that a transaction was read as final. */
  read(transaction: ChainTransaction): void;
  /** The cost of a payment that was read; null when it was not. Each is given once. */
  takeCost(signature: Signature): TransactionCost | null;
  /** The payments that were executed and are neither noted nor read yet, as transactions. */
  executed(): Rumour[];
  /**
   * The payments that were executed at least `forMs` milliseconds ago and neither noted nor read
   * yet, as transactions to read. Each payment is returned once.
   */
  takeExecuted(forMs: number): Rumour[];
};

/** A payment that was not read after this time is heard like any other transaction. */
const KEPT_MS = 120_000;
const REMEMBERED_MOST = 50_000;

type Kept = {
  /** The watched accounts that the payment changes. */
  readonly accounts: readonly Address[];
  readonly sentMs: number;
};

type Executed = {
  readonly subscriberId: string;
  readonly rumour: Rumour;
  readonly atMs: number;
};

/**
 * Creates the memory, with no signatures. `shared` says that other daemons read transactions as
 * well: then the cost of every transaction that was read is kept, because it may be a payment that
 * another daemon sent.
 */
export function createOwnSignatures(
  clock: Pick<Clock, 'elapsedMs'>,
  shared: () => boolean = () => false,
): OwnSignatures {
  const kept = new Map<string, Kept>();
  const costs = new Map<string, TransactionCost>();
  const underWay = new Map<string, number>();
  /** The executed payments that are neither noted nor read yet, and how many a subscriber has. */
  const executed = new Map<string, Executed>();
  const executedOf = new Map<string, number>();
  const forgetExecuted = ({ subscriberId, rumour }: Executed): void => {
    executed.delete(rumour.signature);
    const left = (executedOf.get(subscriberId) ?? 1) - 1;
    if (left > 0) executedOf.set(subscriberId, left);
    else executedOf.delete(subscriberId);
  };
  const isFresh = (atMs: number): boolean => clock.elapsedMs() - atMs < KEPT_MS;
  /** Forgets the oldest entries beyond the bounds; a Map keeps the order of insertion. */
  const trim = (): void => {
    for (const [signature, { sentMs }] of kept) {
      if (kept.size <= REMEMBERED_MOST && isFresh(sentMs)) break;
      kept.delete(signature);
    }
    for (const signature of costs.keys()) {
      if (costs.size <= REMEMBERED_MOST) break;
      costs.delete(signature);
    }
  };
  return {
    sent({ signed, driftUser, subscriberId }, { agentWallet, agentTokenAccount }) {
      if (signed === null) return;
      trim();
      const accounts = [agentWallet, agentTokenAccount, driftUser];
      const sentMs = clock.elapsedMs();
      kept.set(signed.signature, { accounts, sentMs });
      underWay.set(subscriberId, sentMs);
    },
    others(signatures) {
      trim();
      const other = { accounts: [], sentMs: clock.elapsedMs() };
      for (const each of signatures) if (!kept.has(each)) kept.set(each, other);
    },
    ended({ signed, subscriberId }, slot) {
      underWay.delete(subscriberId);
      const payment = signed === null ? undefined : kept.get(signed.signature);
      if (signed === null || payment === undefined || slot === null) return;
      const { signature } = signed;
      const rumour = { signature, slot, blockIndex: null, accounts: payment.accounts };
      executed.set(signature, { subscriberId, rumour, atMs: clock.elapsedMs() });
      executedOf.set(subscriberId, (executedOf.get(subscriberId) ?? 0) + 1);
    },
    has: (signature) => {
      const payment = kept.get(signature);
      return payment !== undefined && isFresh(payment.sentMs);
    },
    underWay: (subscriberId) =>
      executedOf.has(subscriberId) ||
      isFresh(underWay.get(subscriberId) ?? Number.NEGATIVE_INFINITY),
    read(transaction) {
      const unread = executed.get(transaction.signature);
      if (unread !== undefined) forgetExecuted(unread);
      if (!kept.delete(transaction.signature) && !shared()) return;
      trim();
      const cost = costOf(transaction);
      if (cost !== null) costs.set(transaction.signature, cost);
    },
    takeCost(signature) {
      const cost = costs.get(signature) ?? null;
      costs.delete(signature);
      return cost;
    },
    executed: () => [...executed.values()].map(({ rumour }) => rumour),
    takeExecuted(forMs) {
      const ready = [...executed.values()].filter(({ atMs }) => clock.elapsedMs() - atMs >= forMs);
      for (const each of ready) forgetExecuted(each);
      return ready.map(({ rumour }) => rumour);
    },
  };
}
