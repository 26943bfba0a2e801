// Aftermath: what a trouble means for the debts that it keeps from being paid: whether it counts as
// an attempt, when they are tried again, and which of two troubles is reported.
import type { BackoffRule } from './backoff.ts';
import type { PaymentPlan } from './payment.ts';
import { type ErrorClass, type Trouble, type TroubleCode, troubled } from './trouble.ts';

export type Aftermath = {
  readonly status: 'pending' | 'failed';
  readonly countsAsAttempt: boolean;
  /**
   * How long the debt waits: with `backoff` longer after each attempt, with `schedule` for
   * `payments.retryEveryMs`. Null when a person must act first.
   */
  readonly retry: 'backoff' | 'schedule' | null;
};

/** The ends of the payments of a debt, since the last one that landed. */
export type Tries = {
  /** Troubles of the class `unexpected`. */
  readonly unexpected: number;
  /** Executions with an error, each of which cost a fee. */
  readonly failures: number;
  /** Payments that expired unexecuted. */
  readonly expiries: number;
};
export const NO_TRIES: Tries = { unexpected: 0, failures: 0, expiries: 0 };

/**
 * How long nothing of a subscriber is tried after a failure on chain: from five seconds, doubling
 * up to an hour. A debt thus costs the fees of at most eleven failed payments in its first hour,
 * and of two in every later hour.
 */
export const AFTER_FAILURE: BackoffRule = { firstMs: 5_000, mostMs: 3_600_000 };

/** How many unexpected troubles of one debt are retried; the next one leaves it to a person. */
export const UNEXPECTED_MOST = 8;

/**
 * The effect of a trouble on its debts: pauses use up no attempt, failures back off, some need a
 * person. `tries` are those before this one.
 */
export function aftermath(trouble: Trouble, tries: Tries = NO_TRIES): Aftermath {
  switch (trouble.class) {
    case 'retry_soon':
      return { status: 'pending', countsAsAttempt: true, retry: 'backoff' };
    case 'retry_when_healthier':
      return { status: 'pending', countsAsAttempt: true, retry: 'schedule' };
    case 'venue_paused':
    case 'venue_limited':
    case 'needs_sol':
    case 'needs_authorisation':
    case 'books_behind':
    case 'accumulating':
      return { status: 'pending', countsAsAttempt: false, retry: 'schedule' };
    case 'unexpected':
      return tries.unexpected < UNEXPECTED_MOST
        ? { status: 'pending', countsAsAttempt: true, retry: 'backoff' }
        : { status: 'failed', countsAsAttempt: true, retry: null };
    case 'operator':
    case 'permanent':
      return { status: 'failed', countsAsAttempt: true, retry: null };
  }
}

/**
 * The trouble that a simulation or an execution means, after a reading by which the payment could
 * be made. An account may have changed since the reading, and the holder of the agent's key can
 * change accounts at will, so such a trouble leaves no debt to a person at once: it is
 * `unexpected`, and the debt is planned from a new reading up to UNEXPECTED_MOST times.
 */
export const sinceReading = (found: Trouble): Trouble =>
  aftermath(found).retry === null ? { ...found, class: 'unexpected' } : found;

/**
 * The trouble that a simulation or an execution means for a payment with this fee payer. SOL that
 * the sponsor lacks is no matter of the agent, and no time counts for it against the subscriber.
 */
export const ofItsPayer = (found: Trouble, feePayer: PaymentPlan['feePayer']): Trouble =>
  found.class === 'needs_sol' && feePayer === 'sponsor'
    ? troubled('sponsor_needs_sol', `The sponsor pays the fee of this payment. ${found.detail}`)
    : found;

/** Codes of `venue_paused` that hold for every account at the venue. */
const PAUSES_VENUE: ReadonlySet<TroubleCode> = new Set<TroubleCode>([
  'withdrawals_paused',
  'venue_101',
  'venue_6149',
]);
/** Codes of `venue_limited` of a market whose profit pool holds too little. */
const EMPTY_POOL: ReadonlySet<TroubleCode> = new Set<TroubleCode>([
  'settled_short',
  'venue_6180',
  'venue_6260',
]);
/**
 * Whether the trouble is that profit is not settled: settlements are paused, in one market or in
 * all, or the profit pool of a market holds too little. Withdrawals are open meanwhile, so a
 * deposit in any account of the subscriber pays.
 */
export const withholdsProfit = (trouble: Pick<Trouble, 'class' | 'code'>): boolean =>
  EMPTY_POOL.has(trouble.code) ||
  (trouble.class === 'venue_paused' && !PAUSES_VENUE.has(trouble.code));

/** The account holds too little. Another account of the subscriber may hold enough. */
export const INSUFFICIENT_FUNDS = 'insufficient_funds';
/** Stands for the troubles of which `withholdsProfit` is true. */
const PROFIT_WITHHELD = 'profit_withheld';
/**
 * The order in which troubles of several accounts are reported, the most useful first. Profit that
 * is not settled stands behind the troubles that the subscriber can end: where one account waits
 * for such profit and another has enough money that positions hold, closing them pays at once, so
 * the time counts (ADR 136).
 */
const TELLING: readonly (ErrorClass | typeof INSUFFICIENT_FUNDS | typeof PROFIT_WITHHELD)[] = [
  'needs_authorisation',
  'books_behind',
  'needs_sol',
  'venue_paused',
  'venue_limited',
  'operator',
  'unexpected',
  'retry_soon',
  'retry_when_healthier',
  PROFIT_WITHHELD,
  INSUFFICIENT_FUNDS,
  'permanent',
  'accumulating',
];

/**
 * The trouble to report of two that two accounts of one subscriber have: the one whose end would
 * let the debt be paid soonest, or the first of two equal ones.
 */
export function moreTelling(first: Trouble, second: Trouble): Trouble {
  const rank = (trouble: Trouble): number => {
    if (withholdsProfit(trouble)) return TELLING.indexOf(PROFIT_WITHHELD);
    return TELLING.indexOf(
      trouble.code === INSUFFICIENT_FUNDS ? INSUFFICIENT_FUNDS : trouble.class,
    );
  };
  return rank(second) < rank(first) ? second : first;
}
