// Marks: the averages that a perp market keeps of its prices and trades (math/amm.rs): of the AMM's
// bid and ask, of the oracle, of how much they moved, and the volume of an hour and a day. The
// funding rate and the AMM's spread depend on them.
import { least, most } from '../../core/money.ts';
import { averageOf, clamped, rollingSum, weighted } from './averages.ts';
import type { Struct } from './layout.ts';
import type { Direction } from './positions.ts';
import type { Quote, Session } from './session.ts';
import { fail } from './session.ts';

const PERCENT = 1_000_000n;
const MINUTE = 60n;
const FIVE_MINUTES = 300n;
const HOUR = 3_600n;
const DAY = 86_400n;
const size = (value: bigint): bigint => (value < 0n ? -value : value);

/**
 * A new price counts as far as it lies within this part of the average, by the market's tier: a
 * tenth, a fifth, a half, and a third for the others.
 */
const CLAMP: Record<string, bigint> = { a: 10n, b: 5n, c: 2n };
const CLAMP_OTHERS = 3n;
const clampOf = ({ contractTier }: Struct): bigint => CLAMP[contractTier] ?? CLAMP_OTHERS;

/** The price in the middle of the AMM's two sides, PRICE precision. */
export const reservePrice = (amm: Struct): bigint =>
  ((amm.quoteAssetReserve as bigint) * amm.pegMultiplier) / amm.baseAssetReserve;

/**
 * The price at which an order of that direction begins to fill against the AMM, given the middle
 * price.
 */
export const sidePrice = (amm: Struct, direction: Direction, reserve: bigint): bigint =>
  direction === 'long'
    ? (reserve * (PERCENT + BigInt(amm.longSpread))) / PERCENT
    : (reserve * (PERCENT - BigInt(amm.shortSpread))) / PERCENT;

/**
 * The bid and ask that follow from a trade's price: a buyer who paid more than the oracle price
 * shows the ask, a seller who got less shows the bid.
 */
function guessed(
  session: Session,
  amm: Struct,
  price: bigint,
  direction: Direction | null,
): { bid: bigint; ask: bigint } {
  const oracle: bigint = amm.historicalOracleData.lastOraclePrice;
  if (oracle <= 0n) return fail(session, 'InvalidOracle');
  const reserve = reservePrice(amm);
  const [low, high] = [sidePrice(amm, 'short', reserve), sidePrice(amm, 'long', reserve)];
  if (direction === null) {
    const mid = least(most(price, low), high);
    return { bid: mid, ask: mid };
  }
  const premium = price - oracle;
  const room = (spread: number): bigint =>
    least(least(BigInt(amm.baseSpread), BigInt(Math.trunc(spread / 2))), size(premium));
  const bid = most(premium > 0n ? oracle - room(amm.shortSpread) : price, low);
  const ask = least(premium < 0n ? oracle + room(amm.longSpread) : price, high);
  const sides =
    direction === 'long' ? { bid, ask: most(price, bid) } : { bid: least(price, ask), ask };
  return sides.bid <= sides.ask ? sides : fail(session, 'InvalidMarkTwapUpdateDetected');
}

/**
 * Adds a trade's price to the averages of bid, ask and their middle. Returns the average of the
 * middle.
 */
export function rememberMark(
  session: Session,
  market: Struct,
  price: bigint,
  direction: Direction | null,
): bigint {
  const { amm } = market;
  const { now } = session;
  const denominator = clampOf(market);
  const period: bigint = amm.fundingPeriod;
  const sides = guessed(session, amm, price, direction);
  const bid = clamped(sides.bid, amm.lastBidPriceTwap, denominator);
  const ask = clamped(sides.ask, amm.lastAskPriceTwap, denominator);
  if (bid > ask) return fail(session, 'InvalidMarkTwapUpdateDetected');
  const since: bigint = amm.lastMarkPriceTwapTs;
  const history = amm.historicalOracleData;
  const behind: bigint = history.lastOraclePriceTwapTs - since;
  // After a time without trades, the averages start nearer to the oracle's.
  const known = (average: bigint): bigint =>
    behind > most(period / 60n, MINUTE)
      ? weighted(history.lastOraclePriceTwap, average, behind, most(0n, period - behind))
      : average;
  const bidAverage = averageOf(bid, now, known(amm.lastBidPriceTwap), since, period);
  const askAverage = averageOf(ask, now, known(amm.lastAskPriceTwap), since, period);
  const middle = (bidAverage + askAverage) / 2n;
  Object.assign(amm, {
    lastBidPriceTwap: bidAverage,
    lastAskPriceTwap: askAverage,
    markStd: rollingSum(
      amm.markStd,
      size(price - amm.lastMarkPriceTwap),
      most(HOUR, now - since),
      HOUR,
    ),
    lastMarkPriceTwap: middle,
    lastMarkPriceTwap5min: averageOf(
      (bid + ask) / 2n,
      now,
      amm.lastMarkPriceTwap5min,
      since,
      FIVE_MINUTES,
    ),
    lastMarkPriceTwapTs: now,
  });
  return middle;
}

