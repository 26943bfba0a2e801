// Closes: every close has an answer: its share, or the reason why nothing is owed, by what the
// ledger has on record.
import { expect, test } from 'vitest';
import { explanationOf } from '../../src/core/explain.ts';
import type { Fact, FactBody } from '../../src/core/fact.ts';
import { NOTHING_OWED, outcomeOf } from '../../src/core/outcome.ts';
import { type AccountState, NO_COUNTERS } from '../../src/core/reckoning.ts';
import type { Terms } from '../../src/core/terms.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import type { Transaction } from '../../src/ledger/database.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { silentLog } from '../../src/system/log.ts';
import { forgetAgreements, withoutGuards } from '../support/guards.ts';
import {
  addressOf,
  CREATOR,
  closeFact,
  createTestLedger,
  recordFact,
  type TestLedger,
} from '../support/ledger.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

const USDC = 1_000_000n;
const ACCOUNT = addressOf(3);
const state = (slot: number): AccountState => ({
  slot,
  counters: NO_COUNTERS,
  hints: { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n },
  positions: [],
  pulse: '',
});
const ana = { address: ACCOUNT, subscriberId: 'ana', role: 'drift_user' } as const;

const agree = ({ ledger }: Pick<TestLedger, 'ledger'>, slot: number, more: Partial<Terms>) =>
  ledger.subscriptions.put({
    id: 'ana-sub',
    subscriberId: 'ana',
    driftAccount: ACCOUNT,
    terms: termsOf(slot, CREATOR, more.shareBps ?? 1_000, more),
    held: NOTHING_HELD,
  });
const close = (
  held: Pick<TestLedger, 'ledger'>,
  n: number,
  netPnl: bigint,
  finality: 'confirmed' | 'finalized' = 'finalized',
) => recordFact(held.ledger, closeFact(n, netPnl, { account: ACCOUNT, slot: n }), finality);
const open = (held: Pick<TestLedger, 'ledger'>, n: number) => {
  const body: FactBody = {
    kind: 'open',
    market: 0,
    position: 'long',
    base: 1n,
    quote: 0n,
    fee: 0n,
    fillRecordId: BigInt(10_000 + n),
  };
  const fact: Fact = { ...closeFact(n, 0n, { account: ACCOUNT, slot: n }), body };
  return recordFact(held.ledger, fact, 'finalized');
};
/** Oldest first: reason, what is owed, and the sentence. */
async function answers({ ledger }: Pick<TestLedger, 'ledger'>) {
  const found = await ledger.facts.closes({ subscriberId: 'ana', limit: 100 });
  return found.map(outcomeOf).toReversed();
}
const reasons = async (held: Pick<TestLedger, 'ledger'>) =>
  (await answers(held)).map((each) => each.reason);

test('a win has its share, a loss and a crumb have their reason, and what is not final waits', async () => {
  await using held = await createTestLedger();
  await close(held, 10, 30n * USDC);
  await close(held, 11, -2n * USDC);
  await close(held, 12, 0n);
  await close(held, 13, 9n);
  await close(held, 14, 5n * USDC, 'confirmed');
  expect(await reasons(held)).toEqual([...Array(4).fill('not_checked'), 'not_final']);
  await accrueCloses(held.ledger, silentLog);
  const found = await answers(held);
  expect(found.map((each) => [each.reason, each.amount])).toEqual([
    [null, 3n * USDC],
    ['loss', 0n],
    ['loss', 0n],
    ['dust', 0n],
    ['not_final', 0n],
  ]);
  const [share] = await held.ledger.shares.list({ limit: 1 });
  expect(found[0]?.parts[0]?.share).toMatchObject({ id: share?.id, status: 'pending', paid: 0n });
  expect(found.map((each) => each.sentence)).toEqual([
    `10 % of 30.000000 USDC is 3.000000 USDC. The share ${share?.id} is pending.`,
    'Fees included, it closed with a loss of 2.000000 USDC.',
    'Fees included, it closed without a profit.',
    '10 % of 0.000009 USDC is less than a base unit; the fraction is carried to the next close.',
    'Its block is not final yet. Shares are booked from finalized blocks.',
  ]);
});

