// Imported ended: an import brings a subscription that has ended. Its debts are owed, and no close
// owes anything until terms are agreed again.
import { expect, test } from 'vitest';
import { accrueCloses } from '../../src/flows/accrue.ts';
import { silentLog } from '../../src/system/log.ts';
import { BROUGHT, bring, broughtLedger } from '../support/brought.ts';
import { addressOf, CREATOR, closeFact, createTestLedger, recordFact } from '../support/ledger.ts';
import { termsOf } from '../support/terms.ts';

const held = { slot: 9, positions: [] };
const ENDED = { held, booksFrom: 10, terms: { ended: true }, debts: { i1: 70n } };

test('an ended subscription brings its debts, and charges nothing that is opened later', async () => {
  await using made = await broughtLedger(ENDED);
  const { ledger } = made;
  const owed = async () =>
    (await ledger.shares.list({ limit: 9 })).map(({ slot, amount, creatorWallet, status }) => [
      slot,
      amount,
      creatorWallet,
      status,
    ]);
  const brought = [9, 70n, CREATOR, 'pending'];
  expect(await owed()).toEqual([brought]);
  await recordFact(ledger, closeFact(1, 100_000n, { account: BROUGHT, slot: 20 }), 'finalized');
  await accrueCloses(ledger, silentLog);
  expect(await ledger.shares.unaccrued(5)).toEqual([]);
  expect(await owed()).toEqual([brought]);
  // The same rows once more are known, and the same subscription as one that goes on is not.
  expect((await bring(made, ENDED)).map(({ outcome }) => outcome)).toEqual(['known', 'known']);
  expect(await bring(made, { held, booksFrom: 10 })).toMatchObject([
    { outcome: { problem: expect.stringContaining('ana-7 is here with other terms') } },
  ]);
  const begun = await ledger.subscriptions.put({
    id: 'ana-7',
    subscriberId: 'ana',
    driftAccount: BROUGHT,
    held,
    terms: termsOf(30, CREATOR, 1_000),
  });
  expect(begun?.terms.map(({ fromSlot, ended }) => [fromSlot, ended])).toEqual([
    [10, true],
    [30, false],
  ]);
});

test('an ended subscription of an agent wallet is refused, as every other is', async () => {
  await using made = await createTestLedger();
  await made.ledger.watchList.adopt({
    address: BROUGHT,
    subscriberId: 'ana',
    subAccountId: 7,
    fromSlot: 1,
    nowMs: 0,
  });
  const outcomes = await bring(made, {
    ...ENDED,
    terms: { ended: true, creatorWallet: addressOf(1) },
  });
  expect(outcomes.map(({ outcome }) => outcome)).toEqual([
    { problem: expect.stringContaining('is an agent wallet') },
    { problem: expect.stringContaining('has no subscription ana-7') },
  ]);
});
