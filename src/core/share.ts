// Share: the debt of one subscriber to one creator for one close, and the rules of its life. "Debt"
// and "profit share" name the same thing.
//
//   pending     Owed, and no payment has claimed it. The lane tries it from `retryAtMs` on; null
//               means at once.
//   processing  A payment that is planned, signed or sent has claimed it. Only the end of that
//               payment moves the debt on.
//   failed      Owed, but a person must act first. The lane does not try it.
//   paid        Ended: `paid` equals `amount`. An amount that lands beyond that is counted in
//               `overpaid`.
//   voided      Ended before it was paid in full, by its own terms or by an operator; `voided` says
//               by whom and why. Only payments on chain of the full amount turn it into `paid`.
//
// The amount, the creator and the close of a debt never change. `paid` and `overpaid` never fall. A
// debt that was booked by a daemon that only observes is not payable until a person adopts it.
// share-transition.ts decides what a change makes of a debt; sql/0027_debts.sql refuses every other
// change.

import { NO_TRIES, type Tries } from './aftermath.ts';
import type { Address } from './ids.ts';
import type { BaseUnits } from './money.ts';
import type { Token } from './token.ts';
import type { Trouble } from './trouble.ts';
import type { Voided } from './voiding.ts';

export const SHARE_STATUSES = ['pending', 'processing', 'paid', 'failed', 'voided'] as const;
export type ShareStatus = (typeof SHARE_STATUSES)[number];

/** Which status may follow which. Every status may also stay as it is. */
export const FORWARD: Readonly<Record<ShareStatus, readonly ShareStatus[]>> = {
  pending: ['processing', 'paid', 'failed', 'voided'],
  processing: ['pending', 'paid', 'failed'],
  failed: ['pending', 'paid', 'voided'],
  paid: [],
  voided: ['paid'],
};

/** The statuses in which something is owed. */
const OPEN_STATUSES = ['pending', 'processing', 'failed'] as const;
/** Whether a debt in this status is owed. */
export const isOpen = (status: ShareStatus): boolean =>
  (OPEN_STATUSES as readonly string[]).includes(status);

/** Why a person's retry of this debt changes nothing: a sentence with the way on. */
export function notRetriedBecause({
  id,
  status,
  observed,
}: Pick<Share, 'id' | 'status' | 'observed'>): string {
  if (status === 'processing')
    return `A payment of profit share ${id} is on its way; the end of that payment decides.`;
  return observed && isOpen(status)
    ? `Profit share ${id} was booked in mode observe and is not paid until it is adopted (bailiff adopt).`
    : `Profit share ${id} is ${status}; there is nothing to try again.`;
}

/** A debt as its transitions see it. Times are milliseconds of the ledger's clock. */
export type Share = Tries & {
  readonly id: string;
  readonly subscriberId: string;
  readonly creatorWallet: Address;
  /** The token of its amounts: the quote token of the venue of the close. */
  readonly token: Token;
  readonly amount: BaseUnits;
  readonly paid: BaseUnits;
  readonly overpaid: BaseUnits;
  readonly status: ShareStatus;
  readonly reason: Trouble | null;
  readonly attempts: number;
  readonly retryAtMs: number | null;
  /**
   * After a payment that failed on chain: the lane tries no debt of the subscriber until this time.
   */
  readonly heldUntilMs: number | null;
  /** A person or a clearance asked for it to be paid now, however small it is. */
  readonly hastened: boolean;
  /** Booked by a daemon that only observes; it is not payable until a person adopts it. */
  readonly observed: boolean;
  readonly voided: Voided | null;
};

/** The parts of a new debt. */
export type NewDebt = Pick<
  Share,
  'id' | 'subscriberId' | 'creatorWallet' | 'token' | 'amount' | 'observed'
>;
/** A debt that was never tried. */
export const newShare = (debt: NewDebt): Share => ({
  ...debt,
  ...NO_TRIES,
  paid: 0n,
  overpaid: 0n,
  status: 'pending',
  reason: null,
  attempts: 0,
  retryAtMs: null,
  heldUntilMs: null,
  hastened: false,
  voided: null,
});
