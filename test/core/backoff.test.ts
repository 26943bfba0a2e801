// Backoff: how long to wait, and how much more to offer.
import { expect, test } from 'vitest';
import { AFTER_FAILURE } from '../../src/core/aftermath.ts';
import { delayMs, raisedPrice, restMs, rests } from '../../src/core/backoff.ts';

test('the delay doubles from the first to the most, and chance takes at most half of it', () => {
  const rule = { firstMs: 1_000, mostMs: 8_000 };
  expect([1, 2, 3, 4, 5, 60].map((n) => delayMs(rule, n, 1))).toEqual([
    1_000, 2_000, 4_000, 8_000, 8_000, 8_000,
  ]);
  expect([1, 2, 5].map((n) => delayMs(rule, n, 0))).toEqual([500, 1_000, 4_000]);
});

test('a rest doubles with each failure without chance, and its list ends where it no longer grows', () => {
  const rule = { firstMs: 1_000, mostMs: 8_000 };
  expect([1, 2, 3, 4, 5, 60].map((n) => restMs(rule, n))).toEqual([
    1_000, 2_000, 4_000, 8_000, 8_000, 8_000,
  ]);
  const endless = { firstMs: 1, mostMs: Number.MAX_SAFE_INTEGER };
  expect(rests(endless).slice(0, 3)).toEqual([1, 2, 4]);
  expect(rests(endless).at(-1)).toBe(restMs(endless, 1_000));
});

test('failures on chain: at most eleven in the first hour, and two in every hour after that', () => {
  const atMs: number[] = [0];
  for (let failures = 1; failures < 40; failures++)
    atMs.push((atMs.at(-1) ?? 0) + delayMs(AFTER_FAILURE, failures, 0));
  const within = (fromMs: number) =>
    atMs.filter((each) => each >= fromMs && each < fromMs + 3_600_000).length;
  expect(within(0)).toBe(11);
  for (const fromMs of atMs.slice(11)) expect(within(fromMs)).toBeLessThanOrEqual(2);
});

test('the price is the usual one at first, rises fourfold with each expiry, also from nothing, and stops at the cap', () => {
  const cap = 700_000n;
  expect([0, 1, 2, 3, 4, 5].map((n) => raisedPrice(0n, n, cap))).toEqual([
    0n,
    10_000n,
    40_000n,
    160_000n,
    640_000n,
    cap,
  ]);
  expect([0, 1, 2].map((n) => raisedPrice(5_000n, n, cap))).toEqual([5_000n, 20_000n, 80_000n]);
  expect(raisedPrice(900_000n, 0, cap)).toBe(cap);
  expect(raisedPrice(1n, 1_000, 0n)).toBe(0n);
});
