// Watch list: a scan, the cursor that it moves and the pulse of the account are written together.
import { expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import { createHeardElsewhere } from '../../src/ledger/hearing-leases.ts';
import { createStatements } from '../../src/ledger/statements.ts';
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

test('a walk is kept with its pulse, until the account is watched anew', async () => {
  await using held = await createTestLedger();
  const { ledger, sql, driftAccount } = held;
  const pulse = String.fromCharCode(0, 255, 128, 10);
  const walked = { address: driftAccount, atMs: 1_800_000_000_000, slot: 8, pulse };
  const scan = (from: number, upto: number, given?: typeof walked) =>
    ledger.watchList.scanned(driftAccount, { from, upto, walked: given }, [], naming);
  expect(await scan(1, 7)).toBe(true);
  expect(await ledger.watchList.walked()).toEqual([]);
  expect(await scan(9, 10, walked)).toBe(false);
  expect(await ledger.watchList.walked()).toEqual([]);
  expect(await scan(7, 9, walked)).toBe(true);
  expect(await ledger.watchList.walked()).toEqual([walked]);
  // A scan that has read no pulse leaves the last one.
  expect(await scan(9, 12)).toBe(true);
  expect(await ledger.watchList.walked()).toEqual([walked]);
  const absent = { ...walked, slot: 12, pulse: '' };
  expect(await scan(12, 14, absent)).toBe(true);
  expect(await ledger.watchList.walked()).toEqual([absent]);
  await expect(sql`update account set cursor_slot = 11`).rejects.toThrow('walked_before_cursor');
  expect(await ledger.subscribers.retire('ana', 20, 0)).toBe(true);
  expect(await ledger.watchList.walked()).toEqual([]);
  await ledger.subscribers.register({
    id: 'ana',
    agentWallet: addressOf(1),
    agentTokenAccount: addressOf(2),
    driftAccounts: [{ address: driftAccount, subAccountId: 0 }],
    sealedKey: null,
    fromSlot: 5,
  });
  expect(await ledger.watchList.walked()).toEqual([]);
});

test('questions about more ids than a statement takes parameters are answered', async () => {
  await using held = await createTestLedger();
  const { ledger, sql, driftAccount } = held;
  // A statement takes 65,534 parameters.
  const many = Array.from({ length: 70_000 }, (_, n) => `account ${n}` as Address);
  const addresses = [...many, driftAccount];
  const statements = createStatements(sql);
  expect((await ledger.watchList.cursors(addresses)).map((each) => each.address)).toEqual([
    driftAccount,
  ]);
  expect((await ledger.checks.find(addresses)).map((each) => each.address)).toEqual([driftAccount]);
  expect(await statements.shares(many)).toEqual(new Map());
  expect(await statements.payments(many)).toEqual(new Map());
  expect(await ledger.shares.adopt(0, many, null)).toEqual([]);
  const changes = many.map((address) => ({ address, subscriberId: address, slots: [] }));
  expect(await createHeardElsewhere(sql)(changes)).toEqual({ told: [], paying: new Set() });
});
