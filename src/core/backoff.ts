// Backoff: computes delays between attempts, and the price that a payment offers after expiries.
// Pure: the random number is an argument.

import { least, most } from './money.ts';

export type BackoffRule = { readonly firstMs: number; readonly mostMs: number };

/** How often a delay is doubled at most: 2^30 ms are 12 days. */
const DOUBLED_MOST = 30;

/**
 * The delay in milliseconds after so many failures in a row (from 1): `firstMs` after the first,
 * and twice as long with each further one, up to `mostMs`.
 */
export const restMs = ({ firstMs, mostMs }: BackoffRule, failures: number): number =>
  Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, DOUBLED_MOST));

/** The delays in milliseconds after 1 to 31 failures in a row. The last holds for further ones. */
export const rests = (rule: BackoffRule): number[] =>
  Array.from({ length: DOUBLED_MOST + 1 }, (_, before) => restMs(rule, before + 1));

/**
 * Exponential delay for the nth attempt (from 1), in milliseconds, with equal jitter: between half
 * of and the whole of firstMs × 2^(n−1), which is limited to mostMs. `random` is in [0, 1).
 */
export function delayMs(rule: BackoffRule, attempt: number, random: number): number {
  const ceiling = restMs(rule, attempt);
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

/** The first raised price in a quiet market, in micro-lamports for each compute unit. */
const PRICE_FIRST = 10_000n;
const RISE = 4n;

/**
 * The price in micro-lamports for each compute unit after `expiries` payments expired unexecuted:
 * the usual price at first, then four times as much with each expiry, at least 10,000 after the
 * first one, and at most `cap`.
 */
export function raisedPrice(usual: bigint, expiries: number, cap: bigint): bigint {
  const times = BigInt(Math.min(expiries, 16));
  const fromUsual = usual * RISE ** times;
  const fromFirst = times === 0n ? 0n : PRICE_FIRST * RISE ** (times - 1n);
  return least(most(fromUsual, fromFirst), cap);
}
