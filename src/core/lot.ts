// Lot: one part of a position, the facts that change lots, and which lots a close takes. A lot is
// everything that was opened in succession under the same terms.
import type { Close, Direction, Held, Open, Reckoning } from './fact.ts';
import type { Slot } from './ids.ts';
import { type BaseUnits, least, mulDivCeil, mulDivFloor } from './money.ts';
import type { Terms } from './terms.ts';

/** A part of a position. Base in 1e9, above zero. */
export type Lot = {
  readonly market: number;
  readonly position: Direction;
  /** Null: opened before the first terms, or after the subscription ended. */
  readonly terms: Terms | null;
  /** The slot in which the first part of the lot was opened. */
  readonly openedSlot: Slot;
  readonly base: bigint;
  /**
   * Quote paid to open the lot, or received when it is short; null when neither a record nor
   * account state shows it.
   */
  readonly entry: BaseUnits | null;
  /**
   * Fees of opening the lot; negative for rebates. Fees of openings without a record are part of
   * the reckoning of their transaction, and 0 here.
   */
  readonly fee: BaseUnits;
};

/** The facts that change lots, in chain order. */
export type Movement = { readonly slot: Slot } & (
  | Pick<Open, 'kind' | 'market' | 'position' | 'base' | 'quote' | 'fee'>
  | Pick<Close, 'kind' | 'market' | 'position' | 'baseClosed'>
  /** The account's positions at the place of the reckoning: `held` without later records. */
  | Pick<Reckoning, 'kind' | 'held' | 'heldBefore' | 'afterSlot'>
  /** A transaction in which something may have been opened without a record. */
  | { readonly kind: 'unknown' }
  /**
   * The positions of the account at the end of this slot. `earlier` is the slot before which base
   * was opened that no lot explains and no transaction can hide; null where that is not known.
   */
  | { readonly kind: 'stood'; readonly held: readonly Held[]; readonly earlier: Slot | null }
  /** A booked close has shown that the account holds nothing in this market. */
  | { readonly kind: 'flat'; readonly market: number }
);

/** The venue's own figures of a position: its whole base, and one average entry. */
export type Average = { readonly base: bigint; readonly entry: BaseUnits | null };

export type Holdings = {
  /** The lots in the order in which they were opened. */
  readonly lots: readonly Lot[];
  /** By market. `base` is negative when short. */
  readonly averages: ReadonlyMap<number, Average>;
  /**
   * The slots of transactions that could not be read since the last known account state, in order.
   */
  readonly hidden: readonly Slot[];
  /**
   * Lots that must have been closed in these transactions, because a later record is of the other
   * direction; absent for none.
   */
  readonly dropped?: readonly Lot[];
};

/** A sum of two entries; null where one of them is null. */
export const plus = (one: BaseUnits | null, other: BaseUnits | null): BaseUnits | null =>
  one === null || other === null ? null : one + other;
/** A difference of two entries; null where one of them is null. */
export const minus = (one: BaseUnits | null, other: BaseUnits | null): BaseUnits | null =>
  one === null || other === null ? null : one - other;
/** The size of a position; its base is negative when short. */
export const sizeOf = (base: bigint): bigint => (base < 0n ? -base : base);
/** The direction of a position; its base is negative when short. */
export const directionOf = (base: bigint): Lot['position'] => (base < 0n ? 'short' : 'long');
/** Whether a lot is part of that position. */
export const isOf =
  ({ market, position }: Pick<Lot, 'market' | 'position'>) =>
  (lot: Lot): boolean =>
    lot.market === market && lot.position === position;

/**
 * A part of a lot. Its entry is rounded down, as the venue rounds, and its fees up, so that
 * rounding never raises the amount that is owed.
 */
function partOf(lot: Lot, base: bigint): Lot {
  if (base === lot.base) return lot;
  return {
    ...lot,
    base,
    entry: lot.entry === null ? null : mulDivFloor(lot.entry, base, lot.base),
    fee: mulDivCeil(lot.fee, base, lot.base),
  };
}

export type Taken = {
  /** The youngest lot first. */
  readonly taken: readonly Lot[];
  readonly left: readonly Lot[];
  /** Base that no lot explains. */
  readonly unexplained: bigint;
};

/**
 * Takes a close out of the lots, youngest first. Lots of the other direction are dropped: they must
 * have been closed without a record before.
 */
export function takeLots(
  lots: readonly Lot[],
  close: Pick<Close, 'market' | 'position' | 'baseClosed'>,
): Taken {
  const taken: Lot[] = [];
  const left: Lot[] = [];
  let wanted = close.baseClosed;
  for (const lot of lots.toReversed()) {
    if (lot.market !== close.market) {
      left.unshift(lot);
      continue;
    }
    if (lot.position !== close.position) continue;
    const base = least(lot.base, wanted);
    wanted -= base;
    const part = partOf(lot, base);
    if (base > 0n) taken.push(part);
    if (lot.base > base)
      left.unshift({
        ...lot,
        base: lot.base - base,
        entry: minus(lot.entry, part.entry),
        fee: lot.fee - part.fee,
      });
  }
  return { taken, left, unexplained: wanted };
}
