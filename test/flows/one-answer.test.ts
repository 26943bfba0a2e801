// One answer: one status calls a payment failed whose bytes are still on their way. The debt is not
// paid twice. one-answer.long.test.ts has the other wrong answers about a payment.
import { expect, test } from 'vitest';
import { oneStatus, openHeld } from '../support/held-payment.ts';

test('a payment that one status calls failed is not followed by another', async () => {
  await using it = await openHeld(20, true, oneStatus({ InstructionError: [3, { Custom: 1 }] }));
  await it.paid();
  it.land();
  expect(it.got()).toBe(it.owed);
  // The first payment expired, as the blocks show, and the second one landed.
  const states = (await it.payments()).map(({ state }) => state);
  expect(states.sort()).toEqual(['dead', 'landed']);
});
