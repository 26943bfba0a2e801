// Charges: what closes owe under the rules and splits of terms, as the ledger books it, and what
// the database refuses.
import { expect, test } from 'vitest';
import { accrualOf } from '../../src/core/accrual.ts';
import type { Owed } from '../../src/core/charge.ts';
import type { Debt } from '../../src/core/debt.ts';
import { explanationOf } from '../../src/core/explain.ts';
import type { Address } from '../../src/core/ids.ts';
import type { PaidTo, Payment, PaymentPlan } from '../../src/core/payment.ts';
import { judge } from '../../src/core/standing.ts';
import type { Trouble } from '../../src/core/trouble.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import type { Transaction } from '../../src/ledger/database.ts';
import { silentLog } from '../../src/system/log.ts';
import { ACCOUNT, agree, ana, answers, close, open, state, USDC } from '../support/closes.ts';
import { forgetAgreements, withoutGuards } from '../support/guards.ts';
import { addressOf, CREATOR, closeFact, createTestLedger, recordFact } from '../support/ledger.ts';
import { paymentOfDebts } from '../support/payment.ts';

test('a hurdle, a cap of a period and a free period each have their reason, and their figures are kept', async () => {
  await using held = await createTestLedger();
  await forgetAgreements(held.sql);
  const rules = { capPerPeriod: 4n * USDC, hurdle: 10n * USDC, freeBeforeSlot: 15 };
  await agree(held, 2, { ...rules, basis: 'high_water_mark', periodSlots: 1_000 });
  await held.ledger.checks.begin(ana, state(100));
  for (const [n, netPnl] of [
    [12, 4n * USDC],
    [14, 16n * USDC],
    [16, 30n * USDC],
    [18, 30n * USDC],
    [20, 30n * USDC],
    [1_016, 9n * USDC],
  ] as const) {
    await open(held, n - 1);
    await close(held, n, netPnl);
  }
  await held.sql`update account_check set baseline = jsonb_set(baseline, '{slot}', '2000')`;
  while ((await accrueCloses(held.ledger, silentLog)).length > 0);
  const found = await answers(held);
  expect(found.map((each) => [each.reason, each.amount])).toEqual([
    ['free_period', 0n],
    ['free_period', 0n],
    [null, 3n * USDC],
    [null, 1n * USDC],
    ['capped', 0n],
    ['below_hurdle', 0n],
  ]);
  expect(found[1]?.parts[0]).toMatchObject({
    hurdled: 6n * USDC,
    charged: 10n * USDC,
    allowed: 0n,
  });
  expect(found[3]?.sentence).toContain('is more than the cap allows; 1.000000 USDC is owed');
  const kept = await held.ledger.subscriptions.find('ana-sub');
  expect(kept?.tabs).toEqual({
    2: { carry: 0n, deficit: 0n, counted: { since: 1_002, hurdled: 9n * USDC, owed: 0n } },
  });
  expect(kept?.terms[0]).toMatchObject({ ...rules, periodSlots: 1_000, profit: 'net' });
});

/**
 * Opens payments of the debts to all recipients: the ledger refuses each that does not pay to every
 * recipient what it covers, and the last one, which does, is refused before it is signed.
 */
