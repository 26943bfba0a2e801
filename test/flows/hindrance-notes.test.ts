// Hindrance notes: the ledger shows why a payment does not land for as long as that lasts, also
// after it lost the note or the node did not answer.
import { expect, test } from 'vitest';
import { aftermath } from '../../src/core/aftermath.ts';
import { Fault } from '../../src/core/fault.ts';
import type { PaymentPlan } from '../../src/core/payment.ts';
import { createHindrance } from '../../src/flows/hindrance.ts';
import { silentLog } from '../../src/system/log.ts';
import { DRIFT_PROFILE, PROGRAM_ID } from '../../src/venue/drift-v2/profile.ts';
import { classify } from '../../src/venue/errors.ts';
import { createManualClock } from '../support/clock.ts';
import { bytes, paymentFor, withShare } from '../support/one-share.ts';

/**
 * A payment of one debt that was sent, with this fee payer. `ask` has it simulated with this
 * answer, and returns what the daemon says and what the ledger shows of the debt.
 */
async function sentPayment(feePayer: PaymentPlan['feePayer'] = 'agent') {
  const { share, ...held } = await withShare();
  const { payments, shares } = held.ledger;
  const planned = paymentFor(share.id, share.amount, held.driftAccount);
  const payment = { ...planned, plan: { ...planned.plan, feePayer } };
  await payments.open(payment);
  await payments.signed(payment.id, bytes);
  await payments.sent(payment.id, bytes.signature, 0);
  const clock = createManualClock();
  let error: unknown = null;
  const simulateBytes = async () => {
    if (error instanceof Error) throw error;
    return { error, programs: [PROGRAM_ID], logs: [] };
  };
  const venues = {
    of: () => ({
      trouble: (found: unknown, programs: never[]) =>
        classify(DRIFT_PROFILE, found, programs, [], String),
    }),
  };
  const ports = { ledger: held.ledger, chain: { simulateBytes }, venues, clock, log: silentLog };
  const hindrance = createHindrance(ports as never, 1_000);
  await hindrance.of(payment, bytes);
  return {
    payments,
    payment,
    async ask(answer: unknown, afterMs = 1_000) {
      error = answer;
      clock.advance(afterMs);
      const said = await hindrance.of(payment, bytes);
      const shown = (await shares.find(share.id))?.reason ?? null;
      return { said: said?.code ?? null, shown: shown?.code ?? null, class: shown?.class ?? null };
    },
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}
const NOTHING = { said: null, shown: null, class: null };
const NEEDS_SOL = {
  said: 'InsufficientFundsForFee',
  shown: 'InsufficientFundsForFee',
  class: 'needs_sol',
};

test('a note that the ledger lost, or that another daemon removed, is there again after the next simulation', async () => {
  await using held = await sentPayment();
  const { payments, payment, ask } = held;
  expect(await ask('InsufficientFundsForFee')).toEqual(NEEDS_SOL);
  await payments.hindered(payment.id, null);
  expect(await ask('InsufficientFundsForFee')).toEqual(NEEDS_SOL);
  expect(await ask(null)).toEqual(NOTHING);
});

test('a node without an answer changes no note, neither sets one nor removes one', async () => {
  await using held = await sentPayment();
  const { ask } = held;
  const silent = new Fault('rpc_unavailable', 'simulateTransaction: HTTP 503');
  expect(await ask(silent)).toEqual(NOTHING);
  expect(await ask('InsufficientFundsForFee')).toEqual(NEEDS_SOL);
  expect(await ask(silent)).toEqual(NEEDS_SOL);
  // The next simulation is due as long after the question without an answer.
  expect(await ask(null, 999)).toEqual(NEEDS_SOL);
  expect(await ask(null, 1)).toEqual(NOTHING);
  await expect(ask(new TypeError('a fault of the code'))).rejects.toThrow('a fault of the code');
});

test('SOL that the sponsor lacks is no trouble of the agent', async () => {
  await using held = await sentPayment('sponsor');
  expect(await held.ask('InsufficientFundsForFee')).toEqual({
    said: 'sponsor_needs_sol',
    shown: 'sponsor_needs_sol',
    class: 'needs_sol',
  });
});

test('an error that leaves a debt to a person is one to try again while the payment is on its way', async () => {
  await using held = await sentPayment();
  // The recipient's token account is frozen.
  const frozen = { InstructionError: [0, { Custom: 17 }] };
  const found = classify(DRIFT_PROFILE, frozen, [PROGRAM_ID], [], String);
  expect(aftermath(found)).toMatchObject({ status: 'failed' });
  expect(await held.ask(frozen)).toMatchObject({ shown: found.code, class: 'unexpected' });
});
