// Metrics: a gauge whose reading takes long is read less often.
import { expect, test } from 'vitest';
import { createMetrics } from '../../src/system/metrics.ts';
import { createManualClock } from '../support/clock.ts';

test.each([
  ['at once', 0, 0],
  ['for a hundred times as long', 100, 10_000],
  ['for 30 s at most', 9_000, 30_000],
])('after a reading a gauge rests %s', async (_, tookMs, restsMs) => {
  const clock = createManualClock();
  const metrics = createMetrics(clock);
  let reads = 0;
  metrics.gauge({
    ...{ name: 'bailiff_tried', help: 'x', labels: [] },
    async read() {
      reads++;
      clock.advance(tookMs);
      return [];
    },
  });
  const beganMs = clock.nowMs();
  await metrics.sample();
  clock.advance(Math.max(0, beganMs + restsMs - 1 - clock.nowMs()));
  await metrics.sample();
  expect(reads).toBe(restsMs === 0 ? 2 : 1);
  clock.advance(1);
  await metrics.sample();
  expect(reads).toBe(restsMs === 0 ? 3 : 2);
});

test('a gauge that rests is read at once after the clock was set back', async () => {
  const clock = createManualClock();
  const metrics = createMetrics(clock);
  let reads = 0;
  metrics.gauge({
    ...{ name: 'bailiff_tried', help: 'x', labels: [] },
    async read() {
      reads++;
      clock.advance(100);
      return [];
    },
  });
  await metrics.sample();
  await metrics.sample();
  expect(reads).toBe(1);
  clock.advance(-3_600_000);
  await metrics.sample();
  expect(reads).toBe(2);
});
