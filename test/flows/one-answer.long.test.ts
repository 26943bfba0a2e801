// One answer, the longer cases: one provider alone that gives one wrong status of a payment, a
// status that calls a payment landed, and a last valid height that the blockhash does not have.
import { expect, test } from 'vitest';
import { heights, oneStatus, openHeld } from '../support/held-payment.ts';

test('of one provider, a payment that one status calls failed is not followed by another', async () => {
  await using it = await openHeld(20, false, oneStatus({ InstructionError: [3, { Custom: 1 }] }));
  await it.paid();
  it.land();
  expect(it.got()).toBe(it.owed);
});

test.each([
  ['with a second provider', true],
  ['with one provider', false],
])('%s, a payment that one status calls landed does not end the debt', async (_, hasSecond) => {
  await using it = await openHeld(20, hasSecond, oneStatus(null));
  await it.paid();
  expect(it.got()).toBe(it.owed);
});

test('a payment with a last valid height that no chain reaches ends all the same', async () => {
  await using it = await openHeld(5, false, heights(20_000_000));
  await it.paid();
  expect(it.got()).toBe(it.owed);
});

test('a payment with a last valid height that is too low is dead when the blocks say so, and not before', async () => {
  await using it = await openHeld(20, true, heights(-149));
  await it.paid();
  it.land();
  expect(it.got()).toBe(it.owed);
  const dead = (await it.payments()).find(({ state }) => state === 'dead');
  const lowest = Number(dead?.lastValidBlockHeight) + 149;
  expect(dead?.evidence).toMatchObject({ rounds: [{ lastHeight: lowest }] });
});
