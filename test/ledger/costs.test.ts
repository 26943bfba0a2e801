// Costs: the costs of payments on chain decide how often an account was opened and how much the
// sponsor gave.

import { expect, test } from 'vitest';
import type { UnreadCost } from '../../src/core/cost-ports.ts';
import type { Payment } from '../../src/core/payment.ts';
import type { TransactionCost } from '../../src/core/payment-cost.ts';
import type { SenderTip } from '../../src/core/sender-tip.ts';
import { USDC } from '../../src/core/token.ts';
import { troubled } from '../../src/core/trouble.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { createOverview } from '../../src/ledger/overview.ts';
import { silentLog } from '../../src/system/log.ts';
import {
  addressOf,
  CREATOR,
  closeFact,
  createTestLedger,
  recordFact,
  signatureOf,
  type TestLedger,
} from '../support/ledger.ts';
import { bytes, openNonce, paymentFor, withShare } from '../support/one-share.ts';
import { paymentOfDebts } from '../support/payment.ts';
import { costsIn } from '../support/rows.ts';

const SPONSOR = addressOf(700);
const TIP: SenderTip = { lamports: 7_000n, account: addressOf(702) };

/** Pays the next debt of a subscriber, as far as the ledger goes. */
async function pay(
  { ledger, driftAccount }: TestLedger,
  n: number,
  more: Partial<Payment['plan']> = {},
  end: 'landed' | 'failed' = 'landed',
): Promise<Payment> {
  await recordFact(
    ledger,
    closeFact(n, 100_000_000n, { slot: 50 + n, account: driftAccount }),
    'finalized',
  );
  await accrueCloses(ledger, silentLog);
  const [due] = await ledger.shares.due('ana');
  if (due === undefined) throw new Error('nothing is due');
  const payment = paymentOfDebts([due], {
    id: `p${n}`,
    plan: { feePayer: 'sponsor', createCreatorAccount: true, ...more },
  });
  await ledger.payments.open(payment);
  const signature = signatureOf(500 + n);
  await ledger.payments.signed(payment.id, {
    signature,
    bytes: new Uint8Array(1),
    lastValidBlockHeight: 1,
    blockhashSlot: 1,
  });
  await ledger.payments.sent(payment.id, signature, 1);
  if (end === 'landed') await ledger.payments.landed(payment.id, 60 + n, signature);
  const why = troubled('overtaken', 'no');
  if (end !== 'landed') await ledger.payments.failed(payment.id, 60 + n, why, 0, false, signature);
  return payment;
}

const cost = (more: Partial<TransactionCost> = {}): TransactionCost => ({
  payer: SPONSOR,
  failed: false,
  fee: 10_000n,
  opened: [],
  ...more,
});

test('an opening that was planned counts once it is known to have happened, whatever the plan said', async () => {
  await using t = await createTestLedger();
  const { ledger } = t;
  for (const n of [1, 2]) await pay(t, n);
  expect(await ledger.costs.openings(CREATOR, USDC.mint)).toEqual({ known: 0, unread: 2 });
  const [first, second] = await ledger.costs.unread(10);
  if (first === undefined || second === undefined) throw new Error('both are unread');
  await ledger.costs.record(first, cost());
  const account = addressOf(701);
  await ledger.costs.record(
    second,
    cost({ opened: [{ account, owner: CREATOR, lamports: 2_039_280n }] }),
  );
  expect(await ledger.costs.openings(CREATOR, USDC.mint)).toEqual({ known: 1, unread: 0 });
  expect(await ledger.costs.unread(10)).toEqual([]);
  expect(await ledger.costs.ofSponsor(SPONSOR, 'ana', CREATOR)).toEqual({
    all: { lamports: 2_059_280n, unread: 0 },
    subscriber: { lamports: 2_059_280n, unread: 0 },
    creator: { lamports: 2_059_280n, unread: 0 },
    failures: 0,
  });
  expect(await ledger.costs.ofSponsor(SPONSOR, 'bo', addressOf(9))).toMatchObject({
    subscriber: { lamports: 0n },
    creator: { lamports: 0n },
  });
});

