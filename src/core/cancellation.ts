// Cancellation: which debts a cancelled payment leaves to a person, the sentence for a payment that
// cannot be cancelled, and the trouble of a payment that is ended before it was signed.
import type { Signature } from './ids.ts';
import type { ListedPayment } from './listed-payment.ts';
import type { CancelRequest } from './nonce.ts';
import type { Share } from './share.ts';
import type { ShareChange } from './share-change.ts';
import { type OwnTroubleCode, type Trouble, troubled } from './trouble.ts';

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

/** The code of the trouble of debts that a cancelled payment leaves to a person. */
export const LEFT_BY_CANCELLATION = 'payment_cancelled' satisfies OwnTroubleCode;

/**
 * The trouble of the debts of a cancelled payment. `by`: the transaction that moved its nonce; null
 * when nothing was signed.
 */
export const cancelledBy = (by: Signature | null): Trouble =>
  troubled(
    LEFT_BY_CANCELLATION,
    by === null
      ? 'A person cancelled the payment before anything was signed. Retry the debt, or void it.'
      : `A person cancelled the payment, and ${by} moved its nonce. Retry the debt, or void it.`,
  );

/**
 * The trouble of the rest of a debt when its payment landed for a part of the debt, although a
 * person had asked to cancel that payment or to void the debt.
 */
export const landedDespite = (by: Signature | null): Trouble =>
  troubled(
    LEFT_BY_CANCELLATION,
    `A person cancelled the payment, but ${by} landed before that and paid a part. Retry the rest of the debt, or void it.`,
  );

/** Whether a debt waits for a person because of a cancelled payment. */
export const isLeftByCancellation = ({ status, reason }: Pick<Share, 'status' | 'reason'>) =>
  status === 'failed' && reason?.code === LEFT_BY_CANCELLATION;

/**
 * Status and reason of a debt that a landed payment does not cover in full. A debt that was left to
 * a person by a cancelled payment stays so: a person may have asked to have it voided, and the lane
 * would pay it before that. A debt that failed for another reason is tried again, because the
 * landed payment shows that it can be paid.
 */
export function partlyPaid(
  share: Share,
  { claimed, left = null }: Extract<ShareChange, { do: 'land' | 'recall' }>,
): Pick<Share, 'status' | 'reason'> {
  const { status, reason } = share;
  if (isLeftByCancellation(share)) return { status, reason };
  if (status === 'voided') return { status, reason: null };
  if (status !== 'processing') return { status: 'pending', reason: null };
  if (claimed) return { status, reason: null };
  return { status: left === null ? 'pending' : 'failed', reason: left };
}

/**
 * Whether the unpaid part of a debt is left to a person when the payment that had claimed it ends:
 * a person wanted the payment as a whole cancelled, or wanted this debt voided. The other debts of
 * the payment are tried again.
 */
export const isLeftToPerson = (requests: readonly CancelRequest[], shareId: string): boolean =>
  requests.some((each) => each.shareId === null || each.shareId === shareId);

/**
 * The trouble of a payment that is ended before it was signed, because a person or a clearance
 * asked for one of its debts.
 */
export const PLANNED_ANEW: Trouble = troubled(
  'planned_anew',
  'The debt was asked for before anything was signed, so it is planned anew.',
);
