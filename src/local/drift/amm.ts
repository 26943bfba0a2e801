// AMM: swaps against a perp market's own liquidity (math/amm.rs, math/amm_spread.rs,
// controller/amm.rs): a constant product with a peg, and a spread on either side of it.
import { least } from '../../core/money.ts';
import type { Struct } from './layout.ts';
import type { Direction } from './positions.ts';
import { openSides, updateSideReserves } from './spread.ts';

const BASE = 1_000_000_000n;
const PRICE = 1_000_000n;

/** The square root, rounded down. */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (let next = (root + value / root) >> 1n; next < root; next = (root + value / root) >> 1n)
    root = next;
  return root;
}

/** A base amount rounded down to whole steps that may be traded. */
export const standardBase = (base: bigint, step: bigint): bigint => base - (base % step);

const invariantOf = ({ sqrtK }: Struct): bigint => (sqrtK as bigint) * (sqrtK as bigint);

const sideOf = (amm: Struct, direction: Direction): { base: bigint; quote: bigint } =>
  direction === 'long'
    ? { base: amm.askBaseAssetReserve, quote: amm.askQuoteAssetReserve }
    : { base: amm.bidBaseAssetReserve, quote: amm.bidQuoteAssetReserve };

function swapped(
  amm: Struct,
  from: { base: bigint; quote: bigint },
  direction: Direction,
  base: bigint,
): { moved: bigint; baseAfter: bigint; quoteAfter: bigint } {
  const baseAfter = direction === 'long' ? from.base - base : from.base + base;
  const quoteAfter = invariantOf(amm) / baseAfter;
  const moved = direction === 'long' ? quoteAfter - from.quote : from.quote - quoteAfter;
  return { moved, baseAfter, quoteAfter };
}

/** Swaps base against the AMM. `surplus` is the AMM's gain over its price without a spread. */
export function swapBase(
  amm: Struct,
  direction: Direction,
  base: bigint,
): { quote: bigint; surplus: bigint } {
  // A buyer pays for one more unit of reserve, and one more unit of quote.
  const more = direction === 'long' ? 1n : 0n;
  const worth = (reserve: bigint): bigint => (reserve * (amm.pegMultiplier as bigint)) / BASE;
  const quote = worth(swapped(amm, sideOf(amm, direction), direction, base).moved + more) + more;
  const plain = swapped(
    amm,
    { base: amm.baseAssetReserve, quote: amm.quoteAssetReserve },
    direction,
    base,
  );
  const surplus = quote - (worth(plain.moved) + more);
  amm.baseAssetReserve = plain.baseAfter;
  amm.quoteAssetReserve = plain.quoteAfter;
  updateSideReserves(amm);
  return { quote, surplus: surplus < 0n ? -surplus : surplus };
}

/** The base that one fill may take from a side at most. */
export function availableBase(amm: Struct, direction: Direction): bigint {
  const { bids, asks } = openSides(amm);
  const room = (direction === 'long' ? bids : asks) / 2n;
  const fraction: bigint = (amm.baseAssetReserve as bigint) / BigInt(amm.maxFillReserveFraction);
  return standardBase(least(fraction, room), amm.orderStepSize);
}

/** The base that would move the AMM to a price, and the direction of that trade. */
export function baseToPrice(
  amm: Struct,
  price: bigint,
  direction: Direction,
): { base: bigint; direction: Direction } {
  const square = (((invariantOf(amm) * PRICE) / price) * (amm.pegMultiplier as bigint)) / PRICE;
  const after = squareRoot(square);
  const before: bigint = amm.baseSpread > 0 ? sideOf(amm, direction).base : amm.baseAssetReserve;
  return after > before
    ? { base: after - before, direction: 'short' }
    : { base: before - after, direction: 'long' };
}
