// Closes: every close has an answer: its share, or the reason why nothing is owed, by what the
// ledger has on record.
import { expect, test } from 'vitest';
import { NOTHING_OWED } from '../../src/core/outcome.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { silentLog } from '../../src/system/log.ts';
import {
  ACCOUNT,
  agree,
  ana,
  answers,
  close,
  open,
  reasons,
  state,
  USDC,
} from '../support/closes.ts';
import { forgetAgreements } from '../support/guards.ts';
import { CREATOR, closeFact, createTestLedger, recordFact } from '../support/ledger.ts';
import { termsOf } from '../support/terms.ts';

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
  expect(found[0]?.parts[0]?.shares[0]).toMatchObject({
    id: share?.id,
    status: 'pending',
    paid: 0n,
  });
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
  expect(found?.parts[0]?.shares[0]).toMatchObject({ observed: true });
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