async function payTogether(
  { ledger, sql }: Awaited<ReturnType<typeof createTestLedger>>,
  due: readonly Debt[],
): Promise<void> {
  const good = paymentOfDebts(due);
  const { recipients = [] } = good.plan;
  expect(recipients.map((each) => each.amount)).toEqual([2_400_002n, 450_000n, 150_000n]);
  const opening = (change: Partial<PaymentPlan>) =>
    expect(ledger.payments.open({ ...good, plan: { ...good.plan, ...change } })).rejects;
  const [first, second, third] = recipients as [PaidTo, PaidTo, PaidTo];
  await opening({ recipients: [first, second] }).toThrow(/does not pay the recipient/);
  const shifted = [{ ...first, amount: first.amount + 1n }, { ...second, amount: 449_999n }, third];
  await opening({ recipients: shifted }).toThrow(/does not pay the recipient/);
  const { covers } = good.plan;
  const less = covers.filter(
    (each) => due.find((debt) => debt.shareId === each.shareId)?.slot !== 11,
  );
  await opening({ covers: less, amount: good.plan.amount + 1n }).toThrow(/do not add up/);
  await opening({ recipients: [second, first, third] }).toThrow(/do not add up/);
  expect(await ledger.payments.open(good)).toBe(true);
  const inOrder = (payment: Payment) => ({
    ...payment,
    plan: {
      ...payment.plan,
      covers: payment.plan.covers.toSorted((a, b) => (a.shareId < b.shareId ? -1 : 1)),
    },
  });
  const read = await ledger.payments.live('ana');
  expect(read && inOrder(read)).toEqual(inOrder(good));
  const listed = async (wallet: Address) =>
    (await ledger.payments.list({ creatorWallet: wallet, limit: 9 })).map((each) => each.id);
  expect(await listed(third.wallet)).toEqual(['p1']);
  await expect(sql`update payment_recipient set amount = amount + 1`).rejects.toThrow(
    /never changed/,
  );
  await expect(sql`delete from payment_recipient`).rejects.toThrow(/never changed/);
  const trouble: Trouble = { class: 'retry_soon', code: 'expired', detail: 'as it was' };
  expect(await ledger.payments.refused('p1', trouble, 0, true)).toBe(true);
  // The debts of a payment to several that failed are paid apart.
  expect((await ledger.shares.due('ana')).map((each) => each.apart)).toEqual(due.map(() => true));
}

/** One unit more for each recipient. */
const more = (all: readonly Owed[]): Owed[] =>
  all.map((each) => ({ ...each, amount: each.amount + 1n }));

test('each recipient of a share has a debt of its own, and together they are what the close owes', async () => {
  await using held = await createTestLedger();
  await forgetAgreements(held.sql);
  const [ref, house] = [addressOf(71), addressOf(72)];
  const split = { offCurve: false, minimumPayment: 0n, label: null };
  const splits = [
    { ...split, wallet: ref, shareBps: 150, minimumPayment: 9n * USDC, label: 'referrer' },
    { ...split, wallet: house, shareBps: 50 },
  ];
  await agree(held, 2, { splits });
  expect((await held.ledger.subscriptions.find('ana-sub'))?.terms[0]?.splits).toEqual(splits);
  await close(held, 10, 30n * USDC + 17n);
  await close(held, 11, 9n);
  await accrueCloses(held.ledger, silentLog);
  const listed = await held.ledger.shares.list({ limit: 10 });
  const told = listed.map((each) => [
    each.recipient,
    each.creatorWallet,
    each.shareBps,
    each.amount,
  ]);
  expect(told.toSorted((a, b) => Number(a[0]) - Number(b[0]))).toEqual([
    [0, CREATOR, 800, 1n],
    [0, CREATOR, 800, 2_400_001n],
    [1, ref, 150, 450_000n],
    [2, house, 50, 150_000n],
  ]);
  expect(listed.map((each) => each.label).toSorted()).toEqual([null, null, null, 'referrer']);
  const [found] = await answers(held);
  expect(found?.amount).toBe(3_000_001n);
  expect(found?.parts[0]?.shares.map((each) => each.recipient)).toEqual([0, 1, 2]);
  expect(found?.sentence).toContain(`Of it 2.400001 USDC to ${CREATOR}`);
  const due = await held.ledger.shares.due('ana');
  expect(new Map(due.map((each) => [each.creatorWallet, each.minimum]))).toEqual(
    new Map([
      [CREATOR, 0n],
      [ref, 9n * USDC],
      [house, 0n],
    ]),
  );
  await payTogether(held, due);
  const own = listed.find((each) => each.creatorWallet === ref);
  const explained = await explanationOf(held.ledger.shares, own?.id ?? '');
  expect(explained?.steps.find(({ name }) => name === 'part')?.value).toBe('450000');
  expect(explained?.sentence).toContain(`0.450000 USDC, 1.5 % of the profit, goes to ${ref}`);
  const entry = await held.ledger.standings.update('ana', judge);
  expect(entry.outstanding).toBe(3_000_002n);
  expect(await held.ledger.creators.isCreator(house)).toBe(true);
  // A booking that leaves a recipient out, or gives one more, is refused as a whole.
  await close(held, 12, 30n * USDC);
  const [waiting] = await held.ledger.shares.unaccrued(1);
  if (waiting === undefined) throw new Error('no close waits');
  const accrued = accrualOf(waiting.fact.body, 12, waiting.subscription, waiting.history);
  for (const owed of [(all: readonly Owed[]) => all.slice(1), more])
    await expect(
      held.ledger.shares.book(waiting, {
        ...accrued,
        bookings: accrued.bookings.map((each) => ({ ...each, owed: owed(each.owed) })),
      }),
    ).rejects.toThrow(/do not add up/);
  expect(await held.ledger.shares.book(waiting, accrued)).toBe(true);
});

