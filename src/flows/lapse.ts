// Lapse: debts that end unpaid because the subscription's own terms say so. Nothing else ends a
// debt by age, and the age is the database's: a daemon's wrong clock voids nothing.
import type { Ledger, Log } from '../core/ports.ts';

/** Voids what has lapsed, on record. Returns whose debts they were. */
export async function lapseDebts(ledger: Ledger, log: Log): Promise<string[]> {
  const lapsed = await ledger.shares.lapse();
  for (const { shareId, subscriberId, left } of lapsed)
    log.warn('share.voided', { share: shareId, subscriber: subscriberId, left, by: 'terms' });
  return [...new Set(lapsed.map((each) => each.subscriberId))];
}
