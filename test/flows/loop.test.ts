// Loop: a run that fails is repeated after seconds, also when the interval is long; a nudge asks
// for a run, and shortens no pause after a failure.
import { expect, test } from 'vitest';
import { startLoop } from '../../src/flows/loop.ts';
import { silentLog as log } from '../../src/system/log.ts';

const HOUR_MS = 3_600_000;

/** A loop whose first runs fail, and the pauses between its runs, which take no time here. */
async function pausesOf(fails: number, runs: number, everyMs: number): Promise<number[]> {
  const pauses: number[] = [];
  let ran = 0;
  let pause = 0;
  let done = (): void => {};
  const over = new Promise<void>((resolve) => {
    done = resolve;
  });
  const clock = {
    nowMs: () => 0,
    elapsedMs: () => 0,
    random: () => 0.5,
    sleep: async (ms: number, signal: AbortSignal) => {
      if (!signal.aborted) pause += ms;
    },
  };
  await using ending = new AsyncDisposableStack();
  const loop = startLoop({
    name: 'tried',
    everyMs,
    clock,
    log,
    async work(signal) {
      if (ran++ > 0) pauses.push(pause);
      pause = 0;
      if (ran > runs) {
        done();
        // Ends with the loop.
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      }
      if (ran <= fails) throw new Error('Postgres is away');
    },
  });
  ending.defer(() => loop.stop());
  await over;
  return pauses;
}

test('an hourly work that fails is done again within seconds, then ever later, up to 5 s', async () => {
  expect(await pausesOf(5, 6, HOUR_MS)).toEqual([1_000, 2_000, 4_000, 5_000, 5_000, HOUR_MS]);
});

test('a frequent work is done again at its interval', async () => {
  expect(await pausesOf(4, 5, 2_000)).toEqual([1_000, 2_000, 2_000, 2_000, 2_000]);
  expect(await pausesOf(2, 3, 100)).toEqual([100, 100, 100]);
});

test('a run knows whether it was asked for, also when it repeats one that failed', async () => {
  const told: boolean[] = [];
  const { promise: over, resolve: done } = Promise.withResolvers<void>();
  const clock = { nowMs: () => 0, elapsedMs: () => 0, random: () => 0.5, sleep: async () => {} };
  await using ending = new AsyncDisposableStack();
  const loop = startLoop({
    name: 'tried',
    everyMs: HOUR_MS,
    clock,
    log,
    async work(signal, asked) {
      told.push(asked);
      if (told.length === 1) throw new Error('the node is away');
      if (told.length === 3) loop.nudge();
      if (told.length < 5) return;
      done();
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    },
  });
  ending.defer(() => loop.stop());
  await over;
  // The first run and its repetition; one by the interval; one that a nudge asked for; by interval.
  expect(told).toEqual([true, true, false, true, false]);
});
