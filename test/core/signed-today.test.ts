// Signed today: the sums of what was signed within 24 hours, for each subscriber and token.
import { expect, test } from 'vitest';
import { createSignedToday } from '../../src/core/signed-today.ts';

const HOUR_MS = 3_600_000;
const amount = (
  given: bigint,
  once: string | null = null,
  subscriberId = 'ana',
  mint = 'usdc',
) => ({
  subscriberId,
  mint,
  amount: given,
  once,
});

test('amounts count for 24 hours, for their subscriber and token alone', () => {
  let nowMs = 0;
  const signed = createSignedToday(() => nowMs);
  signed.count(amount(5n));
  signed.count(amount(70n, null, 'bob'));
  signed.count(amount(900n, null, 'ana', 'usdt'));
  nowMs = 2 * HOUR_MS;
  signed.count(amount(3n));
  expect(signed.sum('ana', 'usdc')).toBe(8n);
  expect(signed.sum('bob', 'usdc')).toBe(70n);
  expect(signed.sum('ana', 'usdt')).toBe(900n);
  expect(signed.sum('eve', 'usdc')).toBe(0n);
  nowMs = 24 * HOUR_MS - 1;
  expect(signed.sum('ana', 'usdc')).toBe(8n);
  nowMs = 24 * HOUR_MS;
  expect(signed.sum('ana', 'usdc')).toBe(3n);
  nowMs = 26 * HOUR_MS;
  expect(signed.sum('ana', 'usdc')).toBe(0n);
});

test('an amount that was not signed after all counts no more, and is taken back once', () => {
  const signed = createSignedToday(() => 0);
  const uncount = signed.count(amount(5n));
  signed.count(amount(5n));
  uncount();
  uncount();
  expect(signed.sum('ana', 'usdc')).toBe(5n);
});

test('taking back an amount of yesterday leaves the sum of today as it is', () => {
  let nowMs = 0;
  const signed = createSignedToday(() => nowMs);
  const uncount = signed.count(amount(5n));
  nowMs = 25 * HOUR_MS;
  signed.count(amount(3n));
  expect(signed.sum('ana', 'usdc')).toBe(3n);
  uncount();
  expect(signed.sum('ana', 'usdc')).toBe(3n);
});

test('the same payment under the same value of its nonce is known', () => {
  const signed = createSignedToday(() => 0);
  signed.count(amount(5n, 'p1/nonce/value'));
  signed.count(amount(6n));
  expect(signed.has(amount(5n, 'p1/nonce/value'))).toBe(true);
  expect(signed.has(amount(4n, 'p1/nonce/value'))).toBe(false);
  expect(signed.has(amount(5n, 'p1/nonce/other'))).toBe(false);
  expect(signed.has(amount(6n, null))).toBe(false);
});

test('a sum takes as long among 100,000 subscribers as alone', () => {
  const signed = createSignedToday(() => 0);
  let asked = 0;
  const counted = Array.from({ length: 100_000 }, (_, index) => ({
    ...amount(1n, null, `s${index}`),
    get amount() {
      asked++;
      return 1n;
    },
  }));
  for (const each of counted) signed.count(each);
  asked = 0;
  expect(signed.sum('s99999', 'usdc')).toBe(1n);
  expect(asked).toBe(0);
});
