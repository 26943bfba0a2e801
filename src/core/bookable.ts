// Bookable: tells which final closes may be booked now. The order of closes matters where one close
// changes what another owes; then a close waits until account state has proven that everything
// before it was heard.
import type { Agreement } from './accrual.ts';
import type { Slot } from './ids.ts';
import { dependsOnOrder } from './terms.ts';

/**
 * Whether every part of every close falls under the same terms, and no loss is carried from one
 * close to the next. Closes can then be booked in any order.
 */
export function isPlain({ terms, held }: Pick<Agreement, 'terms' | 'held'>): boolean {
  const [only] = terms.length === 1 ? terms : [];
  return (
    only !== undefined &&
    held.positions.length === 0 &&
    held.open !== 'from_slot' &&
    !dependsOnOrder(only)
  );
}

/**
 * Whether a final close in this slot may be booked under the agreement. `provenSlot` is the slot up
 * to which account state has proven that everything was heard; null where it was never read.
 */
export function isBookable(agreement: Agreement, slot: Slot, provenSlot: Slot | null): boolean {
  const { terms, booksFrom = 0 } = agreement;
  const isAgreed = terms.some(({ fromSlot }) => fromSlot <= slot) && slot >= booksFrom;
  return isAgreed && (isPlain(agreement) || (provenSlot !== null && slot <= provenSlot));
}

/**
 * Whether the profit of a close may be taken as its record shows it: account state has proven
 * everything up to its slot, or was never read.
 */
export const isVouched = (slot: Slot, provenSlot: Slot | null): boolean =>
  provenSlot === null || slot <= provenSlot;
