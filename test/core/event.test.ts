// Event: when a delivery that failed is tried again.
import { expect, test } from 'vitest';
import { DEAD_AFTER_MS, RETRIES_MS, retryAfterMs } from '../../src/core/endpoint.ts';
import { EVENT_KINDS, EVENTS } from '../../src/core/event.ts';

const HOUR_MS = 3_600_000;

test('each attempt waits longer, over more than three days in all, and then none comes', () => {
  const waits = RETRIES_MS.map((_, at) => retryAfterMs(at + 1, 0.5));
  expect(waits).toEqual(RETRIES_MS);
  expect(RETRIES_MS.toSorted((a, b) => a - b)).toEqual(RETRIES_MS);
  expect(RETRIES_MS.slice(0, 4)).toEqual([5_000, 5 * 60_000, 30 * 60_000, 2 * HOUR_MS]);
  const allMs = RETRIES_MS.reduce((sum, each) => sum + each, 0);
  expect(allMs).toBeGreaterThan(72 * HOUR_MS);
  expect(DEAD_AFTER_MS).toBe(5 * 24 * HOUR_MS);
  expect(retryAfterMs(RETRIES_MS.length + 1, 0.5)).toBeNull();
});

test('chance moves it by a twentieth either way', () => {
  expect(retryAfterMs(1, 0)).toBe(4_750);
  expect(retryAfterMs(1, 1)).toBe(5_250);
});

test('every kind says when it is told', () => {
  expect(EVENT_KINDS.length).toBeGreaterThan(15);
  for (const kind of EVENT_KINDS) expect(EVENTS[kind]).toMatch(/\.$/);
});
