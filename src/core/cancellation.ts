// Cancellation: the sentence for a payment that cannot be cancelled, and the trouble of a payment
// that is ended before it was signed.
import type { ListedPayment } from './payment-ports.ts';
import { type Trouble, troubled } from './trouble.ts';

/** The sentence that says why a payment is not cancelled now, and how it ends. */
export function notCancelled({
  id,
  state,
  guard,
}: Pick<ListedPayment, 'id' | 'state' | 'guard'>): string {
  if (state === 'landed' || state === 'failed' || state === 'dead')
    return `Payment ${id} has ended: it is ${state}.`;
  return guard === 'nonce'
    ? `Payment ${id} is ${state}, and is being cancelled.`
    : `Payment ${id} is under a blockhash and may land until that expires. It ends as landed, as failed, or as dead once it is proven that it can never land. Halt its subscriber, so that no other payment follows, and void the debts after that.`;
}

/**
 * The trouble of a payment that is ended before it was signed, because a person or a clearance
 * asked for one of its debts.
 */
export const PLANNED_ANEW: Trouble = troubled(
  'planned_anew',
  'The debt was asked for before anything was signed, so it is planned anew.',
);
