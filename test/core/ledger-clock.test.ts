// Ledger clock: it follows the database's time by no more than the duration of the request leaves
// uncertain, and follows no change of the machine's own clock.
import { expect, test } from 'vitest';
import { setByLedger } from '../../src/core/ledger-clock.ts';
import { createManualClock } from '../support/clock.ts';

const HOUR_MS = 3_600_000;

/**
 * A machine whose clock is `aheadMs` ahead of its database. `own` is time that passes; `jumpedMs`
 * is how far the machine's clock was set since.
 */
function machine(aheadMs: number) {
  const own = createManualClock();
  const state = { aheadMs, jumpedMs: 0 };
  const machineMs = () => own.nowMs() + state.jumpedMs;
  const clock = setByLedger({ ...own, nowMs: machineMs }, own.nowMs);
  const ask = (thereMs = 0, backMs = 0) =>
    clock.set(async () => {
      own.advance(thereMs);
      const ledgerMs = own.nowMs() - state.aheadMs;
      own.advance(backMs);
      return ledgerMs;
    });
  const off = () => clock.nowMs() - (own.nowMs() - state.aheadMs);
  return { own, clock, state, ask, off, machineMs };
}

test('the clock shows the database’s time on a machine with a wrong clock, and by how much that is wrong', async () => {
  for (const aheadMs of [0, 172_800_000, -172_800_000, 3_000]) {
    const { ask, off, clock, machineMs } = machine(aheadMs);
    expect(clock.nowMs()).toBe(machineMs());
    expect(await ask()).toBe(aheadMs);
    expect(off()).toBe(0);
  }
});

test('a slow answer moves it by no more than the way there and back leaves open', async () => {
  const { ask, off, state } = machine(50_000);
  await ask(10, 10);
  expect(off()).toBe(0);
  // When the whole delay is on one side, the reading is wrong by at most half the delay, and such
  // an answer alone does not move the clock.
  await ask(0, 400);
  await ask(400, 0);
  expect(off()).toBe(0);
  state.aheadMs += 90_000;
  await ask(0, 400);
  expect(Math.abs(off())).toBeLessThanOrEqual(200);
});

test.each([HOUR_MS, -HOUR_MS])(
  'a machine’s clock that is set by %d ms between two answers moves no deadline',
  async (jumpMs) => {
    const { own, clock, state, ask, off } = machine(7_000);
    await ask();
    const deadlineMs = clock.nowMs() + 30_000;
    state.jumpedMs += jumpMs;
    own.advance(10_000);
    expect(off()).toBe(0);
    expect(deadlineMs - clock.nowMs()).toBe(20_000);
    // After a jump of the machine's clock an age may only be taken for more: the machine may have
    // been suspended.
    expect(clock.latestMs() - clock.nowMs()).toBe(Math.max(0, jumpMs));
    // The machine's clock is set while the database answers.
    state.jumpedMs += jumpMs;
    expect(await ask(10, 10)).toBe(7_000 + 2 * jumpMs);
    expect(off()).toBe(0);
    expect(clock.latestMs()).toBe(clock.nowMs());
  },
);

test('a machine that was suspended learns the time with the next answer, and nothing is taken for fresh before', async () => {
  const { own, clock, state, ask, off } = machine(0);
  await ask();
  // An hour passes in which `own`, as a monotonic clock does, stands still.
  state.jumpedMs += HOUR_MS;
  state.aheadMs -= HOUR_MS;
  expect(clock.latestMs() - clock.nowMs()).toBe(HOUR_MS);
  expect(await ask()).toBe(0);
  expect(off()).toBe(0);
  expect(clock.nowMs()).toBe(own.nowMs() + HOUR_MS);
});

test('a database that does not answer changes nothing', async () => {
  const { clock, ask, off } = machine(7_000);
  await ask();
  await expect(clock.set(() => Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect(off()).toBe(0);
});

test('sleep and chance are the machine’s, and half of a request’s time is uncertain', async () => {
  const slept: number[] = [];
  const machine = {
    nowMs: () => 5_000,
    elapsedMs: () => 0,
    sleep: async (ms: number) => void slept.push(ms),
    random: () => 0.25,
  };
  let elapsedMs = 0;
  const clock = setByLedger(machine, () => elapsedMs);
  await clock.sleep(7, new AbortController().signal);
  expect(slept).toEqual([7]);
  expect(clock.random()).toBe(0.25);
  const setAt = (ledgerMs: number) =>
    clock.set(async () => {
      elapsedMs += 200;
      return ledgerMs;
    });
  // Answered in the middle of 200 ms: 100 ms off may be the request, 101 ms may not.
  await setAt(5_000 + elapsedMs + 200);
  expect(clock.nowMs()).toBe(5_000 + elapsedMs);
  await setAt(5_000 + elapsedMs + 201);
  expect(clock.nowMs()).toBe(5_000 + elapsedMs + 101);
});
