// Plan fits: which planned payments are above the settings as they are now.
import { expect, test } from 'vitest';
import { outgrown } from '../../src/core/plan-fits.ts';
import { addressOf } from '../support/ledger.ts';
import { plannedPayment } from '../support/payment.ts';

const payment = (purpose: 'share' | 'top_up', amount: bigint, reimburse = 0n) =>
  plannedPayment({
    purpose,
    creatorWallet: addressOf(40),
    driftUser: addressOf(10),
    plan: { amount, reimburse },
  });
const bounds = {
  limits: { paymentMost: 10n, subscriberADayMost: 8n },
  reimbursement: { perSol: 1n, most: 2n },
  topUp: 5n,
};
const code = (...given: Parameters<typeof outgrown>) => outgrown(...given)?.code ?? null;

test('a plan at each limit fits, and one unit above it is planned anew', () => {
  expect(code(payment('share', 6n, 2n), bounds)).toBeNull();
  expect(code(payment('share', 7n, 2n), bounds)).toBe('planned_anew');
  expect(code(payment('share', 5n, 3n), bounds)).toBe('planned_anew');
  expect(code(payment('top_up', 5n), bounds)).toBeNull();
  expect(code(payment('top_up', 6n), bounds)).toBe('planned_anew');
  const noDay = { ...bounds, limits: { paymentMost: 10n, subscriberADayMost: null } };
  expect([code(payment('share', 10n), noDay), code(payment('share', 11n), noDay)]).toEqual([
    null,
    'planned_anew',
  ]);
});

test('without limits every plan fits, and without a reimbursement none that has one', () => {
  const free = { reimbursement: null, topUp: null };
  expect(code(payment('share', 10n ** 12n), free)).toBeNull();
  expect(code(payment('top_up', 10n ** 12n), free)).toBeNull();
  expect(code(payment('share', 1n, 1n), free)).toBe('planned_anew');
});
