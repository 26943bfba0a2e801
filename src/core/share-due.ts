// Share due: tells which debts a lane may try now, which of them at any size and which of them
// alone, which part of a debt nothing covers yet, and which part counts for the standing.
import type { BaseUnits } from './money.ts';
import { isOpen, type Share } from './share.ts';

/**
 * Whether a lane may try a debt now. `heldUntilMs` is the latest `heldUntilMs` of the pending debts
 * of its subscriber: a payment of one of them failed on chain, which holds all of them back.
 * `halted` says that an operator halted signing.
 */
export const isDue = (
  { status, observed, retryAtMs }: Pick<Share, 'status' | 'observed' | 'retryAtMs'>,
  nowMs: number,
  { heldUntilMs, halted }: { readonly heldUntilMs: number | null; readonly halted: boolean },
): boolean =>
  status === 'pending' &&
  !observed &&
  (retryAtMs === null || retryAtMs <= nowMs) &&
  (heldUntilMs === null || heldUntilMs <= nowMs) &&
  !halted;

/**
 * Whether a debt counts as unpaid. `open`: also one that is parked for a person, or only observed.
 * `payable`: only one that a payment may pay without a person, or has claimed.
 */
export const isUnpaid = (
  { status, observed }: Pick<Share, 'status' | 'observed'>,
  which: 'payable' | 'open',
): boolean => isOpen(status) && (which === 'open' || (status !== 'failed' && !observed));

/**
 * Whether a debt is paid in a payment to its own recipient only. That is so once a payment to
 * several recipients has failed with this debt, because any of those recipients may be the cause.
 * `failedTogether` is the highest number of recipients of any failed payment that covered the debt;
 * `attempts` counts the tries of the debt.
 */
export const isApart = ({
  attempts,
  failedTogether,
}: {
  readonly attempts: number;
  readonly failedTogether: number;
}): boolean => attempts > 0 && failedTogether > 1;

/**
 * The part of a debt that no payment and no transfer covers. `claimed` is the part that landed
 * payments, and payments that may still land, cover; `credited` is the part that transfers by
 * others cover. For a voided debt only the part that was paid counts as its amount.
 */
export const uncoveredOf = (
  { status, amount, paid }: Pick<Share, 'status' | 'amount' | 'paid'>,
  claimed: BaseUnits,
  credited: BaseUnits,
): BaseUnits => (status === 'voided' ? paid : amount) - claimed - credited;

/**
 * Whether a debt is paid however small it is: a person or a clearance asked for it, its subscriber
 * is delinquent, its subscription has ended, or the newest terms give its recipient no part of the
 * share (`dropped`), so that no later debt joins it.
 */
export const isAsked = ({
  hastened,
  delinquent,
  ended,
  dropped,
}: {
  readonly hastened: boolean;
  readonly delinquent: boolean;
  readonly ended: boolean;
  readonly dropped: boolean;
}): boolean => hastened || delinquent || ended || dropped;

/**
 * The part of a debt that counts for the standing: of a voided debt the paid part, of an observed
 * debt the paid part unless `observing`, of any other debt the whole. `observing` says that the
 * daemon runs in mode observe, where observed debts count.
 */
export const countedOf = (
  { status, observed, amount, paid }: Pick<Share, 'status' | 'observed' | 'amount' | 'paid'>,
  observing: boolean,
): BaseUnits => (status === 'voided' || (observed && !observing) ? paid : amount);
