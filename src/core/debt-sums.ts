// Debt sums: the port to sums over debts and payments.
import type { Address } from './ids.ts';
import type { BaseUnits } from './money.ts';
import type { Payment } from './payment.ts';
import type { ProfitShare } from './profit-share.ts';
import type { Token } from './token.ts';

export type Earnings = {
  readonly token: Token;
  readonly owed: BaseUnits;
  /** The part claimed by a payment that has not ended. */
  readonly inFlight: BaseUnits;
  readonly paid: BaseUnits;
  readonly voided: BaseUnits;
  /** Booked in mode observe and not adopted. */
  readonly observed: BaseUnits;
};

export type DebtSums = {
  /** The number of profit shares that are not paid, by status and token, and their unpaid sum. */
  unpaid(): Promise<
    {
      readonly status: ProfitShare['status'];
      readonly token: Token;
      readonly count: number;
      readonly left: BaseUnits;
    }[]
  >;
  /** The number of paid profit shares by token. Reads every share: not to be asked often. */
  paid(): Promise<{ readonly token: Token; readonly count: number }[]>;
  /** The number of open debts that are older than each of these ages. */
  debtsOlderThan(nowMs: number, agesMs: readonly number[]): Promise<number[]>;
  /**
   * Milliseconds from hearing of a close to its final payment, by quantile, for payments since
   * then.
   */
  closeToPaid(sinceMs: number): Promise<Readonly<Record<string, number>>>;
  /** The age of the oldest open debt in milliseconds; null when there is none. */
  oldestDebtMs(nowMs: number): Promise<number | null>;
  /**
   * The sums of one creator by token, in base units: one row for each token in which anything ever
   * accrued. The five add up to everything that ever accrued in it.
   */
  earnings(creatorWallet: Address): Promise<readonly Earnings[]>;
  /** The number of landed payments. Reads every payment: not to be asked often. */
  landed(): Promise<number>;
  /**
   * The number of payments that have not landed, by state and, for payments that ended badly, by
   * class of trouble; empty text for the others.
   */
  payments(): Promise<
    { readonly state: Payment['state']; readonly class: string; readonly count: number }[]
  >;
  /** The number of payments that were sent before then and have not ended. */
  paymentsSentBefore(ms: number): Promise<number>;
};
