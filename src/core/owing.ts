// Owing: whether the time in which something is owed counts against a subscriber. Owing for ever is
// not free, so a debt ages; but time in which the subscriber could not pay through no act of its
// own does not count: docs/gate.md has the table.
import type { OwnTroubleCode, Trouble } from './trouble.ts';

/** An unpaid share: what it waits for, and how often its payment failed. */
export type OpenDebt = {
  readonly status: 'pending' | 'processing' | 'failed';
  readonly reason: Pick<Trouble, 'class' | 'code'> | null;
  readonly attempts: number;
};

/** Troubles of the subscriber's own making that no class of their own tells. */
const OWN_CODES: ReadonlySet<string> = new Set<OwnTroubleCode>(['no_agent_key', 'user_bankrupt']);
/**
 * From so many failures on, what should have passed within seconds has not: something keeps it from
 * passing.
 */
const PASSES_WITHIN_ATTEMPTS = 8;

/** Whether a debt ages just now. */
export function counts({ status, reason, attempts }: OpenDebt): boolean {
  // On its way, or not tried yet: our part.
  if (status === 'processing' || reason === null) return false;
  if (OWN_CODES.has(reason.code)) return true;
  switch (reason.class) {
    case 'needs_sol':
      // The sponsor is the platform's: that it ran dry is nobody else's doing. A spent budget
      // leaves the agent's own SOL.
      return reason.code !== 'sponsor_needs_sol';
    case 'retry_when_healthier':
      return true;
    case 'retry_soon':
    case 'unexpected':
      return attempts >= PASSES_WITHIN_ATTEMPTS;
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

/** Whether a subscriber's debts age just now: one that does is enough. */
export const countsAgainst = (debts: readonly OpenDebt[]): boolean => debts.some(counts);
