// Tip: one wrong slot changes nothing, a real jump is followed, and a wrong first answer is
// recovered from.
import { expect, test } from 'vitest';
import { createTip } from '../../src/core/tip.ts';

test('one slot that cannot be is refused, and changes nothing', () => {
  let now = 0;
  const tip = createTip(() => now);
  expect(tip.believes(1_000)).toBe(true);
  now = 400;
  expect(tip.believes(9_000_000_000)).toBe(false);
  expect(tip.canBe(9_000_000_000)).toBe(false);
  expect(tip.slot).toBe(1_000);
  expect(tip.believes(1_002)).toBe(true);
  expect(tip.slot).toBe(1_002);
  for (const never of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
    expect(tip.believes(never)).toBe(false);
});

test('a node that is somewhat behind is believed, and moves nothing back', () => {
  const tip = createTip(() => 0);
  tip.believes(10_000);
  expect(tip.believes(9_700)).toBe(true);
  expect(tip.slot).toBe(10_000);
  expect(tip.believes(7_000)).toBe(false);
});

test('three answers in a row that agree are believed, also when the first answer of all was wrong', () => {
  let now = 0;
  const tip = createTip(() => now);
  expect(tip.believes(9_000_000_000)).toBe(true);
  const answers = [1_000, 1_001, 1_002].map((slot) => {
    now += 400;
    return tip.believes(slot);
  });
  expect(answers).toEqual([false, false, true]);
  expect(tip.slot).toBe(1_002);
  // Two different wrong slots and a true one between them never make three answers that agree.
  expect(tip.believes(500_000_000)).toBe(false);
  expect(tip.believes(700_000_000)).toBe(false);
  expect(tip.believes(1_003)).toBe(true);
  expect(tip.believes(700_000_001)).toBe(false);
});

test('after hours of silence the chain may have moved on by hours', () => {
  let now = 0;
  const tip = createTip(() => now);
  tip.believes(1_000);
  now = 10 * 3_600_000;
  expect(tip.believes(1_000 + 150_000)).toBe(true);
});

test('the bounds: 2,000 slots behind, and 2,000 and one for each 50 ms further on', () => {
  let now = 36_000_000;
  const tip = createTip(() => now);
  tip.believes(10_000);
  now += 1_000;
  const can = [7_999, 8_000, 12_020, 12_021].map((slot) => tip.canBe(slot));
  expect(can).toEqual([false, true, true, false]);
  // The same slot again, later, does not shorten the time that has passed since it was first seen.
  tip.believes(10_000);
  expect(tip.canBe(12_020)).toBe(true);
  now -= 5_000;
  expect([12_000, 12_001].map((slot) => tip.canBe(slot))).toEqual([true, false]);
});

test('before the first answer any slot can be, slot 0 too, and none is known', () => {
  const tip = createTip(() => 0);
  expect(tip.slot).toBeNull();
  expect([0, 9_000_000_000, -1, 1.5].map(tip.canBe)).toEqual([true, true, false, false]);
  expect(tip.believes(0)).toBe(true);
  expect(tip.slot).toBe(0);
});

test('answers that cannot be and differ from each other are never believed', () => {
  const tip = createTip(() => 0);
  tip.believes(1_000);
  for (let slot = 1_000_000; slot < 10_000_000; slot += 1_000_000)
    expect(tip.believes(slot)).toBe(false);
  expect(tip.slot).toBe(1_000);
});

test('the slot that was seen before the start counts as the first answer, so that a wrong first answer is not believed', () => {
  const now = 10_000;
  const tip = createTip(() => now, { slot: 1_000, atMs: 0 });
  expect(tip.slot).toBe(1_000);
  expect(tip.believes(9_000_000_000)).toBe(false);
  expect(tip.believes(1_025)).toBe(true);
  // After a ledger recorded an impossible slot, two true answers are refused and the third is
  // believed.
  const wrong = createTip(() => now, { slot: 9_000_000_000, atMs: 0 });
  expect([1_025, 1_026, 1_027].map((slot) => wrong.believes(slot))).toEqual([false, false, true]);
});

test('a slot that no chain can have is never believed, first or repeated', () => {
  const recalled = { slot: 900_000_000_000, atMs: 0 };
  for (const tip of [createTip(() => 0), createTip(() => 0, recalled)]) {
    expect(tip.slot).toBeNull();
    for (let times = 0; times < 5; times++) expect(tip.believes(900_000_000_000)).toBe(false);
    expect(tip.canBe(900_000_000_000)).toBe(false);
    expect(tip.believes(1_000)).toBe(true);
  }
});