test('payments without a cost are listed from any of them on, also from one that has its cost by now', async () => {
  await using t = await createTestLedger();
  const { ledger, sql } = t;
  for (const n of [1, 2, 3]) await pay(t, n);
  // Two of them ended in the same statement.
  await sql`update payment set ended_at = (select ended_at from payment where payment_id = 'p1') where payment_id = 'p2'`;
  const idsFrom = async (after: UnreadCost | null | undefined, limit = 10) =>
    (await ledger.costs.unread(limit, after)).map((each) => each.paymentId);
  const [first, second, third] = await ledger.costs.unread(10);
  expect(await idsFrom(null)).toEqual(['p1', 'p2', 'p3']);
  expect(await idsFrom(first, 1)).toEqual(['p2']);
  if (second === undefined) throw new Error('it is unread');
  await ledger.costs.record(second, cost());
  expect(await idsFrom(second)).toEqual(['p3']);
  expect(await idsFrom(third)).toEqual([]);
});

test('a payment counts before its cost is read, a failed one as a failure, and yesterday not at all', async () => {
  await using t = await createTestLedger();
  const { ledger, sql } = t;
  await pay(t, 1);
  expect((await ledger.costs.ofSponsor(SPONSOR, 'ana', CREATOR)).all).toEqual({
    lamports: 0n,
    unread: 1,
  });
  const [first] = await ledger.costs.unread(10);
  if (first === undefined) throw new Error('it is unread');
  await ledger.costs.record(first, cost({ failed: true }));
  expect(await ledger.costs.ofSponsor(SPONSOR, 'ana', CREATOR)).toMatchObject({
    subscriber: { lamports: 10_000n, unread: 0 },
    failures: 1,
  });
  await sql`update payment_cost set at = now() - interval '25 hours'`;
  expect(await ledger.costs.ofSponsor(SPONSOR, 'ana', CREATOR)).toMatchObject({
    all: { lamports: 0n, unread: 0 },
    failures: 0,
  });
});

test('the fee of a cancellation counts for the sponsor, before it is read and for a payment of the agent, too', async () => {
  await using held = await withShare();
  const { ledger } = held;
  const planned = paymentFor(held.share.id, held.share.amount);
  const nonce = await openNonce(ledger);
  await ledger.payments.open({ ...planned, plan: { ...planned.plan, feePayer: 'agent' }, nonce });
  await ledger.payments.signed('p1', bytes);
  await ledger.payments.sent('p1', bytes.signature, 0);
  const spent = async () => (await ledger.costs.ofSponsor(SPONSOR, 'ana', CREATOR)).subscriber;
  expect(await spent()).toEqual({ lamports: 0n, unread: 0 });
  const by = { signature: signatureOf(503), slot: 9, own: true };
  await ledger.payments.overtaken('p1', by, troubled('overtaken', 'cancelled'), 0);
  expect(await spent()).toEqual({ lamports: 0n, unread: 1 });
  const [unread] = await ledger.costs.unread(10);
  expect(unread).toMatchObject({ paymentId: 'p1', signature: by.signature });
  if (unread === undefined) throw new Error('it is unread');
  await ledger.costs.record(unread, cost({ fee: 5_700n }));
  expect(await spent()).toEqual({ lamports: 5_700n, unread: 0 });
  expect(await ledger.costs.unread(10)).toEqual([]);
});

