// Spread: the distance of the AMM's two sides from its reference price (math/amm_spread.rs,
// controller/amm.rs). Without curve updates it is half of the base spread on either side. With them
// it widens with the oracle's uncertainty, the AMM's position, and its losses.
import { least, most, mulDivCeil } from '../../core/money.ts';
import type { Struct } from './layout.ts';
import type { Direction } from './positions.ts';
import { referenceOffset } from './reference-price.ts';

const PERCENT = 1_000_000n;
/** The AMM's position widens a side by a factor of ten at most. */
const SKEW_MOST = 10n * PERCENT;
/** An AMM without any fees left quotes ten times as wide. */
const POOR = 10n * PERCENT;
/** From this loss within an hour on, the AMM widens its sides; quote units. */
const RETREAT = 25_000_000n;

const size = (value: bigint): bigint => (value < 0n ? -value : value);
const within = (value: bigint, low: bigint, high: bigint): bigint => least(most(value, low), high);

/** The base that the AMM may still sell, and the base that it may still buy. */
export function openSides(amm: Struct): { bids: bigint; asks: bigint } {
  const base: bigint = amm.baseAssetReserve;
  return {
    bids: most(0n, base - amm.minBaseAssetReserve),
    asks: most(0n, (amm.maxBaseAssetReserve as bigint) - base),
  };
}

type Sides = Record<Direction, bigint>;

/** The spreads that follow from recent price moves and each side's part of the volume. */
function volatile(amm: Struct, reserve: bigint): Sides {
  const deviation = (((amm.oracleStd as bigint) + amm.markStd) * PERCENT) / reserve / 2n;
  const confidence: bigint = amm.lastOracleConfPct;
  const spread = most(confidence, deviation / 2n);
  const floor = confidence > PERCENT / 400n ? confidence : confidence / 10n;
  const of = (volume: bigint): bigint => {
    const part = (volume * PERCENT) / most(amm.volume24h, 1n);
    return most(floor, (spread * within(part, PERCENT / 100n, (16n * PERCENT) / 10n)) / PERCENT);
  };
  return { long: of(amm.longIntensityVolume), short: of(amm.shortIntensityVolume) };
}

/** The largest sum of both spreads. */
function widest(amm: Struct, reserve: bigint): bigint {
  const moved = (most(amm.markStd, amm.oracleStd) * PERCENT) / reserve;
  const uncertain = least(most((amm.lastOracleConfPct as bigint) * 2n, moved), PERCENT);
  return most(
    BigInt(amm.maxSpread),
    most(size(amm.lastOracleReservePriceSpreadPct as bigint), uncertain),
  );
}

function inventoryScale(amm: Struct, spread: bigint, allowed: bigint): bigint {
  const held = size(amm.baseAssetAmountWithAmm as bigint);
  if (held === 0n) return PERCENT;
  const { bids, asks } = openSides(amm);
  const room = least(bids, asks);
  const part = held < room ? least((held * PERCENT) / most(room, 1n), PERCENT) : PERCENT;
  const top = most(SKEW_MOST, (allowed * PERCENT) / most(spread, 1n));
  return least(top, PERCENT + (top * part) / PERCENT);
}

/**
 * A factor that grows with the part of its fees that the AMM would lose by closing its position.
 */
function leverageScale(amm: Struct, reserve: bigint): bigint {
  const quote = (amm.quoteAssetReserve as bigint) - amm.terminalQuoteAssetReserve;
  const net = (quote * (amm.pegMultiplier as bigint)) / 1_000_000_000n;
  const local = ((amm.baseAssetAmountWithAmm as bigint) * reserve) / 1_000_000_000n;
  const fees: bigint = most(0n, amm.totalFeeMinusDistributions);
  const leverage = (most(0n, local - net) * PERCENT) / (fees + 1n);
  return least(SKEW_MOST, PERCENT + leverage + 1n);
}

/** The addition to a side after an hour of losses. */
function retreat(amm: Struct, top: bigint): bigint {
  const revenue: bigint = amm.netRevenueSinceLastFunding;
  if (revenue >= -RETREAT) return 0n;
  if (revenue < -RETREAT * 1_000n) return top / 10n;
  return least(top / 10n, (BigInt(amm.baseSpread) * size(revenue)) / RETREAT);
}

/** Both sides, reduced in proportion when their sum is above the limit. */
function capped({ long, short }: Sides, top: bigint): Sides {
  const total = long + short;
  if (total <= top) return { long, short };
  if (long > short) {
    const wide = mulDivCeil(long, top, total);
    return { long: wide, short: top - wide };
  }
  const wide = mulDivCeil(short, top, total);
  return { long: top - wide, short: wide };
}

/** The spreads of an AMM with curve updates (calculate_spread). */
function moving(amm: Struct, reserve: bigint): Sides {
  const half = BigInt(Math.trunc(amm.baseSpread / 2));
  const moved = volatile(amm, reserve);
  const sides: Sides = { long: most(half, moved.long), short: most(half, moved.short) };
  const top = widest(amm, reserve);
  const off: bigint = amm.lastOracleReservePriceSpreadPct;
  if (off < 0n) sides.long = most(sides.long, -off + moved.long);
  if (off > 0n) sides.short = most(sides.short, off + moved.short);
  const held: bigint = amm.baseAssetAmountWithAmm;
  // The side that would enlarge the AMM's position.
  const risky: Direction = held > 0n ? 'long' : 'short';
  const scale = (by: bigint, side: Direction): void => {
    sides[side] = (sides[side] * by) / PERCENT;
  };
  if (held !== 0n) scale(inventoryScale(amm, sides[risky], top), risky);
  if (amm.totalFeeMinusDistributions <= 0n) {
    scale(POOR, 'long');
    scale(POOR, 'short');
  } else if (held !== 0n) scale(leverageScale(amm, reserve), risky);
  const added = retreat(amm, top);
  for (const side of ['long', 'short'] as const)
    sides[side] += held !== 0n && side === risky ? added : added / 2n;
  return capped(sides, top);
}

function reservesAt(amm: Struct, spread: number): { base: bigint; quote: bigint } {
  const half = BigInt(Math.trunc(spread / 2));
  const delta = Math.abs(spread) > 1 ? (amm.quoteAssetReserve as bigint) / (PERCENT / half) : 0n;
  const quote: bigint = amm.quoteAssetReserve + delta;
  return { base: ((amm.sqrtK as bigint) * amm.sqrtK) / quote, quote };
}

/** Moves both sides' reserves after the AMM's own have changed. */
export function updateSideReserves(amm: Struct): void {
  const ask = reservesAt(amm, amm.longSpread + amm.referencePriceOffset);
  const bid = reservesAt(amm, -amm.shortSpread + amm.referencePriceOffset);
  Object.assign(amm, {
    askBaseAssetReserve: least(ask.base, amm.baseAssetReserve),
    bidBaseAssetReserve: most(bid.base, amm.baseAssetReserve),
    askQuoteAssetReserve: most(ask.quote, amm.quoteAssetReserve),
    bidQuoteAssetReserve: least(bid.quote, amm.quoteAssetReserve),
  });
}

/** Sets the spreads of both sides anew, given the price between them, and moves their reserves. */
export function updateSpreads(amm: Struct, reserve: bigint): void {
  const half = BigInt(Math.trunc(amm.baseSpread / 2));
  const { long, short } =
    amm.curveUpdateIntensity > 0 ? moving(amm, reserve) : { long: half, short: half };
  Object.assign(amm, {
    longSpread: Number(long),
    shortSpread: Number(short),
    referencePriceOffset: referenceOffset(amm, reserve),
  });
  updateSideReserves(amm);
}
