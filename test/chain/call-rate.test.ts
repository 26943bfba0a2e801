// Call rate: nothing is held back before the first 429; after it calls go at a rate that is learned
// from the refusals, and that rises while there are none. A rate of the settings holds from the
// first call on.
import { expect, test } from 'vitest';
import { createCallRate } from '../../src/chain/call-rate.ts';
import { createManualClock } from '../support/clock.ts';

/**
 * Sends calls for `seconds`, as fast as the rate lets them, each taking a millisecond, to a plan
 * that refuses more than `allowed` a second. Returns how many were answered, and the refusals.
 */
async function play(allowed: number, seconds: number, told: number | null = null) {
  const clock = createManualClock();
  const rate = createCallRate(clock, told);
  const beganMs = clock.nowMs();
  let [tokens, filledMs, answered, refused, late] = [allowed / 10, beganMs, 0, 0, 0];
  while (clock.nowMs() - beganMs < seconds * 1_000) {
    for (let n = 0; n < 3; n++) {
      await rate.take(1);
      const now = clock.nowMs();
      tokens = Math.min(allowed / 10, tokens + ((now - filledMs) * allowed) / 1_000);
      filledMs = now;
      if (tokens >= 1) {
        tokens--;
        answered++;
        continue;
      }
      refused++;
      if (now - beganMs > 10_000) late++;
      rate.refused();
      clock.advance(1_000);
    }
    clock.advance(1);
  }
  return { answered, refused, late };
}

test('without a refusal no call waits', async () => {
  const clock = createManualClock();
  const rate = createCallRate(clock);
  const beganMs = clock.nowMs();
  for (let n = 0; n < 1_000; n++) await rate.take(16);
  expect([clock.nowMs() - beganMs, rate.perSecond()]).toEqual([0, null]);
});

test.each([
  [50, 0.7],
  [200, 0.8],
  [1_000, 0.8],
])(
  'a plan of %i calls a second is used to a part of %f over a minute, with few refusals',
  async (allowed, part) => {
    const { answered, refused, late } = await play(allowed, 60);
    expect(answered).toBeGreaterThan(part * 60 * allowed);
    expect(answered).toBeLessThanOrEqual(60.2 * allowed);
    expect(refused).toBeLessThan(20);
    expect(late).toBeLessThan(12);
  },
);

test('a batch counts as its calls: the next one waits until its calls are paid', async () => {
  const clock = createManualClock();
  const rate = createCallRate(clock);
  for (let n = 0; n < 20; n++) await rate.take(10);
  rate.refused();
  // The plan answered 200 calls and refused at a rate of 2,000 a second: the learned rate is their
  // geometric mean, 632.
  expect(rate.perSecond()).toBeCloseTo(632, 0);
  const beganMs = clock.nowMs();
  for (let n = 0; n < 3; n++) await rate.take(100);
  expect(clock.nowMs() - beganMs).toBeGreaterThanOrEqual(300);
});

test('a request that goes ahead is sent before those that wait for the rate already', async () => {
  const clock = createManualClock();
  const rate = createCallRate(clock);
  await rate.take(20);
  rate.refused();
  const sent: string[] = [];
  const take = async (name: string, ahead: boolean) => {
    await rate.take(10, ahead);
    sent.push(name);
  };
  await Promise.all([
    take('one', false),
    take('two', false),
    take('three', false),
    take('withdrawal', true),
  ]);
  expect(sent).toEqual(['one', 'withdrawal', 'two', 'three']);
});

test.each([20, 50, 1_000])(
  'a node whose plan of %i calls a second is told refuses none, and the plan is used',
  async (allowed) => {
    const { answered, refused } = await play(allowed, 60, allowed);
    expect(refused).toBe(0);
    expect(answered).toBeGreaterThan(0.95 * 60 * allowed);
  },
);

test('the calls of 50 ms and a batch beyond them may be sent at once', async () => {
  const clock = createManualClock();
  const rate = createCallRate(clock, 1_000);
  const beganMs = clock.nowMs();
  for (let n = 0; n < 4; n++) await rate.take(16);
  expect(clock.nowMs() - beganMs).toBe(0);
  await rate.take(16);
  expect(clock.nowMs() - beganMs).toBeGreaterThanOrEqual(14);
});

test('a node that refuses calls at the rate it was told gets fewer, and never more than that later', async () => {
  const clock = createManualClock();
  const rate = createCallRate(clock, 100);
  expect(rate.perSecond()).toBe(100);
  await rate.take(4);
  rate.refused();
  expect(rate.perSecond()).toBeLessThan(50);
  clock.advance(60_000);
  expect(rate.perSecond()).toBe(100);
});