test('the database refuses splits that do not fit, and agents as recipients', async () => {
  await using held = await createTestLedger();
  await forgetAgreements(held.sql);
  const split = { shareBps: 400, offCurve: false, minimumPayment: 0n, label: null };
  const refused = (wallet: string, more: object = {}) =>
    expect(agree(held, 2, { splits: [{ ...split, wallet: wallet as Address, ...more }] })).rejects;
  await refused(addressOf(71), { shareBps: 1_001 }).toThrow(/do not fit/);
  await refused(CREATOR).toThrow(/do not fit/);
  await refused(ACCOUNT).toThrow(/is an agent wallet/);
  await refused(addressOf(71), { label: 'x'.repeat(41) }).toThrow(/terms_split_label/);
  await agree(held, 2, { splits: [{ ...split, wallet: addressOf(71) }] });
  await expect(held.sql`delete from terms_split`).rejects.toThrow(/never changed/);
});

test('the gross profit owes where the net profit is a loss', async () => {
  await using held = await createTestLedger();
  await forgetAgreements(held.sql);
  await agree(held, 2, { profit: 'gross' });
  const lost = closeFact(10, -1n * USDC, { account: ACCOUNT, slot: 10 });
  const fees = { grossPnl: 2n * USDC, fee: 3n * USDC };
  await recordFact(held.ledger, { ...lost, body: { ...lost.body, ...fees } }, 'finalized');
  await accrueCloses(held.ledger, silentLog);
  const [found] = await answers(held);
  expect(found).toMatchObject({ reason: null, amount: 200_000n });
  const [share] = await held.ledger.shares.list({ limit: 1 });
  const explained = await explanationOf(held.ledger.shares, share?.id ?? '');
  expect(explained?.steps.find(({ name }) => name === 'grossProfit')?.value).toBe('2000000');
});

test('the database refuses a part that the rules of its terms do not give', async () => {
  await using held = await createTestLedger();
  await close(held, 10, 30n * USDC);
  await accrueCloses(held.ledger, silentLog);
  const breach = (change: (tx: Transaction) => Promise<unknown>) =>
    expect(withoutGuards(held.sql, change)).rejects;
  await breach((tx) => tx`update accrual set hurdled = 1`).toThrow(/accrual_charged/);
  await breach((tx) => tx`update accrual set profit = 'gross', fees = 1`).toThrow(
    /accrual_charged/,
  );
  await breach((tx) => tx`update accrual set profit = 'half'`).toThrow(
    /accrual_charged|accrual_profit/,
  );
  await breach((tx) => tx`update accrual set allowed = amount - 1`).toThrow(/accrual_allowed/);
  await breach((tx) => tx`update accrual set amount = amount - 1, allowed = amount`).toThrow(
    /accrual_share/,
  );
  await breach((tx) => tx`update accrual set since_after = -1`).toThrow(/accrual_counted/);
  await breach((tx) => tx`update subscription_terms set cap_per_period = -1`).toThrow(
    /subscription_terms_cap_per_period/,
  );
  await breach((tx) => tx`update subscription_terms set profit = 'half'`).toThrow(
    /subscription_terms_profit/,
  );
});
