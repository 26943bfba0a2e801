// Found payment ports: the port to payments that the chain shows and that the ledger had lost.

import type { Cover } from './debt.ts';
import type { Signature } from './ids.ts';
import type { Accepted, ListedPayment } from './listed-payment.ts';
import type { PaidOnChain } from './rebuild.ts';

export type FoundPayments = {
  /**
   * Stores a payment as landed that the chain shows and the ledger lost. Its excess is its amount
   * less `covers`. When the ledger holds the payment with an excess, `covers` are added and the
   * excess falls by them. False when nothing changed, or when the subscriber has no terms with the
   * creator. Throws `books_behind` when a debt has less uncovered by now than its cover.
   */
  restore(subscriberId: string, paid: PaidOnChain, covers: readonly Cover[]): Promise<boolean>;
  /**
   * Accepts the excess of the payment with this signature: it stays with the creator and pays no
   * debt. Null when the ledger holds no payment with this signature and an open excess.
   */
  accept(signature: Signature, by: Omit<Accepted, 'atMs'>): Promise<ListedPayment | null>;
  /** The payments whose excess no person accepted, the oldest first. */
  unexplained(limit: number): Promise<ListedPayment[]>;
  /** All such payments of one subscriber, the oldest first. */
  unexplainedOf(subscriberId: string): Promise<ListedPayment[]>;
};
