// AMM: prices and swaps of a perp market's own liquidity (math/amm.rs, math/amm_spread.rs,
// controller/amm.rs): a constant product with a peg, and half of the base spread on either side of
// it. The curve does not move by itself here: what the program does with a `curve_update_intensity`
// above 0 stands in the table of differences.
import { averageOf, clamped } from './averages.ts';
import type { Struct } from './layout.ts';
import type { Direction } from './positions.ts';
import type { Quote, Session } from './session.ts';

const BASE = 1_000_000_000n;
const SPREAD = 1_000_000n;
const PRICE = 1_000_000n;
const FIVE_MINUTES = 300n;
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
/**
 * Within this part of the hourly average a price counts in the averages, by the market's tier; null
 * for any.
 */
const CLAMP: Record<string, bigint | null> = { a: 10n, b: 5n, c: 2n };

/** Whole square root. */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (let next = (root + value / root) >> 1n; next < root; next = (root + value / root) >> 1n)
    root = next;
  return root;
}

/** Base rounded down to what may be traded. */
export const standardBase = (base: bigint, step: bigint): bigint => base - (base % step);

const reservesOf = (amm: Struct): [bigint, bigint, bigint] => [
  amm.baseAssetReserve,
  amm.quoteAssetReserve,
  amm.pegMultiplier,
];
const invariantOf = ({ sqrtK }: Struct): bigint => (sqrtK as bigint) * (sqrtK as bigint);

/** The price between the two sides, PRICE precision. */
export const reservePrice = (amm: Struct): bigint => {
  const [base, quote, peg] = reservesOf(amm);
  return (quote * peg) / base;
};

/**
 * The price at which an order of that direction begins to fill against the AMM, given the price
 * between the sides.
 */
export const sidePrice = (amm: Struct, direction: Direction, reserve: bigint): bigint =>
  direction === 'long'
    ? (reserve * (SPREAD + BigInt(amm.longSpread))) / SPREAD
    : (reserve * (SPREAD - BigInt(amm.shortSpread))) / SPREAD;

function spreadReserves(amm: Struct, spread: number): { base: bigint; quote: bigint } {
  const half = BigInt(Math.trunc(spread / 2));
  const delta = Math.abs(spread) > 1 ? (amm.quoteAssetReserve as bigint) / (SPREAD / half) : 0n;
  const quote: bigint = amm.quoteAssetReserve + delta;
  return { base: invariantOf(amm) / quote, quote };
}

/** Moves both sides' reserves after the AMM's own have changed. */
export function updateSpreads(amm: Struct): void {
  const half = Math.trunc(amm.baseSpread / 2);
  const ask = spreadReserves(amm, half);
  const bid = spreadReserves(amm, -half);
  Object.assign(amm, {
    longSpread: half,
    shortSpread: half,
    referencePriceOffset: 0,
    askBaseAssetReserve: smaller(ask.base, amm.baseAssetReserve),
    bidBaseAssetReserve: larger(bid.base, amm.baseAssetReserve),
    askQuoteAssetReserve: larger(ask.quote, amm.quoteAssetReserve),
    bidQuoteAssetReserve: smaller(bid.quote, amm.quoteAssetReserve),
  });
}

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

/**
 * Swaps base against the AMM. `surplus`: how much better that is for the AMM than its price without
 * a spread.
 */
export function swapBase(
  amm: Struct,
  direction: Direction,
  base: bigint,
): { quote: bigint; surplus: bigint } {
  // A buyer pays for one unit of reserve more, and one unit of quote on top of it.
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
  updateSpreads(amm);
  return { quote, surplus: surplus < 0n ? -surplus : surplus };
}

/** How much base one fill may take from a side. */
export function availableBase(amm: Struct, direction: Direction): bigint {
  const room: bigint =
    direction === 'long'
      ? (amm.baseAssetReserve as bigint) - amm.minBaseAssetReserve
      : (amm.maxBaseAssetReserve as bigint) - amm.baseAssetReserve;
  const fraction: bigint = (amm.baseAssetReserve as bigint) / BigInt(amm.maxFillReserveFraction);
  return standardBase(smaller(fraction, larger(0n, room) / 2n), amm.orderStepSize);
}

/** How much base would move the AMM to a price, and in which direction. */
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

/**
 * Writes the oracle's price and its averages into a market, and moves its spreads. Trades and
 * keepers do that first.
 */
export function updateAmm(session: Session, market: Struct): void {
  if (market.status === 'settlement' || market.status === 'delisted') return;
  const { amm } = market;
  const quote: Quote = session.quote(amm.oracle, amm.oracleSource);
  const history = amm.historicalOracleData;
  const { now, slot } = session;
  const denominator = CLAMP[market.contractTier] ?? null;
  const price = clamped(
    normalised(quote, reservePrice(amm)),
    history.lastOraclePriceTwap,
    denominator,
  );
  const since: bigint = history.lastOraclePriceTwapTs;
  if (price > 0n && quote.price > 0n) {
    Object.assign(history, {
      lastOraclePriceTwap: averageOf(
        price,
        now,
        history.lastOraclePriceTwap,
        since,
        amm.fundingPeriod,
      ),
      lastOraclePriceTwap5min: averageOf(
        price,
        now,
        history.lastOraclePriceTwap5min,
        since,
        FIVE_MINUTES,
      ),
      lastOraclePrice: quote.price,
      lastOracleDelay: quote.delay,
      lastOraclePriceTwapTs: now,
    });
    amm.lastOracleNormalisedPrice = price;
  }
  amm.lastUpdateSlot = slot;
  amm.lastOracleValid = true;
  updateSpreads(amm);
}

/**
 * The oracle's price, moved toward the AMM's by its confidence, unless it is that close already.
 */
function normalised({ price, confidence }: Quote, reserve: bigint): bigint {
  const near = reserve / 4_000n;
  return reserve > price
    ? smaller(larger(reserve - near, price), price + confidence)
    : larger(smaller(reserve + near, price), price - confidence);
}
