// Watch list: a scan and the cursor that it moves stand in one transaction.
import { expect, test } from 'vitest';
import { createTestLedger, signatureOf } from '../support/ledger.ts';

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