test('losses that are carried are made good first, and the answer says what is left of them', async () => {
  await using held = await createTestLedger();
  await agree(held, 2, { basis: 'high_water_mark' });
  await held.ledger.checks.begin(ana, state(5));
  for (const [n, netPnl] of [
    [10, -5n * USDC],
    [11, 3n * USDC],
    [12, 4n * USDC],
  ] as const) {
    await open(held, n - 1);
    await close(held, n, netPnl);
  }
  expect(await reasons(held)).toEqual(Array(3).fill('not_checked'));
  await held.sql`update account_check set difference = ${held.sql.json({ realised: '1', funding: '0', deposits: '0', withdraws: '0', tokens: '0' })}, unexplained_since = now()`;
  expect(await reasons(held)).toEqual(Array(3).fill('gap'));
  await held.sql`update account_check set difference = null, unexplained_since = null, baseline = jsonb_set(baseline, '{slot}', '40')`;
  expect(await reasons(held)).toEqual(Array(3).fill('not_booked'));
  while ((await accrueCloses(held.ledger, silentLog)).length > 0);
  const found = await answers(held);
  expect(found.map((each) => each.reason)).toEqual(['loss', 'made_good', null]);
  expect(found[1]?.sentence).toBe(
    'The profit of 3.000000 USDC made good earlier losses of 5.000000 USDC; 2.000000 USDC of them are left.',
  );
  expect(found[2]?.amount).toBe(200_000n);
});

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

test('a close outside the terms says whether it was before or after them', async () => {
  await using held = await createTestLedger();
  await held.ledger.subscriptions.put({
    id: 'ana-sub',
    subscriberId: 'ana',
    driftAccount: ACCOUNT,
    terms: termsOf(20, CREATOR, 0),
    held: { slot: 19, positions: [] },
  });
  await agree(held, 30, { ended: true });
  await held.ledger.checks.begin(ana, state(100));
  await open(held, 21);
  await close(held, 22, USDC);
  await open(held, 31);
  await close(held, 32, USDC);
  while ((await accrueCloses(held.ledger, silentLog)).length > 0);
  expect(await reasons(held)).toEqual(['no_share', 'after_end']);
});

test('a close before anything was agreed, and one without a subscription, owe nothing', async () => {
  await using held = await createTestLedger();
  await forgetAgreements(held.sql);
  await close(held, 10, USDC);
  expect(await reasons(held)).toEqual(['no_subscription']);
  await agree(held, 20, {});
  await close(held, 21, USDC);
  await accrueCloses(held.ledger, silentLog);
  expect(await reasons(held)).toEqual(['before_terms', null]);
  expect((await answers(held))[0]?.sentence).toContain('the first terms began in slot 20');
});

test('a part that was opened before the terms owes nothing, and the other part does', async () => {
  await using held = await createTestLedger();
  await forgetAgreements(held.sql);
  await held.ledger.subscriptions.put({
    id: 'ana-sub',
    subscriberId: 'ana',
    driftAccount: ACCOUNT,
    terms: termsOf(20, CREATOR, 1_000),
    held: { slot: 19, positions: [{ market: 0, base: 1n, entry: 0n }] },
  });
  await held.ledger.checks.begin(ana, state(100));
  await open(held, 21);
  const whole = closeFact(22, 4n * USDC, { account: ACCOUNT, slot: 22 });
  const body = { ...whole.body, baseFilled: 2n, baseClosed: 2n, proceeds: 4n * USDC };
  await recordFact(held.ledger, { ...whole, body }, 'finalized');
  while ((await accrueCloses(held.ledger, silentLog)).length > 0);
  const [found] = await answers(held);
  expect(found?.reason).toBeNull();
  expect(found?.parts.map((each) => [each.termsSlot, each.reason])).toEqual([
    [null, 'before_terms'],
    [20, null],
  ]);
  expect(found?.sentence).toContain('It was opened before anything was agreed.');
});

test('a share that was only observed says so', async () => {
  await using held = await createTestLedger();
  const ledger = createLedger(held.sql, undefined, true);
  await close(held, 10, USDC);
  await accrueCloses(ledger, silentLog);
  const [found] = await answers(held);
  expect(found?.parts[0]?.share).toMatchObject({ observed: true });
  expect(found?.sentence).toContain('only observed');
});

test('a list goes on where the last page ended, and leaves out what a fork dropped', async () => {
  await using held = await createTestLedger();
  for (let n = 10; n < 17; n++) await close(held, n, USDC, n === 12 ? 'confirmed' : 'finalized');
  const dropped = closeFact(12, USDC, { account: ACCOUNT, slot: 12 }).signature;
  await held.ledger.sightings.drop(dropped);
  const seen: number[] = [];
  let before: string | undefined;
  for (;;) {
    const page = await held.ledger.facts.closes({
      subscriberId: 'ana',
      limit: 4,
      ...(before === undefined ? {} : { before }),
    });
    seen.push(...page.map((each) => each.slot));
    before = page.at(-1)?.cursor;
    if (page.length < 4) break;
  }
  expect(seen).toEqual([16, 15, 14, 13, 11, 10]);
  const nowhere = { subscriberId: 'ana', limit: 4, before: 'nonsense' };
  expect(await held.ledger.facts.closes(nowhere)).toEqual([]);
});

test('every reason has a place in the description', () => {
  expect(new Set(NOTHING_OWED).size).toBe(NOTHING_OWED.length);
});
