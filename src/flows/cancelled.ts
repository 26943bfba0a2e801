// Cancelled: handles the debts of a payment that a person had cancelled and that can never land.
// These debts were freed and left to a person. The ones that the person wants voided are voided
// here, and the others are due again, unless the person cancelled the payment as a whole.
import { Fault } from '../core/fault.ts';
import type { Signature } from '../core/ids.ts';
import type { Payment } from '../core/payment.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import { type Trouble, troubled } from '../core/trouble.ts';
import type { Books } from './books-comparison.ts';

export type CancelledPorts = {
  readonly ledger: Pick<Ledger, 'shares' | 'subscribers'>;
  readonly books: Pick<Books, 'disagreement' | 'identity'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly log: Log;
};

/**
 * The trouble of the debts of a cancelled payment. `by`: the transaction that moved its nonce; null
 * when nothing was signed.
 */
export const cancelledBy = (by: Signature | null): Trouble =>
  troubled(
    'payment_cancelled',
    by === null
      ? 'A person cancelled the payment before anything was signed. Retry the debt, or void it.'
      : `A person cancelled the payment, and ${by} moved its nonce. Retry the debt, or void it.`,
  );

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
 * Voids the debts that persons asked for, and has the others tried again. A debt that cannot be
 * voided now stays with a person, who asks again.
 */
export async function followRequests(ports: CancelledPorts, payment: Payment): Promise<void> {
  const { ledger, books, clock, log } = ports;
  const { subscriberId, cancelFor = [] } = payment;
  const why = await objection(ports, subscriberId);
  for (const { shareId, ...voiding } of cancelFor) {
    if (shareId === null) continue;
    const fields = { share: shareId, subscriber: subscriberId, by: 'operator', ...voiding };
    const isVoided =
      why === null && (await ledger.shares.void(shareId, voiding, clock.nowMs(), books.identity()));
    if (isVoided) log.warn('share.voided', fields);
    else log.warn('share.void_waits', { ...fields, detail: why });
  }
  if (cancelFor.some(({ shareId }) => shareId === null)) return;
  const named = new Set(cancelFor.map(({ shareId }) => shareId));
  for (const { shareId } of payment.plan.covers)
    if (!named.has(shareId)) await ledger.shares.retry(shareId);
}
