// Metrics: a gauge whose reading takes long is read less often.
import { expect, test } from 'vitest';
import { createMetrics } from '../../src/system/metrics.ts';
import { createManualClock } from '../support/clock.ts';

/** Metrics with one gauge, whose reading takes so many milliseconds. */
function gaugeThatTakes(tookMs: number) {
  const clock = createManualClock();
  const metrics = createMetrics(clock);
  let reads = 0;
  metrics.gauge({
    name: 'bailiff_tried',
    help: 'x',
    labels: [],
    async read() {
      reads++;
      clock.advance(tookMs);
      return [];
    },
  });
  return {
    clock,
    /** Asks for a sample, and returns how often the gauge has been read. */
    async sampled() {
      await metrics.sample();
      return reads;
    },
  };
}

test.each([
  ['for a hundred times as long', 100, 10_000],
  ['for 30 s at most', 9_000, 30_000],
])('after a reading a gauge rests %s', async (_, tookMs, restsMs) => {
  const { clock, sampled } = gaugeThatTakes(tookMs);
  // The first reading is the slow one of a start, so the gauge does not rest after it.
  expect([await sampled(), await sampled()]).toEqual([1, 2]);
  clock.advance(restsMs - tookMs - 1);
  expect(await sampled()).toBe(2);
  clock.advance(1);
  expect(await sampled()).toBe(3);
});

test('a gauge whose reading takes no time is read in each sample', async () => {
  const { sampled } = gaugeThatTakes(0);
  expect([await sampled(), await sampled()]).toEqual([1, 2]);
});

test('a gauge that rests is read at once after the clock was set back', async () => {
  const { clock, sampled } = gaugeThatTakes(100);
  expect([await sampled(), await sampled(), await sampled()]).toEqual([1, 2, 2]);
  clock.advance(-3_600_000);
  expect(await sampled()).toBe(3);
});