/** The oracle price, moved toward the AMM's price by its confidence, unless it is close already. */
function normalised({ price, confidence }: Quote, reserve: bigint): bigint {
  const near = reserve / 4_000n;
  return reserve > price
    ? least(most(reserve - near, price), price + confidence)
    : most(least(reserve + near, price), price - confidence);
}

/**
 * The confidence as a part of the price. An earlier, larger one is lowered in steps: by a twentieth
 * after one second, by a fifth from sixteen seconds on.
 */
function confidenceOf(amm: Struct, confidence: bigint, reserve: bigint, now: bigint): bigint {
  const passed = most(0n, now - amm.historicalOracleData.lastOraclePriceTwapTs);
  const known: bigint = amm.lastOracleConfPct;
  const faded = passed > 0n ? known - known / most(5n, 21n - passed) : known;
  return most((confidence * PERCENT) / reserve, faded);
}

/** Adds the oracle price to its averages. Returns the average over the funding period. */
export function rememberOracle(market: Struct, quote: Quote, reserve: bigint, now: bigint): bigint {
  const { amm } = market;
  const history = amm.historicalOracleData;
  const wanted = normalised(quote, reserve);
  const price = clamped(wanted, history.lastOraclePriceTwap, clampOf(market));
  if (price <= 0n || wanted <= 0n) return history.lastOraclePriceTwap;
  const since: bigint = history.lastOraclePriceTwapTs;
  const late: bigint = amm.lastMarkPriceTwapTs - since;
  const average = (known: bigint, mark: bigint, period: bigint): bigint => {
    // After a time without a price, the average starts nearer to that of the AMM's prices.
    const fresh = late > 0n ? weighted(mark, price, late, most(1n, period - late)) : price;
    const passed = most(period === 0n ? 1n : 0n, now - since);
    return weighted(fresh, known, passed, most(0n, period - passed));
  };
  const hourly = average(history.lastOraclePriceTwap, amm.lastMarkPriceTwap, amm.fundingPeriod);
  const fast = average(history.lastOraclePriceTwap5min, amm.lastMarkPriceTwap5min, FIVE_MINUTES);
  Object.assign(amm, {
    lastOracleNormalisedPrice: price,
    lastOracleConfPct: confidenceOf(amm, quote.confidence, reserve, now),
    lastOracleReservePriceSpreadPct: ((reserve - quote.price) * PERCENT) / reserve,
    oracleStd: rollingSum(amm.oracleStd, size(wanted - hourly), most(HOUR, now - since), HOUR),
  });
  Object.assign(history, {
    lastOraclePrice: quote.price,
    lastOracleDelay: quote.delay,
    lastOraclePriceTwap: hourly,
    lastOraclePriceTwap5min: fast,
    lastOraclePriceTwapTs: now,
  });
  return hourly;
}

/** Adds a trade of that direction to the volume of the hour and of the day. */
export function rememberVolume(
  amm: Struct,
  direction: Direction,
  quote: bigint,
  now: bigint,
): void {
  const passed = most(1n, now - amm.lastTradeTs);
  const of = (side: Direction): bigint => (side === direction ? quote : 0n);
  Object.assign(amm, {
    longIntensityVolume: rollingSum(amm.longIntensityVolume, of('long'), passed, HOUR),
    shortIntensityVolume: rollingSum(amm.shortIntensityVolume, of('short'), passed, HOUR),
    volume24h: rollingSum(amm.volume24h, quote, passed, DAY),
    lastTradeTs: now,
  });
}
