// Returning: a subscriber leaves, and registers again under the same id with the same subscription.
// No close from before its return begins to owe by that.
import { expect, test } from 'vitest';
import { bookingsOf } from '../../src/core/accrual.ts';
import type { HeldAtStart } from '../../src/core/held.ts';
import { NO_COUNTERS } from '../../src/core/reckoning.ts';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { createImports } from '../../src/ledger/imports.ts';
import { silentLog } from '../../src/system/log.ts';
import { creditTransfers, transferOf } from '../support/credit.ts';
import {
  addressOf,
  CREATOR,
  closeFact,
  createTestLedger,
  recordFact,
  type TestLedger,
} from '../support/ledger.ts';
import { termsOf } from '../support/terms.ts';

const ACCOUNT = addressOf(44);

/** A second account of the subscriber, with a subscription that an import brings. */
async function brought(held: HeldAtStart, booksFrom: number) {
  const made = await createTestLedger();
  const { ledger, sql } = made;
  await ledger.watchList.adopt({
    ...{ address: ACCOUNT, subscriberId: 'ana', subAccountId: 7 },
    ...{ fromSlot: 1, nowMs: 0 },
  });
  const terms = termsOf(held.slot + 1, CREATOR, 1_000);
  const row = {
    ...{ kind: 'subscription', id: 'ana-7', subscriber: 'ana', subAccountId: 7 },
    open: held.open ?? 'free',
  } as const;
  const subscription = { line: 1, row: { ...terms, ...row }, account: ACCOUNT, terms, held };
  const [outcome] = await createImports(sql, false).apply(
    [
      {
        ...{ subscriberId: 'ana', subscriber: null, debts: [], slot: booksFrom },
        subscriptions: [{ ...subscription, booksFrom, deficit: 0n } as never],
      },
    ],
    false,
  );
  expect(outcome).toMatchObject({ outcome: 'new' });
  return made;
}

/** Account state proves everything up to this slot. */
async function prove({ ledger }: TestLedger, slot: number): Promise<void> {
  const hints = { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n };
  await ledger.checks.begin(
    { address: ACCOUNT, subscriberId: 'ana', role: 'drift_user' },
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
      { address: ACCOUNT, subAccountId: 7 },
    ],
    sealedKey: null,
    fromSlot: slot - 10,
  });
  return ledger.subscriptions.put({
    id: 'ana-7',
    subscriberId: 'ana',
    driftAccount: ACCOUNT,
    terms: termsOf(slot + 1, CREATOR, 1_000),
    held: { slot, positions: [] },
  });
}

test('what the other system settled before the import stays settled', async () => {
  await using made = await brought({ slot: 9, positions: [], open: 'from_slot' }, 50);
  const { ledger, sql } = made;
  const waiting = async () =>
    (await sql<{ slot: bigint }[]>`select slot from unbooked order by slot`).map(
      ({ slot }) => slot,
    );
  // The history of the account is read from the terms on, so these closes are heard.
  for (const slot of [20, 49])
    await recordFact(ledger, closeFact(slot, 100_000n, { account: ACCOUNT, slot }), 'finalized');
  expect(await waiting()).toEqual([20n, 49n]);
  await accrueCloses(ledger, silentLog);
  expect(await ledger.subscribers.retire('ana', 60, 0)).toBe(true);
  expect(await comeBack(made, 80)).toMatchObject({ booksFrom: 50, held: { slot: 80 } });
  // Such a close waits no longer, and one that is heard after the return is not booked either.
  expect(await waiting()).toEqual([]);
  await recordFact(ledger, closeFact(1, 100_000n, { account: ACCOUNT, slot: 30 }), 'finalized');
  await recordFact(ledger, closeFact(2, 100_000n, { account: ACCOUNT, slot: 90 }), 'finalized');
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
  await using made = await brought({ slot: 9, positions: [position] }, 10);
  const { ledger } = made;
  await prove(made, 15);
  const leave = () => ledger.subscribers.retire('ana', 60, 0);
  // The position that is free closes with a profit.
  const close = closeFact(20, 100_000n, { account: ACCOUNT, slot: 20 });
  for (const finality of ['confirmed', 'finalized'] as const) {
    await recordFact(ledger, close, finality);
    await expect(leave()).rejects.toMatchObject({ code: 'not_ready' });
  }
  await ledger.checks.propose(ACCOUNT, {
    ...{ slot: 30, counters: NO_COUNTERS, positions: [], pulse: '' },
    hints: { exists: true, delegate: '', quoteFlow: 0n, isolated: 0n },
  });
  const [check] = await ledger.checks.find([ACCOUNT]);
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
