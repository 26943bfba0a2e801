// Close: computes the realised PnL of one side of a fill from the fill record alone, exact to the
// base unit. Formula: drift program, math/orders.rs
// calculate_existing_position_fields_for_order_action and controller/position.rs
// update_position_and_market. The floor division here equals the program's truncation.
import type { Close, Direction, Open } from './fact.ts';
import type { Address } from './ids.ts';
import { mulDivCeil, mulDivFloor } from './money.ts';

/** One side of a perp fill in its record. Quote amounts in 1e6, base in 1e9. */
export type FillSide = {
  readonly market: number;
  readonly side: 'taker' | 'maker';
  /** Direction of this side's order: long buys, short sells. */
  readonly direction: Direction;
  readonly cause: Close['cause'];
  readonly baseFilled: bigint;
  readonly quoteFilled: bigint;
  /** `taker_fee` or `maker_fee`; negative for a rebate. It includes any builder fee. */
  readonly fee: bigint;
  /** This side's `existing_quote_entry_amount`: null when the fill did not reduce the position. */
  readonly existingEntry: bigint | null;
  /** This side's `existing_base_asset_amount`: null unless the fill flipped the position. */
  readonly existingBase: bigint | null;
  readonly fillRecordId: bigint;
  readonly oraclePrice: bigint;
  readonly counterparty: Address | null;
};

/**
 * The close of one side of a fill; null when the fill only opened or increased the position.
 *
 * With Q quote filled, B base filled, E existing entry, X existing base (a flip; else B): proceeds
 * = floor(Q * X / B); closing a long earns proceeds - E, closing a short E - proceeds.
 * A flip's fee pays for closing and for opening: the close bears ceil(fee * X / B), so that
 * rounding never raises the amount that the subscriber owes.
 */
export function closeOf(fill: FillSide): Close | null {
  if (fill.existingEntry === null || fill.baseFilled <= 0n) return null;
  const baseClosed = fill.existingBase ?? fill.baseFilled;
  const proceeds = mulDivFloor(fill.quoteFilled, baseClosed, fill.baseFilled);
  const position = fill.direction === 'short' ? 'long' : 'short';
  const grossPnl =
    position === 'long' ? proceeds - fill.existingEntry : fill.existingEntry - proceeds;
  const fee = mulDivCeil(fill.fee, baseClosed, fill.baseFilled);
  return {
    kind: 'close',
    market: fill.market,
    side: fill.side,
    position,
    cause: fill.cause,
    baseFilled: fill.baseFilled,
    baseClosed,
    proceeds,
    entry: fill.existingEntry,
    grossPnl,
    fee,
    netPnl: grossPnl - fee,
    fillRecordId: fill.fillRecordId,
    oraclePrice: fill.oraclePrice,
    counterparty: fill.counterparty,
  };
}

/**
 * The opening of one side of a fill: all of it when nothing was reduced, the rest of a flip, else
 * null.
 */
export function openOf(fill: FillSide): Open | null {
  const close = closeOf(fill);
  const base = fill.baseFilled - (close?.baseClosed ?? 0n);
  if (base <= 0n) return null;
  const { market, direction: position, fillRecordId } = fill;
  // Close and opening split the fill's quote and fee without remainder.
  const quote = fill.quoteFilled - (close?.proceeds ?? 0n);
  const fee = fill.fee - (close?.fee ?? 0n);
  return { kind: 'open', market, position, base, quote, fee, fillRecordId };
}
