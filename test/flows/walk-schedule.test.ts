// Walk schedule: which histories are walked, by what sources saw since the last walk.
import { expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import { createWalkSchedule } from '../../src/flows/walk-schedule.ts';
import { createManualClock } from '../support/clock.ts';

const HOUR_MS = 3_600_000;
const [ana, bo] = ['ana', 'bo'] as Address[] as [Address, Address];

/** A schedule whose accounts have just been walked, and hours that pass with or without sweeps. */
function walkedOnce() {
  const clock = createManualClock();
  const schedule = createWalkSchedule(clock, {
    backfillEveryMs: HOUR_MS,
    unchangedEveryMs: 24 * HOUR_MS,
  });
  const watched = new Set<string>([ana, bo]);
  const run = (): Address[] => {
    const walk = schedule.begin(watched);
    const due = [ana, bo].filter((each) => watched.has(each) && walk.isDue(each));
    for (const each of due) walk.walked(each);
    return due;
  };
  const hour = (swept = true): void => {
    clock.advance(HOUR_MS - 60_000);
    if (swept)
      schedule.swept(
        [ana, bo].map((address) => ({ address })),
        clock.nowMs(),
      );
    clock.advance(60_000);
  };
  expect(run()).toEqual([ana, bo]);
  return { clock, schedule, watched, run, hour };
}

test('histories of unchanged accounts are walked once a day', () => {
  const { run, hour } = walkedOnce();
  for (let n = 1; n < 24; n++) {
    hour();
    expect(run(), `hour ${n}`).toEqual([]);
  }
  hour();
  expect(run()).toEqual([ana, bo]);
});

test('the history of an account that a source saw change is walked in the next run, once', () => {
  const { schedule, run, hour } = walkedOnce();
  schedule.moved(bo);
  hour();
  expect(run()).toEqual([bo]);
  hour();
  expect(run()).toEqual([]);
});

test('a change that is seen while the history is walked is walked again', () => {
  const { schedule, watched, run, hour } = walkedOnce();
  schedule.moved(bo);
  hour();
  const walk = schedule.begin(watched);
  expect(walk.isDue(bo)).toBe(true);
  schedule.moved(bo);
  walk.walked(bo);
  hour();
  expect(run()).toEqual([bo]);
});

test('without a sweep since the walk, or within the last interval, everything is walked', () => {
  const { clock, run, hour } = walkedOnce();
  hour(false);
  expect(run()).toEqual([ana, bo]);
  hour();
  expect(run()).toEqual([]);
  // Sweeps fail from now on: the last one is older than the interval.
  clock.advance(HOUR_MS);
  expect(run()).toEqual([ana, bo]);
});

test('a history that could not be walked stays due', () => {
  const { schedule, watched, hour } = walkedOnce();
  schedule.moved(ana);
  hour();
  expect(schedule.begin(watched).isDue(ana)).toBe(true);
  hour();
  expect(schedule.begin(watched).isDue(ana)).toBe(true);
});

test('without the setting each run walks everything', () => {
  const clock = createManualClock();
  const schedule = createWalkSchedule(clock, { backfillEveryMs: HOUR_MS });
  const watched = new Set<string>([ana]);
  const first = schedule.begin(watched);
  first.walked(ana);
  clock.advance(1_000);
  schedule.swept([{ address: ana }], clock.nowMs());
  clock.advance(1_000);
  expect(schedule.begin(watched).isDue(ana)).toBe(true);
});

test('what was known of an account that left is gone when it joins again', () => {
  const { watched, run, hour } = walkedOnce();
  watched.delete(bo);
  hour();
  expect(run()).toEqual([]);
  watched.add(bo);
  hour();
  expect(run()).toEqual([bo]);
});

test('all histories are walked once what was known is void, also where that happens during a run', () => {
  const { schedule, watched, run, hour } = walkedOnce();
  hour();
  schedule.forget();
  expect(run()).toEqual([ana, bo]);
  hour();
  const walk = schedule.begin(watched);
  schedule.forget();
  walk.walked(ana);
  hour();
  expect(run()).toEqual([ana, bo]);
  hour();
  expect(run()).toEqual([]);
});

test('a walk of before the start counts from its own time, and takes a sweep since the start', () => {
  const { clock, schedule, run, hour } = walkedOnce();
  const restore = (anaMs: number | null) =>
    schedule.restore(
      new Map([
        [ana, anaMs],
        [bo, null],
      ]),
    );
  restore(clock.nowMs() - 23 * HOUR_MS);
  expect(run()).toEqual([ana, bo]);
  restore(clock.nowMs() - 22 * HOUR_MS);
  hour();
  expect(run()).toEqual([bo]);
  hour();
  expect(run()).toEqual([ana]);
  // What moved before another daemon heard the account is void, and so is a time far in the future.
  schedule.moved(ana);
  restore(clock.nowMs());
  hour();
  expect(run()).toEqual([bo]);
  // The clock of another daemon may be a little ahead.
  restore(clock.nowMs() + 10_000);
  hour();
  expect(run()).toEqual([bo]);
  restore(clock.nowMs() + 10_001);
  hour();
  expect(run()).toEqual([ana, bo]);
});
