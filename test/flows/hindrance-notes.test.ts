// Hindrance notes: the ledger shows why a payment does not land for as long as that lasts, also
// after it lost the note.
import { expect, test } from 'vitest';
import { createHindrance } from '../../src/flows/hindrance.ts';
import { silentLog } from '../../src/system/log.ts';
import { DRIFT_PROFILE } from '../../src/venue/drift-v2/profile.ts';
import { classify } from '../../src/venue/errors.ts';
import { createManualClock } from '../support/clock.ts';
import { bytes, paymentFor, withShare } from '../support/one-share.ts';

test('a note that the ledger lost, or that another daemon removed, is there again after the next simulation', async () => {
  const { share, ...held } = await withShare();
  await using _ = held;
  const { payments, shares } = held.ledger;
  const payment = paymentFor(share.id, share.amount, held.driftAccount);
  await payments.open(payment);
  await payments.signed(payment.id, bytes);
  await payments.sent(payment.id, bytes.signature, 0);
  const clock = createManualClock();
  const answer: { error: unknown } = { error: 'InsufficientFundsForFee' };
  const chain = { simulateBytes: async () => ({ ...answer, programs: [], logs: [] }) };
  const trouble = (error: unknown) => classify(DRIFT_PROFILE, error, [], [], String);
  const venues = { of: () => ({ trouble }) };
  const ports = { ledger: held.ledger, chain, venues, clock, log: silentLog };
  const hindrance = createHindrance(ports as never, 1_000);
  const ask = async () => {
    clock.advance(1_000);
    await hindrance.of(payment, bytes);
    return (await shares.find(share.id))?.reason?.class ?? null;
  };
  await ask();
  expect(await ask()).toBe('needs_sol');
  await payments.hindered(payment.id, null);
  expect(await ask()).toBe('needs_sol');
  answer.error = null;
  expect(await ask()).toBeNull();
});
