// Pace: slots are as long as they are measured to be.
import { expect, test } from 'vitest';
import { createPace } from '../../src/core/pace.ts';

test('is the time between readings over the slots between them, of the last ten minutes', () => {
  const pace = createPace();
  expect(pace.msPerSlot()).toBeNull();
  pace.note(100, 0);
  pace.note(102, 1_000);
  expect(pace.msPerSlot()).toBeNull();
  pace.note(105, 2_000);
  expect(pace.msPerSlot()).toBe(400);
  for (let ms = 3_000; ms <= 700_000; ms += 1_000) pace.note(105 + (ms - 2_000) / 200, ms);
  expect(pace.msPerSlot()).toBe(200);
});

test('a node that is behind, or a clock that was set back, changes nothing', () => {
  const pace = createPace();
  for (const [slot, ms] of [
    [100, 0],
    [110, 4_000],
    [90, 5_000],
    [9_000, 1_000],
    [115, 6_000],
  ] as const)
    pace.note(slot, ms);
  expect(pace.msPerSlot()).toBe(400);
});
