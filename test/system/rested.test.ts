// Rested: a read that takes long is made less often, and its last result answers meanwhile.
import { expect, test } from 'vitest';
import { createRested } from '../../src/system/rested.ts';
import { createManualClock } from '../support/clock.ts';

/** A read that takes so many milliseconds and rests an hour at most. Gives its number. */
function readThatTakes(tookMs: number) {
  const clock = createManualClock();
  const state = { reads: 0, failing: false, tookMs };
  const read = createRested(
    clock,
    async () => {
      clock.advance(state.tookMs);
      if (state.failing) throw new Error('Postgres is away');
      return ++state.reads;
    },
    3_600_000,
  );
  return { clock, state, read };
}

test.each([
  ['a hundred times as long', 100, 10_000],
  ['the longest time at most', 60_000, 3_600_000],
])('rests for %s', async (_, tookMs, restsMs) => {
  const { clock, read } = readThatTakes(tookMs);
  expect(await read()).toBe(1);
  expect(await read()).toBe(2);
  clock.advance(restsMs - tookMs - 1);
  expect(await read()).toBe(2);
  clock.advance(1);
  expect(await read()).toBe(3);
});

test('of the last two reads the shorter one counts, so that a single slow one rests no longer', async () => {
  const { clock, state, read } = readThatTakes(100);
  expect(await read()).toBe(1);
  state.tookMs = 5_000;
  expect(await read()).toBe(2);
  clock.advance(5_000 - 1);
  expect(await read()).toBe(2);
  clock.advance(1);
  state.tookMs = 200;
  expect(await read()).toBe(3);
  clock.advance(20_000 - 200 - 1);
  expect(await read()).toBe(3);
  clock.advance(1);
  expect(await read()).toBe(4);
});

test('a clock that was set back ends the rest', async () => {
  const { clock, read } = readThatTakes(100);
  expect(await read()).toBe(1);
  expect(await read()).toBe(2);
  clock.advance(-1_000);
  expect(await read()).toBe(3);
});

test('an error is thrown, and the next call reads again', async () => {
  const { state, read } = readThatTakes(100);
  state.failing = true;
  await expect(read()).rejects.toThrow('Postgres is away');
  state.failing = false;
  expect(await read()).toBe(1);
});
