// Perhaps: a difference is explained when the open amounts can add up to it, each as a whole or not
// at all, and by no other.
import { expect, test } from 'vitest';
import { mayBe, NOTHING_PERHAPS } from '../../src/core/perhaps.ts';

const FEE = 10_000n;

test('without open amounts no difference is explained', () => {
  expect(mayBe(1n, NOTHING_PERHAPS, FEE)).toBe(false);
  expect(mayBe(0n, NOTHING_PERHAPS, FEE)).toBe(true);
});

test('each amount counts as a whole or not at all', () => {
  const perhaps = { amounts: [7n, 11n, -5n], untoldFees: 0 };
  for (const sum of [7n, 11n, 18n, -5n, 2n, 6n, 13n]) expect(mayBe(sum, perhaps, FEE)).toBe(true);
  for (const sum of [1n, 14n, 22n, -6n, 19n]) expect(mayBe(sum, perhaps, FEE)).toBe(false);
});

test('an untold fee is exactly the flat fee in force', () => {
  const perhaps = { amounts: [700n], untoldFees: 2 };
  for (const sum of [-FEE, -2n * FEE, 700n - FEE]) expect(mayBe(sum, perhaps, FEE)).toBe(true);
  for (const sum of [-3n * FEE, -FEE + 1n, FEE]) expect(mayBe(sum, perhaps, FEE)).toBe(false);
});

test('ten thousand rewards are judged at once, by what they can come to at most', () => {
  const amounts = Array.from({ length: 10_000 }, (_, n) => BigInt(1_000 + ((n * 7_919) % 5_003)));
  const most = amounts.reduce((sum, each) => sum + each, 0n);
  const began = performance.now();
  expect(mayBe(most, { amounts, untoldFees: 3 }, FEE)).toBe(true);
  expect(mayBe(most + 1n, { amounts, untoldFees: 3 }, FEE)).toBe(false);
  expect(mayBe(-3n * FEE - 1n, { amounts, untoldFees: 3 }, FEE)).toBe(false);
  expect(performance.now() - began).toBeLessThan(20_000);
});

test('beyond 4,096 different sums, what lies between the least and the most counts', () => {
  const powers = (count: number) => Array.from({ length: count }, (_, n) => 3n ** BigInt(n));
  // Twelve amounts have 4,096 sums, each of which is told apart.
  const twelve = { amounts: powers(12), untoldFees: 0 };
  expect(mayBe(4n, twelve, FEE)).toBe(true);
  expect(mayBe(2n, twelve, FEE)).toBe(false);
  const mixed = [...powers(12), -(3n ** 12n), 0n];
  const [least, most] = [-(3n ** 12n), (3n ** 12n - 1n) / 2n];
  const open = { amounts: mixed, untoldFees: 0 };
  expect([least - 1n, least, 2n, most, most + 1n].map((sum) => mayBe(sum, open, FEE))).toEqual([
    false,
    true,
    true,
    true,
    false,
  ]);
});
