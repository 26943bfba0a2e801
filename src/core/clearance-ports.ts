// Clearance ports: the ledger's record of clearances.
import type { Clearance, FundsReading } from './clearance.ts';
import type { Slot } from './ids.ts';
import type { BaseUnits } from './money.ts';

export type ListedClearance = Clearance & {
  readonly grantedAtMs: number;
  readonly untilMs: number;
  readonly revokedAtMs: number | null;
};
/**
 * The most that all clearances together may let out, as the chain was read at `slot`, and what each
 * account held. Accounts that are not among the readings leave nothing behind for debts.
 */
export type Settled = {
  readonly most: BaseUnits;
  readonly slot: Slot;
  readonly readings: readonly FundsReading[];
};
export type Clearances = {
  /** Lists clearances, newest first. `before` is the id of the last one of the page before. */
  list(filter: {
    subscriberId: string;
    limit: number;
    before?: string;
  }): Promise<ListedClearance[]>;
  /** The clearance with this id of the subscriber, or null. */
  find(subscriberId: string, id: string): Promise<ListedClearance | null>;
  /**
   * Ends a clearance: it covers nothing after this slot. False when there is none, or it has ended.
   */
  revoke(subscriberId: string, id: string, slot: Slot, nowMs: number): Promise<boolean>;
  /**
   * Stores a clearance, and returns null. Where earlier clearances of its token may still let out
   * so much that with its amount it is above `settled.most`, stores nothing and returns that sum;
   * without `settled` that is not looked at, and the clearance covers its whole amount also after
   * losses. Throws `books_behind` when the database is no longer the one with the identity
   * `under`, which may lack debts; null skips this check; and `not_found` when the subscriber has
   * left.
   */
  grant(
    subscriberId: string,
    clearance: Clearance,
    grantedAtMs: number,
    untilMs: number,
    under: string | null,
    settled?: Settled,
  ): Promise<BaseUnits | null>;
};
