// Owing: decides whether the time during which a debt is unpaid counts against the subscriber. Time
// in which the subscriber could not pay, through no fault of its own, does not count: docs/gate.md
// has the table.
import type { Trouble, TroubleCode } from './trouble.ts';

/** An unpaid share: the reason why it waits, and how often its payment failed. */
export type OpenDebt = {
  readonly status: 'pending' | 'processing' | 'failed';
  readonly reason: Pick<Trouble, 'class' | 'code'> | null;
  readonly attempts: number;
};

/** Troubles that the subscriber causes, beyond those that their class shows. */
const OWN_CODES: ReadonlySet<string> = new Set<TroubleCode>([
  'no_agent_key',
  'equity_breaker_tripped',
  'user_bankrupt',
  'venue_6125',
]);
/**
 * After this many failures, a trouble that should pass within seconds counts, because something
 * keeps it from passing.
 */
const PASSES_WITHIN_ATTEMPTS = 8;

/**
 * Whether the time of a debt counts now. A debt that a payment has claimed (`processing`) counts
 * for the same reasons as one that waits for its next payment.
 */
export function counts({ status, reason, attempts }: OpenDebt): boolean {
  // The debt was not tried yet, or its payment is on its way and the chain would take it: the
  // subscriber can do nothing. A payment that the chain would refuse has noted why on its debts.
  if (reason === null) return false;
  if (OWN_CODES.has(reason.code)) return true;
  switch (reason.class) {
    case 'needs_sol':
      // The platform must fill the sponsor, so an empty sponsor does not count. When the sponsor's
      // budget is spent, the agent can still pay with its own SOL, so that counts.
      return reason.code !== 'sponsor_needs_sol';
    case 'retry_when_healthier':
      return true;
    case 'retry_soon':
    case 'unexpected':
      // A debt is parked for such a trouble after as many tries, its own or those of a debt that
      // was paid with it.
      return status === 'failed' || attempts >= PASSES_WITHIN_ATTEMPTS;
    case 'venue_paused':
    case 'venue_limited':
    case 'needs_authorisation':
    case 'books_behind':
    case 'accumulating':
    case 'operator':
    case 'permanent':
      return false;
  }
}

/** Whether time counts against a subscriber now: one debt whose time counts is enough. */
export const countsAgainst = (debts: readonly OpenDebt[]): boolean => debts.some(counts);
