// Resting: records why debts cannot be paid now, and when they are tried again.
import { aftermath, NO_TRIES } from '../core/aftermath.ts';
import type { Debt } from '../core/debt.ts';
import type { Ledger, Log } from '../core/ports.ts';
import type { Trouble } from '../core/trouble.ts';
import type { createRetryDelay } from './retry-delay.ts';

/**
 * Creates the function that lets debts of a subscriber rest for a trouble. A person must fund an
 * agent without SOL for fees, so that alone is logged as an error. Each is logged once, and not
 * with each try: a thousand debtors who wait for SOL would fill the log and keep its alert on.
 */
export function createResting(
  { ledger, log }: { readonly ledger: Pick<Ledger, 'shares'>; readonly log: Log },
  retryIn: ReturnType<typeof createRetryDelay>,
) {
  return async function rest(
    subscriberId: string,
    debts: readonly Debt[],
    trouble: Trouble,
  ): Promise<void> {
    const attempts = Math.max(...debts.map((each) => each.attempts));
    const ids = debts.map((each) => each.shareId);
    const tries =
      trouble.class === 'unexpected' ? await ledger.shares.tries(subscriberId, ids) : NO_TRIES;
    const { countsAsAttempt } = aftermath(trouble, tries);
    const retry = retryIn(trouble, attempts, tries);
    const told = await ledger.shares.rest(subscriberId, ids, trouble, retry, countsAsAttempt);
    if (!told) return;
    log.warn('share.blocked', { subscriber: subscriberId, shares: debts.length, ...trouble });
    const { class: kind, lamports, detail } = trouble;
    if (kind === 'needs_sol')
      log.error('agent.needs_sol', { subscriber: subscriberId, lamports, detail });
  };
}
