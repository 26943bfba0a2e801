// Burst: many news within a second are a burst, which goes on for five seconds.
import { expect, test } from 'vitest';
import { createBurst } from '../../src/core/burst.ts';

test('33 news within a second are a burst; spread over more seconds they are none', () => {
  let now = 0;
  const burst = createBurst(() => now);
  burst.named(32);
  expect(burst.on()).toBe(false);
  now = 1_000;
  burst.named(32);
  expect(burst.on()).toBe(false);
  burst.named(1);
  expect(burst.on()).toBe(true);
  now = 5_999;
  expect(burst.on()).toBe(true);
  now = 6_000;
  expect(burst.on()).toBe(false);
  // A change during the burst belongs to the burst, also when it is asked about later.
  expect([burst.onSince(5_999), burst.onSince(6_000)]).toEqual([true, false]);
});

test('changes of accounts and transactions that webhooks name count together', () => {
  const burst = createBurst(() => 0);
  burst.named(30);
  for (const each of ['ana', 'ana']) burst.changed(each);
  expect(burst.on()).toBe(false);
  burst.changed('ana');
  expect(burst.on()).toBe(true);
});

test('a daemon that follows a tenth of the subscribers counts a change ten times, once four subscribers change', () => {
  let [now, share] = [0, 0.1];
  const burst = createBurst(
    () => now,
    () => share,
  );
  for (const each of ['ana', 'ana', 'ana', 'bo', 'eve']) burst.changed(each);
  expect(burst.on()).toBe(false);
  now = 1_000;
  // Of the second before, nothing counts.
  burst.changed('joe');
  expect(burst.on()).toBe(false);
  for (const each of ['ana', 'bo']) burst.changed(each);
  expect(burst.on()).toBe(false);
  burst.changed('eve');
  expect(burst.on()).toBe(true);
  now = 10_000;
  share = 0.5;
  for (let n = 0; n < 16; n++) burst.changed(`s${n}`);
  expect(burst.on()).toBe(false);
  burst.changed('s16');
  expect(burst.on()).toBe(true);
});
