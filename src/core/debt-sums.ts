// Debt sums: the port to sums over debts and payments.
import type { ProfitShare } from './debt-ports.ts';
import type { Address } from './ids.ts';
import type { BaseUnits } from './money.ts';
import type { Payment } from './payment.ts';

export type Earnings = {
  readonly owed: BaseUnits;
  /** The part claimed by a payment that has not ended. */
  readonly inFlight: BaseUnits;
  readonly paid: BaseUnits;
  readonly voided: BaseUnits;
  /** Booked in mode observe and not adopted. */
  readonly observed: BaseUnits;
};

export type DebtSums = {
  /** The number of profit shares by status, and their unpaid sum. */
  debts(): Promise<
    { readonly status: ProfitShare['status']; readonly count: number; readonly left: BaseUnits }[]
  >;
  /** The number of open debts that are older than each of these ages. */
  debtsOlderThan(nowMs: number, agesMs: readonly number[]): Promise<number[]>;
  /**
   * Milliseconds from hearing of a close to its final payment, by quantile, for payments since
   * then.
   */
  closeToPaid(sinceMs: number): Promise<Readonly<Record<string, number>>>;
  /** The age of the oldest open debt in milliseconds; null when there is none. */
  oldestDebtMs(nowMs: number): Promise<number | null>;
  /** The sums of one creator, in base units. The five add up to everything that ever accrued. */
  earnings(creatorWallet: Address): Promise<Earnings>;
  /**
   * The number of payments by state and, for payments that ended badly, by class of trouble; empty
   * text for the others.
   */
  payments(): Promise<
    { readonly state: Payment['state']; readonly class: string; readonly count: number }[]
  >;
  /** The number of payments that were sent before then and have not ended. */
  paymentsSentBefore(ms: number): Promise<number>;
};
