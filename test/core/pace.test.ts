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
  ] as const) {
    pace.note(slot, ms);
    expect(pace.msPerSlot()).toBe(ms === 0 ? null : 400);
  }
});

test('a slot that lasts counts with its time, and slots that come at once count too', () => {
  const pace = createPace();
  pace.note(100, 0);
  pace.note(110, 4_000);
  pace.note(110, 6_000);
  expect(pace.msPerSlot()).toBe(600);
  pace.note(120, 6_000);
  expect(pace.msPerSlot()).toBe(300);
});

test('four slots and two seconds are the least that tell anything', () => {
  for (const [slot, ms, told] of [
    [103, 9_000, null],
    [104, 9_000, 2_250],
    [900, 1_999, null],
    [900, 2_000, 2.5],
  ] as const) {
    const pace = createPace();
    pace.note(100, 0);
    pace.note(slot, ms);
    expect(pace.msPerSlot()).toBe(told);
  }
});

test('one reading a second is kept, for less than ten minutes', () => {
  const kept = (nowMs: number) => {
    const pace = createPace();
    for (const [slot, ms] of [
      [100, 0],
      [150, 999],
      [200, 1_000],
      [300, 2_001],
    ] as const)
      pace.note(slot, ms);
    pace.note(10_000, nowMs);
    // The slot of the oldest reading that is kept, from the pace that is told.
    return [150, 200, 300].filter((slot) => {
      const ms =
        new Map([
          [150, 999],
          [200, 1_000],
          [300, 2_001],
        ]).get(slot) ?? 0;
      return pace.msPerSlot() === (nowMs - ms) / (10_000 - slot);
    });
  };
  expect(kept(600_998)).toEqual([200]);
  expect(kept(600_999)).toEqual([200]);
  expect(kept(601_000)).toEqual([300]);
});

test('a slot is final by the median of the last 16 waits, a quarter longer and 200 ms', () => {
  const pace = createPace();
  expect(pace.finalByMs()).toBeNull();
  for (const ms of [9_000, 1_000, 400]) pace.noteFinal(ms);
  expect(pace.finalByMs()).toBe(1_450);
  // After 16 more the first three do not count. Of an even number the greater middle one counts.
  for (let n = 0; n < 16; n++) pace.noteFinal(n < 8 ? 13_000 : 400);
  expect(pace.finalByMs()).toBe(16_450);
  pace.noteFinal(400);
  expect(pace.finalByMs()).toBe(700);
});

test('a reading within a second of one that is kept is not kept in its place', () => {
  const pace = createPace();
  pace.note(100, 5_000);
  pace.note(150, 5_999);
  // The first reading is older than ten minutes by now, and the second was never stored.
  pace.note(10_000, 605_500);
  expect(pace.msPerSlot()).toBeNull();
});
