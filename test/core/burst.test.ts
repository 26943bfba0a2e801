// Burst: many news within a second are a burst, which goes on for five seconds.
import { expect, test } from 'vitest';
import { createBurst } from '../../src/core/burst.ts';

test('33 news within a second are a burst; spread over more seconds they are none', () => {
  let now = 0;
  const burst = createBurst(() => now);
  burst.heard(32);
  expect(burst.on()).toBe(false);
  now = 1_000;
  burst.heard(32);
  expect(burst.on()).toBe(false);
  burst.heard(1);
  expect(burst.on()).toBe(true);
  now = 5_999;
  expect(burst.on()).toBe(true);
  now = 6_000;
  expect(burst.on()).toBe(false);
  // A change during the burst belongs to the burst, also when it is asked about later.
  expect([burst.onSince(5_999), burst.onSince(6_000)]).toEqual([true, false]);
});
