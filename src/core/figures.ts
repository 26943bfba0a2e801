// Figures: what debts and payments add up to.
import type { ProfitShare } from './debt-ports.ts';
import type { Address } from './ids.ts';
import type { BaseUnits } from './money.ts';
import type { Payment } from './payment.ts';

export type Earnings = {
  readonly owed: BaseUnits;
  /** Claimed by a payment that has not ended. */
  readonly inFlight: BaseUnits;
  readonly paid: BaseUnits;
  readonly voided: BaseUnits;
  /** Booked while only observing, and not adopted. */
  readonly observed: BaseUnits;
};

export type Figures = {
  /** Profit shares by status, and what is not paid of them. */
  debts(): Promise<
    { readonly status: ProfitShare['status']; readonly count: number; readonly left: BaseUnits }[]
  >;
  /** How many open debts are older than each of these ages. */
  debtsOlderThan(nowMs: number, agesMs: readonly number[]): Promise<number[]>;
  /**
   * Milliseconds from hearing of a close to its payment being final, by quantile, of what was paid
   * since then.
   */
  closeToPaid(sinceMs: number): Promise<Readonly<Record<string, number>>>;
  /** How long the oldest open debt has been one; null when there is none. */
  oldestDebtMs(nowMs: number): Promise<number | null>;
  /** Of one creator, in base units. The five add up to everything that ever accrued. */
  earnings(creatorWallet: Address): Promise<Earnings>;
  /**
   * Payments by state and, of those that ended badly, the class of their trouble; empty text for
   * the others.
   */
  payments(): Promise<
    { readonly state: Payment['state']; readonly class: string; readonly count: number }[]
  >;
  /** How many payments were sent before then and have not ended. */
  paymentsSentBefore(ms: number): Promise<number>;
};
