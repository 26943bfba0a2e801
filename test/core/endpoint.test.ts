// Endpoint: the delays after which an event is sent again, and the time after which it never is.
import { expect, test } from 'vitest';
import { DEAD_AFTER_MS, RETRIES_MS, retryAfterMs } from '../../src/core/endpoint.ts';

test('each failed attempt has its own delay, and after the last of them there is no other', () => {
  const delays = RETRIES_MS.map((_, nth) => retryAfterMs(nth + 1, 0.5));
  expect(delays).toEqual([...RETRIES_MS]);
  expect(retryAfterMs(1, 0.5)).toBe(5_000);
  expect(retryAfterMs(RETRIES_MS.length, 0.5)).toBe(86_400_000);
  expect(retryAfterMs(RETRIES_MS.length + 1, 0.5)).toBeNull();
});

test('the random number varies a delay by 5 % in both directions, in whole milliseconds', () => {
  expect([retryAfterMs(1, 0), retryAfterMs(1, 1)]).toEqual([4_750, 5_250]);
  expect(retryAfterMs(1, 0.123456)).toBe(4_812);
});

test('all attempts are over before an endpoint that accepts nothing is disabled', () => {
  const all = RETRIES_MS.reduce((sum, each) => sum + each * 1.05, 0);
  expect(all).toBeGreaterThan(3 * 86_400_000);
  expect(all).toBeLessThan(DEAD_AFTER_MS);
});
