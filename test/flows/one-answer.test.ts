// One answer: a node gives one wrong answer about a payment: a final status of bytes that are still
// on their way, or a last valid height that the blockhash does not have. No debt is paid twice.
// one-answer.long.test.ts has the cases in which no debt may end unpaid, or stay without an end.
import { expect, test } from 'vitest';
import { heights, oneStatus, openHeld } from '../support/held-payment.ts';

test('a payment that one status calls failed is not followed by another', async () => {
  await using it = await openHeld(20, true, oneStatus({ InstructionError: [3, { Custom: 1 }] }));
  await it.paid();
  it.land();
  expect(it.got()).toBe(it.owed);
  // The first payment expired, as the blocks show, and the second one landed.
  const states = (await it.payments()).map(({ state }) => state);
  expect(states.sort()).toEqual(['dead', 'landed']);
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
