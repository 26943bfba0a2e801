// Watch list: a scan and the cursor that it moves stand in one transaction.
import { expect, test } from 'vitest';
import { addressOf, createTestLedger, signatureOf } from '../support/ledger.ts';

const naming = { source: 'backfill', by: 'finalized', nowMs: 0 } as const;

test('a scan that began beyond the cursor writes nothing: the database has gone back under it', async () => {
  await using held = await createTestLedger();
  const { ledger, driftAccount } = held;
  const cursor = async () => (await ledger.watchList.cursors([driftAccount]))[0]?.slot;
  const wanted = async () => (await ledger.sightings.backlog()).wanted;
  const rumours = [{ signature: signatureOf(1), blockIndex: 0, slot: 7, accounts: [driftAccount] }];
  const scan = (from: number, upto: number) =>
    ledger.watchList.scanned(driftAccount, { from, upto }, rumours, naming);
  expect(await cursor()).toBe(1);
  expect(await scan(2, 9)).toBe(false);
  expect([await cursor(), await wanted()]).toEqual([1, 0]);
  expect(await scan(1, 9)).toBe(true);
  expect([await cursor(), await wanted()]).toEqual([9, 1]);
  // Another daemon has got further: the cursor never moves back.
  expect(await scan(1, 8)).toBe(true);
  expect(await cursor()).toBe(9);
});

test('an account that is not followed keeps its first and its last slot, and goes as it is followed', async () => {
  await using held = await createTestLedger();
  const { unfollowed, watchList } = held.ledger;
  const account = { address: addressOf(900), subscriberId: 'ana' };
  const listed = async () =>
    (await unfollowed.find([account.address])).map((each) => [each.fromSlot, each.namedSlot]);
  expect(await unfollowed.add({ ...account, fromSlot: 69, namedSlot: 70 }, 0)).toBe(true);
  expect(await unfollowed.add({ ...account, fromSlot: 299, namedSlot: 300 }, 0)).toBe(false);
  expect(await unfollowed.add({ ...account, fromSlot: 49, namedSlot: 50 }, 0)).toBe(false);
  expect(await listed()).toEqual([[49, 300]]);
  expect(await unfollowed.remove(account.address, 299)).toBe(false);
  const followed = { ...account, subAccountId: null, venue: null, fromSlot: 49, nowMs: 0 };
  expect(await watchList.adopt(followed)).toBe(true);
  expect(await listed()).toEqual([]);
  // A crash of an older release may have left the row of an account that is followed.
  await unfollowed.add({ ...account, fromSlot: 69, namedSlot: 70 }, 0);
  expect(await watchList.adopt(followed)).toBe(false);
  expect(await listed()).toEqual([]);
});