test('the sum signed within a day is known after a restart, swaps for SOL included', async () => {
  await using t = await createTestLedger();
  const payment = await pay(t, 1);
  const { amount } = payment.plan;
  expect(await t.ledger.costs.signedToday('ana', USDC.mint)).toBe(amount);
  const swap: Payment = {
    ...payment,
    id: 'swap',
    purpose: 'top_up',
    plan: { ...payment.plan, amount: 7n, covers: [], feePayer: 'agent' },
  };
  await t.ledger.payments.open({
    ...swap,
    plan: { ...swap.plan, createCreatorAccount: false },
  });
  expect(await t.ledger.costs.signedToday('ana', USDC.mint)).toBe(amount);
  await t.ledger.payments.signed('swap', {
    signature: signatureOf(900),
    bytes: new Uint8Array(1),
    lastValidBlockHeight: 1,
    blockhashSlot: 1,
  });
  expect(await t.ledger.costs.signedToday('ana', USDC.mint)).toBe(amount + 7n);
  expect(await t.ledger.costs.signedToday('bo', USDC.mint)).toBe(0n);
  // Two lanes that ask at the same moment share a statement.
  const asked = ['ana', 'ana', 'bo'].map((id) => t.ledger.costs.signedToday(id, USDC.mint));
  expect(await Promise.all(asked)).toEqual([amount + 7n, amount + 7n, 0n]);
  // The swap may still land, and the payment landed within the day.
  await t.sql`update payment set planned_at = now() - interval '25 hours'`;
  expect(await t.ledger.costs.signedToday('ana', USDC.mint)).toBe(amount + 7n);
  await t.sql`update payment set ended_at = now() - interval '25 hours' where state = 'landed'`;
  expect(await t.ledger.costs.signedToday('ana', USDC.mint)).toBe(7n);
  await t.ledger.payments.sent('swap', signatureOf(900), 1);
  const expired = troubled('expired', 'never executed');
  await t.ledger.payments.dead('swap', signatureOf(900), [], expired, 0);
  expect(await t.ledger.costs.signedToday('ana', USDC.mint)).toBe(0n);
});

test('a tip counts for the sponsor as planned, and as paid once the payment has landed; a failed payment paid none', async () => {
  await using t = await createTestLedger();
  const { ledger } = t;
  const spent = async (creator = CREATOR) => {
    const { all, subscriber, creator: to } = await ledger.costs.ofSponsor(SPONSOR, 'ana', creator);
    return [all.lamports, subscriber.lamports, to.lamports, all.unread];
  };
  await pay(t, 1, { tip: TIP });
  expect(await spent()).toEqual([7_000n, 7_000n, 7_000n, 1]);
  expect(await spent(addressOf(9))).toEqual([7_000n, 7_000n, 0n, 1]);
  const [first] = await ledger.costs.unread(10);
  if (first === undefined) throw new Error('it is unread');
  await ledger.costs.record(first, cost());
  expect(await spent()).toEqual([17_000n, 17_000n, 17_000n, 0]);
  expect(await costsIn(t)).toMatchObject([{ tip: 7_000n, fee: 10_000n }]);
  const [{ rent = 0n } = {}] = await costsIn(t);
  expect(await createOverview(t.sql).spentInAWeek(SPONSOR)).toBe(17_000n + rent);
  await pay(t, 2, { tip: TIP }, 'failed');
  const [second] = await ledger.costs.unread(10);
  if (second === undefined) throw new Error('it is unread');
  await ledger.costs.record(second, cost({ failed: true }));
  expect(await spent()).toEqual([27_000n, 27_000n, 27_000n, 0]);
});

test('a tip stands on the payment before it is signed, and never changes', async () => {
  await using t = await createTestLedger();
  const { ledger, sql } = t;
  await pay(t, 1, { tip: TIP });
  await pay(t, 2);
  const listed = await ledger.payments.list({ limit: 10 });
  expect(listed.map(({ id, tip }) => [id, tip])).toEqual([
    ['p2', null],
    ['p1', TIP],
  ]);
  for (const change of [
    sql`update payment set tip = 7001 where payment_id = 'p1'`,
    sql`update payment set tip_account = ${addressOf(703)} where payment_id = 'p1'`,
    sql`update payment set tip = null, tip_account = null where payment_id = 'p1'`,
    sql`update payment set tip = 1, tip_account = ${addressOf(703)} where payment_id = 'p2'`,
  ])
    await expect(change).rejects.toThrow('the tip of a payment is never changed');
});

test.each([
  ['of nothing', { lamports: 0n, account: addressOf(702) }],
  ['without an account', { lamports: 1n }],
  ['without lamports', { account: addressOf(702) }],
])('a tip %s is refused by the database', async (_, tip) => {
  await using t = await createTestLedger();
  await expect(pay(t, 1, { tip: tip as SenderTip })).rejects.toThrow('payment_tip_whole');
});
