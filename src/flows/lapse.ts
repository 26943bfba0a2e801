// Lapse: ends debts unpaid when the terms of the subscription say so. Nothing else ends a debt by
// age. The age is taken from the database's clock, so a wrong clock of a daemon voids nothing.
import type { Ledger, Log } from '../core/ports.ts';

/** Voids the debts that have lapsed, with an event each. Returns their subscribers. */
export async function lapseDebts(ledger: Ledger, log: Log): Promise<string[]> {
  const lapsed = await ledger.shares.lapse();
  for (const { shareId, subscriberId, left } of lapsed)
    log.warn('share.voided', { share: shareId, subscriber: subscriberId, left, by: 'terms' });
  return [...new Set(lapsed.map((each) => each.subscriberId))];
}
