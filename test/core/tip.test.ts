// Tip: one wrong slot changes nothing, a real jump is followed, and a wrong first answer is
// recovered from.
import { expect, test } from 'vitest';
import { createTip } from '../../src/core/tip.ts';

test('one slot that cannot be is refused, and changes nothing', () => {
  let now = 0;
  const tip = createTip(() => now);
  expect(tip.believes(1_000)).toBe(true);
  now = 400;
  expect(tip.believes(900_000_000_000)).toBe(false);
  expect(tip.canBe(900_000_000_000)).toBe(false);
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
  expect(tip.believes(900_000_000_000)).toBe(true);
  const answers = [1_000, 1_001, 1_002].map((slot) => {
    now += 400;
    return tip.believes(slot);
  });
  expect(answers).toEqual([false, false, true]);
  expect(tip.slot).toBe(1_002);
  // Two lies and the truth between them never add up.
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
