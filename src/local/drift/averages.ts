// Averages: time-weighted means with the program's rounding (math/stats.rs): toward the newer value
// by one unit, so the average of a value that never moves can end one unit beside it.
import { most } from '../../core/money.ts';
import type { Struct } from './layout.ts';
import type { Quote } from './session.ts';

const HOUR = 3_600n;
const FIVE_MINUTES = 300n;

/** The mean of two values by weight. */
export function weighted(fresh: bigint, known: bigint, weight: bigint, rest: bigint): bigint {
  if (weight === 0n) return known;
  if (rest === 0n) return fresh;
  const [now, before] = [fresh * weight, known * rest];
  const bias = rest > 1n ? (before < now ? -1n : before > now ? 1n : 0n) : 0n;
  const mean = (now + before) / (weight + rest);
  return mean === 0n && bias < 0n ? mean : mean + bias;
}

/** An average over `period` seconds, in which `price` has held since `since`. */
export function averageOf(
  price: bigint,
  now: bigint,
  known: bigint,
  since: bigint,
  period: bigint,
): bigint {
  const passed = most(0n, now - since);
  return weighted(price, known, passed, most(1n, period - passed));
}

/**
 * A rolling sum with a new amount added: the earlier sum is first lowered by the part of the window
 * that has passed since it was kept (calculate_rolling_sum).
 */
export const rollingSum = (known: bigint, added: bigint, passed: bigint, window: bigint): bigint =>
  (known * most(0n, window - passed)) / window + added;

/**
 * A price limited to a part of its hourly average above or below it; with `denominator` null not
 * limited.
 */
export function clamped(price: bigint, average: bigint, denominator: bigint | null): bigint {
  if (denominator === null || average === 0n) return price;
  const room = (average < 0n ? -average : average) / denominator;
  if (price - average > room) return average + room;
  if (average - price > room) return average - room;
  return price;
}

/** Writes an oracle's price into a market's history, with both averages. */
export function remember(
  history: Struct,
  quote: Quote,
  now: bigint,
  denominator: bigint | null,
): void {
  const price = clamped(quote.price, history.lastOraclePriceTwap, denominator);
  const since: bigint = history.lastOraclePriceTwapTs;
  Object.assign(history, {
    lastOraclePriceTwap: averageOf(price, now, history.lastOraclePriceTwap, since, HOUR),
    lastOraclePriceTwap5min: averageOf(
      price,
      now,
      history.lastOraclePriceTwap5min,
      since,
      FIVE_MINUTES,
    ),
    lastOraclePrice: quote.price,
    lastOracleConf: quote.confidence,
    lastOracleDelay: quote.delay,
    lastOraclePriceTwapTs: now,
  });
}
