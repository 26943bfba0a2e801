// Spending limits: the most that one payment and one day may move, and the most SOL that the
// sponsor gives. Flows pass in the sums from the ledger. A day is the last 24 hours.
import type { Debt } from './debt.ts';
import { type BaseUnits, formatUnits, type Lamports, least, most } from './money.ts';
import { amountText, type Token, USDC } from './token.ts';
import { type OwnTroubleCode, type Trouble, troubled } from './trouble.ts';

/**
 * The most of one token that the pen signs for, so that a wrong row cannot move everything; null
 * for no limit. In base units of the token.
 */
export type PenLimits = {
  readonly paymentMost: BaseUnits | null;
  readonly subscriberADayMost: BaseUnits | null;
};

/** The most lamports that the sponsor gives within a day; null for no limit. */
export type SponsorLimits = {
  readonly lamportsADayMost: Lamports | null;
  readonly subscriberADayMost: Lamports | null;
  readonly creatorADayMost: Lamports | null;
  /**
   * The most payments of one subscriber that may fail on chain at the sponsor's cost within a day.
   */
  readonly failuresADayMost: number | null;
};

/**
 * The lamports that the sponsor spent within a day, with the tips of payments whose cost is not
 * known yet, and the number of these payments.
 */
export type Spent = { readonly lamports: Lamports; readonly unread: number };
export type SponsorSpent = {
  readonly all: Spent;
  readonly subscriber: Spent;
  readonly creator: Spent;
  /** Payments of the subscriber that failed on chain within the day. */
  readonly failures: number;
};

/** The reason why the pen may not sign a payment of this amount, or null when it may. */
export function limitObjection(
  amount: BaseUnits,
  signedToday: BaseUnits,
  { paymentMost, subscriberADayMost }: PenLimits,
  token: Token = USDC,
): string | null {
  const text = (limit: BaseUnits): string => formatUnits(limit, token.decimals);
  if (paymentMost !== null && amount > paymentMost)
    return `moves ${amountText(amount, token)}, one payment may move ${text(paymentMost)}`;
  if (subscriberADayMost !== null && signedToday + amount > subscriberADayMost)
    return `moves ${amountText(amount, token)} after ${text(signedToday)} within a day, a subscriber may pay ${text(subscriberADayMost)} a day`;
  return null;
}

/**
 * The most that one payment may move now, its reimbursement included, without an objection of
 * `limitObjection`; null for no limit. Base units.
 */
export function leftOf(
  signedToday: BaseUnits,
  { paymentMost, subscriberADayMost }: PenLimits,
): BaseUnits | null {
  if (subscriberADayMost === null) return paymentMost;
  const ofDay = most(0n, subscriberADayMost - signedToday);
  return paymentMost === null ? ofDay : least(paymentMost, ofDay);
}

/** The debts that one payment may cover under the pen's limits, or why none may be paid now. */
export type WithinLimits =
  | { readonly debts: readonly Debt[] }
  /** `alone`: the only debt that has to rest; null where the day of the subscriber is used up. */
  | { readonly trouble: Trouble; readonly alone: Debt | null };

/**
 * The debts that one payment may cover under the pen's limits: the oldest ones that fit. A debt
 * that is above a limit by itself needs a person, and holds no other; the oldest of these comes
 * first. Where the oldest debt is above what is left of the day, all wait.
 */
export function withinLimits(
  debts: readonly Debt[],
  signedToday: BaseUnits,
  limits: PenLimits,
): WithinLimits {
  for (const debt of debts) {
    const objection = limitObjection(debt.owed, 0n, limits, debt.token);
    if (objection === null) continue;
    const detail = `A payment of this debt ${objection}. Look at the debt; raise payments.mostPerPayment or payments.mostPerSubscriberADay if it is right, then retry.`;
    return { trouble: troubled('above_limit', detail), alone: debt };
  }
  const fitting: Debt[] = [];
  let sum = 0n;
  for (const debt of debts) {
    sum += debt.owed;
    const objection = limitObjection(sum, signedToday, limits, debt.token);
    if (objection === null) fitting.push(debt);
    else if (fitting.length > 0) break;
    else {
      const detail = `A payment of this debt ${objection}. It is tried again once the day has passed.`;
      return { trouble: troubled('day_limit', detail), alone: null };
    }
  }
  return { debts: fitting };
}

/**
 * The reason why the sponsor pays no more fees for this subscriber or creator within 24 hours, or
 * null. `cost`: the lamports of this payment without its tip, which are also assumed for each
 * payment whose cost is not known yet. `tip`: the lamports of this payment's tip.
 */
export function sponsorRefusal(
  spent: SponsorSpent,
  cost: Lamports,
  limits: SponsorLimits,
  tip: Lamports = 0n,
): Omit<Trouble, 'lamports'> | null {
  const refuse = (code: Extract<OwnTroubleCode, `sponsor_${string}`>, what: string) =>
    troubled(
      code,
      `The sponsor pays no more fees ${what} within 24 hours. SOL in the agent wallet pays this debt at once.`,
    );
  const above = ({ lamports, unread }: Spent, most: Lamports | null) =>
    most !== null && lamports + BigInt(unread + 1) * cost + tip > most;
  const { failuresADayMost } = limits;
  if (failuresADayMost !== null && spent.failures >= failuresADayMost)
    return refuse(
      'sponsor_failures_spent',
      `after ${spent.failures} payments that failed on chain`,
    );
  if (above(spent.subscriber, limits.subscriberADayMost))
    return refuse('sponsor_subscriber_spent', 'for this subscriber');
  if (above(spent.creator, limits.creatorADayMost))
    return refuse('sponsor_creator_spent', 'for payments to this creator');
  if (above(spent.all, limits.lamportsADayMost))
    return refuse('sponsor_day_spent', 'for any subscriber');
  return null;
}
