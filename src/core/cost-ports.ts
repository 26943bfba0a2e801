// Cost ports: the port to what payments cost their fee payers.
import type { Address, Signature } from './ids.ts';
import type { BaseUnits } from './money.ts';
import type { TransactionCost } from './payment-cost.ts';
import type { SponsorSpent } from './spending-limits.ts';

/**
 * Stores how much payments cost their fee payer according to the chain, in lamports. A day is the
 * last 24 hours by the database's clock.
 */
export type Costs = {
  /**
   * Ended payments whose cost was not read yet, oldest first; only those that ended after `after`,
   * if it is given. A payment under a nonce that was cancelled costs what the cancellation did.
   */
  unread(limit: number, after?: UnreadCost | null): Promise<UnreadCost[]>;
  /** Stores the cost of an ended payment. */
  record(payment: UnreadCost, cost: TransactionCost): Promise<void>;
  /**
   * The number of token accounts of this creator for this mint that landed payments opened
   * (`known`), and of those that landed payments planned to open and whose cost is not read yet
   * (`unread`).
   */
  openings(
    creatorWallet: Address,
    mint: Address,
  ): Promise<{ readonly known: number; readonly unread: number }>;
  /**
   * The lamports that the sponsor spent within a day. For a creator count the fees of payments in
   * which it is a recipient, and the rent of its own accounts.
   */
  ofSponsor(sponsor: Address, subscriberId: string, creatorWallet: Address): Promise<SponsorSpent>;
  /**
   * Base units of one token in payments and swaps of this subscriber that were signed and planned
   * within a day, landed within a day, or may still land.
   */
  signedToday(subscriberId: string, mint: Address): Promise<BaseUnits>;
};
export type UnreadCost = {
  readonly paymentId: string;
  readonly subscriberId: string;
  /** The signature of the transaction that was executed. */
  readonly signature: Signature;
};
