// Ledger clock: follows the database and nothing that the way to it can explain.
import { expect, test } from 'vitest';
import { setByLedger } from '../../src/core/ledger-clock.ts';
import { createManualClock } from '../support/clock.ts';

/** A machine that is so far ahead of its database, and answers that take so long. */
function machine(aheadMs: number) {
  const own = createManualClock();
  const clock = setByLedger(own);
  const state = { aheadMs };
  const ask = (thereMs = 0, backMs = 0) =>
    clock.set(async () => {
      own.advance(thereMs);
      const ledgerMs = own.nowMs() - state.aheadMs;
      own.advance(backMs);
      return ledgerMs;
    });
  return { own, clock, state, ask, off: () => clock.nowMs() - (own.nowMs() - state.aheadMs) };
}

test('it shows the database’s time, however wrong the machine is, and tells by how much', async () => {
  for (const aheadMs of [0, 172_800_000, -172_800_000, 3_000]) {
    const { ask, off, clock, own } = machine(aheadMs);
    expect(clock.nowMs()).toBe(own.nowMs());
    expect(await ask()).toBe(aheadMs);
    expect(off()).toBe(0);
  }
});

test('a slow answer moves it by no more than the way there and back leaves open', async () => {
  const { ask, off, state, own } = machine(50_000);
  await ask(10, 10);
  expect(off()).toBe(0);
  // All of the delay on one side: it is at most half of it off, and such an answer alone does not
  // move it.
  await ask(0, 400);
  await ask(400, 0);
  expect(off()).toBe(0);
  state.aheadMs += 90_000;
  await ask(0, 400);
  expect(Math.abs(off())).toBeLessThanOrEqual(200);
  // The machine's clock steps back while it waits for an answer.
  const before = off();
  await ask(0, -3_600_000);
  expect(off()).toBe(before);
  expect(own.nowMs()).toBeGreaterThan(0);
});

test('a database that does not answer changes nothing', async () => {
  const { clock, ask, off } = machine(7_000);
  await ask();
  await expect(clock.set(() => Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect(off()).toBe(0);
});
