// Suspicions: notices add up until a person has reviewed them; a subscriber above the limit is
// reported once.
import { expect, test } from 'vitest';
import type { Fact, Notice } from '../../src/core/fact.ts';
import { USDC } from '../../src/core/token.ts';
import { createSuspicions } from '../../src/ledger/suspicions.ts';
import { keepVenues } from '../../src/ledger/tokens.ts';
import {
  addressOf,
  createTestLedger,
  recordFact,
  signatureOf,
  type TestLedger,
} from '../support/ledger.ts';
import { meanwhile } from '../support/meanwhile.ts';

const notice = async (
  { ledger, driftAccount }: TestLedger,
  n: number,
  what: Notice['what'],
  amount: bigint | null,
  detail = 'evidence',
): Promise<void> => {
  const fact: Fact = {
    subscriberId: 'ana',
    account: driftAccount,
    signature: signatureOf(n),
    position: { slot: 50 + n, blockIndex: 0, ordinal: 0 },
    body: { kind: 'notice', what, who: null, amount, detail },
  };
  await recordFact(ledger, fact, 'finalized');
};
const told = async ({ sql }: TestLedger): Promise<number> =>
  (await sql`select 1 from event where kind = 'subscriber.suspected'`).length;

test('fills, swaps, liquidations and builder fees add up; above the limit somebody is suspected, and told of once', async () => {
  await using t = await createTestLedger();
  const { ledger } = t;
  await notice(t, 1, 'off_price_fill', 40n);
  await notice(t, 2, 'builder_fee', 60n);
  await notice(t, 3, 'delegate_changed', 10_000n);
  expect(await ledger.suspicions.refresh(100n)).toEqual([]);
  await notice(t, 4, 'liquidated', 1n);
  const suspected = {
    subscriberId: 'ana',
    amount: 101n,
    token: USDC,
    notices: 3,
    kinds: ['builder_fee', 'liquidated', 'off_price_fill'],
    signature: signatureOf(4),
    slot: 54,
  };
  expect(await ledger.suspicions.refresh(100n)).toEqual([suspected]);
  expect(await ledger.suspicions.refresh(100n)).toEqual([suspected]);
  expect(await ledger.suspicions.list()).toEqual([suspected]);
  expect(await told(t)).toBe(1);
});

test('after a review only what is newer counts', async () => {
  await using t = await createTestLedger();
  const { suspicions } = t.ledger;
  expect(await suspicions.review('ana', 'nothing there', 0)).toBe(false);
  await notice(t, 1, 'swap_loss', 500n);
  await suspicions.refresh(100n);
  expect(await suspicions.review('ana', 'a thin market', 0)).toBe(true);
  expect(await suspicions.refresh(100n)).toEqual([]);
  await notice(t, 2, 'swap_loss', 101n);
  expect(await suspicions.refresh(100n)).toMatchObject([{ amount: 101n, notices: 1 }]);
  expect(await told(t)).toBe(2);
});

test('a review while the notices are read is not undone', async () => {
  await using t = await createTestLedger();
  const { suspicions } = t.ledger;
  await notice(t, 1, 'swap_loss', 500n);
  await suspicions.refresh(100n);
  const reviewed: Promise<boolean>[] = [];
  let ended = false;
  const waits = async () =>
    ended ||
    (
      await t.sql`
        select 1 from pg_locks where not granted and relation = 'suspicion'::regclass`
    ).length > 0;
  const review = async () => {
    const reviewing = suspicions.review('ana', 'a thin market', 0);
    reviewed.push(reviewing.finally(() => (ended = true)));
    await expect.poll(waits).toBe(true);
  };
  await createSuspicions(meanwhile(t.sql, 'delete from suspicion', review)).refresh(100n);
  expect(await Promise.all(reviewed)).toEqual([true]);
  expect(await suspicions.list()).toEqual([]);
  expect(await told(t)).toBe(1);
});

test('a swap whose size nothing tells is one by itself', async () => {
  await using t = await createTestLedger();
  await notice(t, 1, 'liquidated', null);
  expect(await t.ledger.suspicions.refresh(100n)).toEqual([]);
  await notice(t, 2, 'swap_loss', null);
  expect(await t.ledger.suspicions.refresh(100n)).toMatchObject([{ amount: 0n, notices: 2 }]);
});

test("giving the agent's token account away is one by itself; another authority of it is not", async () => {
  await using t = await createTestLedger();
  await notice(t, 1, 'token_authority_changed', null, 'Authority of type 3.');
  expect(await t.ledger.suspicions.refresh(100n)).toEqual([]);
  await notice(t, 2, 'token_authority_changed', null, 'The owner of the token account.');
  expect(await t.ledger.suspicions.refresh(100n)).toMatchObject([
    { amount: 0n, kinds: ['token_authority_changed'] },
  ]);
});

test('sums of two tokens are not added; the suspicion names the token of the larger one', async () => {
  await using t = await createTestLedger();
  const { ledger, sql } = t;
  const quote = { mint: addressOf(70), symbol: 'USDT', decimals: 6 };
  await keepVenues(sql, [
    { name: 'drift-v2', quote: USDC },
    { name: 'velocity', quote },
  ]);
  const other = addressOf(71);
  await sql`
    insert into account (address, subscriber_id, role, sub_account_id, cursor_slot, venue)
    values (${other}, 'ana', 'drift_user', 0, 1, 'velocity')`;
  const atOther = { ...t, driftAccount: other };
  await notice(t, 1, 'off_price_fill', 60n);
  await notice(atOther, 2, 'off_price_fill', 70n);
  expect(await ledger.suspicions.refresh(100n)).toEqual([]);
  await notice(atOther, 3, 'builder_fee', 31n);
  expect(await ledger.suspicions.refresh(100n)).toMatchObject([
    { amount: 101n, token: quote, notices: 3 },
  ]);
  const [event] = await sql<{ data: { amount: string; token: unknown } }[]>`
    select body as data from event where kind = 'subscriber.suspected'`;
  expect(event?.data).toMatchObject({ token: quote });
});
