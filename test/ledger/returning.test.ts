// Returning: a subscriber leaves, and registers again under the same id with the same subscription.
// No close from before its return begins to owe by that.
import { expect, test } from 'vitest';
import { bookingsOf } from '../../src/core/accrual.ts';
import { NO_COUNTERS } from '../../src/core/reckoning.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { silentLog } from '../../src/system/log.ts';
import { BROUGHT, broughtLedger } from '../support/brought.ts';
import { creditTransfers, transferOf } from '../support/credit.ts';
import { addressOf, CREATOR, closeFact, recordFact, type TestLedger } from '../support/ledger.ts';
import { termsOf } from '../support/terms.ts';

/** Account state proves everything up to this slot. */
async function prove({ ledger }: TestLedger, slot: number): Promise<void> {
  const hints = { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n };
  await ledger.checks.begin(
    { address: BROUGHT, subscriberId: 'ana', role: 'drift_user' },
    { slot, counters: NO_COUNTERS, hints, positions: [], pulse: '' },
  );
}

/** Registers the subscriber again, and agrees the same subscription in this slot. */
async function comeBack({ ledger, driftAccount }: TestLedger, slot: number) {
  await ledger.subscribers.register({
    id: 'ana',
    agentWallet: addressOf(1),
    agentTokenAccount: addressOf(2),
    driftAccounts: [
      { address: driftAccount, subAccountId: 0 },
      { address: BROUGHT, subAccountId: 7 },
    ],
    sealedKey: null,
    fromSlot: slot - 10,
  });
  return ledger.subscriptions.put({
    id: 'ana-7',
    subscriberId: 'ana',
    driftAccount: BROUGHT,
    terms: termsOf(slot + 1, CREATOR, 1_000),
    held: { slot, positions: [] },
  });
}

test('what the other system settled before the import stays settled', async () => {
  await using made = await broughtLedger({
    held: { slot: 9, positions: [], open: 'from_slot' },
    booksFrom: 50,
  });
  const { ledger, sql } = made;
  const waiting = async () =>
    (await sql<{ slot: bigint }[]>`select slot from unbooked order by slot`).map(
      ({ slot }) => slot,
    );
  // The history of the account is read from the terms on, so these closes are heard.
  for (const slot of [20, 49])
    await recordFact(ledger, closeFact(slot, 100_000n, { account: BROUGHT, slot }), 'finalized');
  expect(await waiting()).toEqual([20n, 49n]);
  await accrueCloses(ledger, silentLog);
  expect(await ledger.subscribers.retire('ana', 60, 0)).toBe(true);
  expect(await comeBack(made, 80)).toMatchObject({ booksFrom: 50, held: { slot: 80 } });
  // Such a close waits no longer, and one that is heard after the return is not booked either.
  expect(await waiting()).toEqual([]);
  await recordFact(ledger, closeFact(1, 100_000n, { account: BROUGHT, slot: 30 }), 'finalized');
  await recordFact(ledger, closeFact(2, 100_000n, { account: BROUGHT, slot: 90 }), 'finalized');
  await prove(made, 100);
  await accrueCloses(ledger, silentLog);
  expect((await ledger.shares.list({ limit: 9 })).map(({ slot }) => slot)).toEqual([90]);
  // A transfer of the time of the other system pays nothing here.
  await recordFact(ledger, transferOf(3, 40, 10_000n), 'finalized');
  await creditTransfers(ledger);
  expect(await ledger.shares.list({ limit: 9 })).toMatchObject([{ paid: 0n }]);
});

test('a subscriber does not leave before its closes are booked, because its return forgets what it held', async () => {
  const position = { market: 0, base: 1n, entry: 0n };
  await using made = await broughtLedger({
    held: { slot: 9, positions: [position] },
    booksFrom: 10,
  });
  const { ledger } = made;
  await prove(made, 15);
  const leave = () => ledger.subscribers.retire('ana', 60, 0);
  // The position that is free closes with a profit.
  const close = closeFact(20, 100_000n, { account: BROUGHT, slot: 20 });
  for (const finality of ['confirmed', 'finalized'] as const) {
    await recordFact(ledger, close, finality);
    await expect(leave()).rejects.toMatchObject({ code: 'not_ready' });
  }
  await ledger.checks.propose(BROUGHT, {
    slot: 30,
    counters: NO_COUNTERS,
    positions: [],
    pulse: '',
    hints: { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n },
  });
  const [check] = await ledger.checks.find([BROUGHT]);
  if (check === undefined) throw new Error('no such account');
  await ledger.checks.advance(check);
  const [waiting] = await ledger.shares.unaccrued(5);
  if (waiting === undefined) throw new Error('nothing waits');
  const { fact, subscription, history } = waiting;
  expect(bookingsOf(fact.body, 20, subscription, history)).toMatchObject([{ amount: 0n }]);
  await accrueCloses(ledger, silentLog);
  expect(await leave()).toBe(true);
  await comeBack(made, 80);
  await prove(made, 100);
  await accrueCloses(ledger, silentLog);
  expect(await ledger.shares.list({ limit: 9 })).toEqual([]);
});
