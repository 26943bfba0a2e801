// Cancelled: voids the debts that persons asked to have voided while a payment of them was under
// way. The ledger left these debts to a person when that payment ended (core/cancellation.ts).
import { Fault } from '../core/fault.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import type { Books } from './books-comparison.ts';

export type CancelledPorts = {
  readonly ledger: Pick<Ledger, 'shares' | 'subscribers'>;
  readonly books: Pick<Books, 'disagreement' | 'identity'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly log: Log;
};

/** Why the books of a subscriber do not let a debt be voided now; null when they do. */
async function objection(
  { ledger, books }: CancelledPorts,
  subscriberId: string,
): Promise<string | null> {
  const subscriber = await ledger.subscribers.find(subscriberId);
  if (subscriber === null) return `subscriber ${subscriberId} is gone`;
  try {
    return (await books.disagreement(subscriber, 'open'))?.detail ?? null;
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.message;
    throw thrown;
  }
}

/**
 * Voids the debts of a subscriber that persons asked to have voided. False when its books do not
 * agree with the chain, or the chain does not tell: the debts then wait for a later call.
 */
export async function voidAsked(ports: CancelledPorts, subscriberId: string): Promise<boolean> {
  const { ledger, books, clock, log } = ports;
  const asked = await ledger.shares.voidsAsked(subscriberId);
  if (asked.length === 0) return true;
  // Taken before the books are compared: a database that goes back meanwhile has another one.
  const under = books.identity();
  const why = await objection(ports, subscriberId);
  for (const { shareId, voiding } of asked) {
    const fields = { share: shareId, subscriber: subscriberId, by: 'operator' };
    if (why !== null) {
      log.warn('share.void_waits', { ...fields, ...voiding, detail: why });
      continue;
    }
    // The comparison may take seconds, and a person may have retried the debt meanwhile.
    const voided = await ledger.shares.voidAsked(shareId, clock.nowMs(), under);
    if (voided === null) continue;
    const { reason, actor, person } = voided;
    log.warn('share.voided', { ...fields, reason, actor, person });
  }
  return why === null;
}
