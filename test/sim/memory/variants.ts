// Variants: what a payment takes over of what was signed for it, in memory.
import type { Signature } from '../../../src/core/ids.ts';
import type { Route } from '../../../src/core/payment-route.ts';
import type { PaymentRow } from './state.ts';

/** What a route changes of a payment. */
export const by = ({ plan }: PaymentRow, { driftUser, subAccountId, ...way }: Route) => ({
  driftUser,
  subAccountId,
  plan: { ...plan, ...way },
});

/** The payment takes over the bytes and the route of its variant that was executed. */
export function takeOver(row: PaymentRow, signature: string | undefined): void {
  const done = row.signings.find(({ variant }) => variant.signature === signature);
  if (done === undefined) return;
  Object.assign(row, { signature: done.variant.signature, signed: done.bytes });
  if (done.route !== null) Object.assign(row, by(row, done.route));
}

/** Whether a payment holds the bytes with this signature, as its own or as those of a variant. */
export const holdsBytes = (row: PaymentRow, signature: Signature): boolean =>
  row.signature === signature ||
  row.signings.some(({ variant }) => variant.signature === signature);
