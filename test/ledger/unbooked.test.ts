// Unbooked: closes wait in a queue from when they are final until they are booked, and nothing else
// is asked for.
import { expect, test } from 'vitest';
import { accrualOf } from '../../src/core/accrual.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { silentLog } from '../../src/system/log.ts';
import { addressOf, CREATOR, closeFact, createTestLedger, recordFact } from '../support/ledger.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

test('a close waits from when it is final, once, until it is booked', async () => {
  await using held = await createTestLedger();
  const { ledger, sql, driftAccount } = held;
  const waiting = async () => (await sql`select 1 from unbooked`).length;
  const close = closeFact(1, 100_000n, { account: driftAccount });
  await recordFact(ledger, close, 'confirmed');
  expect(await waiting()).toBe(0);
  await recordFact(ledger, close, 'finalized');
  await recordFact(ledger, close, 'finalized');
  expect(await waiting()).toBe(1);
  const [read] = await ledger.shares.unaccrued(5);
  if (read === undefined) throw new Error('nothing waits');
  const accrued = accrualOf(close.body, close.position.slot, read.subscription, []);
  const both = [ledger.shares.book(read, accrued), ledger.shares.book(read, accrued)];
  expect((await Promise.all(both)).sort()).toEqual([false, true]);
  expect(await waiting()).toBe(0);
  await recordFact(ledger, close, 'finalized');
  expect(await ledger.shares.unaccrued(5)).toEqual([]);
  // A daemon of an earlier release booked the close, which knows of no queue, under other terms
  // than are read now.
  await sql`
    insert into unbooked (subscriber_id, account, signature, slot, ordinal) select subscriber_id, account, signature, slot, ordinal from fact`;
  const terms = termsOf(3, addressOf(901), 1_000);
  const other = accrued.bookings.map((each) => ({ ...each, terms }));
  expect(await ledger.shares.book(read, { ...accrued, bookings: other })).toBe(false);
  expect(await waiting()).toBe(0);
  expect(await ledger.shares.list({ limit: 5 })).toHaveLength(1);
});

test('a close before anything was agreed does not wait for ever', async () => {
  await using held = await createTestLedger();
  const { ledger, sql } = held;
  const account = addressOf(44);
  await ledger.watchList.adopt({
    address: account,
    subscriberId: 'ana',
    subAccountId: 7,
    fromSlot: 1,
    nowMs: 0,
  });
  for (const [n, slot] of [
    [1, 10],
    [2, 20],
  ] as const)
    await recordFact(ledger, closeFact(n, 100_000n, { account, slot }), 'finalized');
  expect(await ledger.shares.unaccrued(5)).toEqual([]);
  await ledger.subscriptions.put({
    id: 'late',
    subscriberId: 'ana',
    driftAccount: account,
    terms: termsOf(15, CREATOR, 1_000),
    held: NOTHING_HELD,
  });
  expect((await sql`select slot from unbooked`).map((row) => row.slot)).toEqual([20n]);
  await accrueCloses(ledger, silentLog);
  expect((await ledger.shares.list({ limit: 5 })).map((each) => each.slot)).toEqual([20]);
});

test('a heavy trader’s closes of a whole outage are booked from one batch, each fraction carried to the next', async () => {
  await using held = await createTestLedger();
  const { ledger, driftAccount } = held;
  for (let n = 1; n <= 30; n++)
    await recordFact(ledger, closeFact(n, 33n, { account: driftAccount }), 'finalized');
  let asked = 0;
  const shares = {
    ...ledger.shares,
    unaccrued(limit: number) {
      asked++;
      return ledger.shares.unaccrued(limit);
    },
  };
  expect(await accrueCloses({ ...ledger, shares }, silentLog)).toEqual(['ana']);
  // Once with all of them, once to see that nothing is left.
  expect(asked).toBe(2);
  const booked = await ledger.shares.list({ limit: 50 });
  // 30 closes of 33 base units at 10 %.
  expect(booked.reduce((sum, each) => sum + each.amount, 0n)).toBe(99n);
});

test('who owes something new is told of each batch before the next one is read', async () => {
  await using held = await createTestLedger();
  const { ledger, driftAccount } = held;
  for (let n = 1; n <= 3; n++)
    await recordFact(ledger, closeFact(n, 100_000n, { account: driftAccount }), 'finalized');
  const unaccrued: typeof ledger.shares.unaccrued = (_, after) => ledger.shares.unaccrued(1, after);
  const told: { ids: readonly string[]; booked: number }[] = [];
  const shares = { ...ledger.shares, unaccrued };
  await accrueCloses({ ...ledger, shares }, silentLog, async (ids) => {
    told.push({ ids, booked: (await ledger.shares.list({ limit: 5 })).length });
  });
  expect(told).toEqual([1, 2, 3].map((booked) => ({ ids: ['ana'], booked })));
});
