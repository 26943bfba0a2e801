// Backoff: how long to wait before trying again, and how much more to offer. Pure: chance comes in
// as an argument.

import { least, most } from './money.ts';

export type BackoffRule = { readonly firstMs: number; readonly mostMs: number };

/**
 * Full-jitter exponential delay in milliseconds for the nth attempt (from 1). `random` is in [0,
 * 1).
 */
export function delayMs(rule: BackoffRule, attempt: number, random: number): number {
  const ceiling = Math.min(rule.mostMs, rule.firstMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

/** Micro-lamports a compute unit: where prices begin to rise from in a quiet market. */
const PRICE_FIRST = 10_000n;
const RISE = 4n;

/**
 * The price after so many payments expired unexecuted, in micro-lamports a compute unit: what is
 * usual at first, then four times as much with each expiry, from 10,000 on in a quiet market, up to
 * the cap.
 */
export function raisedPrice(usual: bigint, expiries: number, cap: bigint): bigint {
  const times = BigInt(Math.min(expiries, 16));
  const fromUsual = usual * RISE ** times;
  const fromFirst = times === 0n ? 0n : PRICE_FIRST * RISE ** (times - 1n);
  return least(most(fromUsual, fromFirst), cap);
}
