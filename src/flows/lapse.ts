// Lapse: debts that end unpaid because the subscription's own terms say so. Nothing else ends a debt by age.
import type { Clock, Ledger, Log } from '../core/ports.ts';

/** Voids what has lapsed, on record. Returns whose debts they were. */
export async function lapseDebts(ledger: Ledger, clock: Clock, log: Log): Promise<string[]> {
  const lapsed = await ledger.shares.lapse(clock.nowMs());
  for (const { shareId, subscriberId, left } of lapsed)
    log.warn('share.voided', { share: shareId, subscriber: subscriberId, left, by: 'terms' });
  return [...new Set(lapsed.map((each) => each.subscriberId))];
}
