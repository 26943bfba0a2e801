// Watched: the watch-list in memory is that of the ledger, also after the database has gone back.
import { expect, test } from 'vitest';
import { loadWatched } from '../../src/flows/watched.ts';
import { addressOf, createTestLedger, type TestLedger } from '../support/ledger.ts';

const [LOST, NEW] = [addressOf(901), addressOf(902)];
const adopt = ({ ledger }: TestLedger, address: ReturnType<typeof addressOf>) =>
  ledger.watchList.adopt({
    ...{ address, subscriberId: 'ana', subAccountId: null },
    ...{ fromSlot: 1, nowMs: 0 },
  });
/** The database loses the commit with which an account joined. */
const lose = async ({ sql }: TestLedger, address: ReturnType<typeof addressOf>) => {
  await sql`delete from account where address = ${address}`;
  await sql`update watch_list set revision = revision - 1`;
};

test('a lower revision shows that the database went back, and the whole list is read', async () => {
  await using t = await createTestLedger();
  await adopt(t, LOST);
  const watched = await loadWatched(t.ledger.watchList);
  expect(watched.map.has(LOST)).toBe(true);
  await lose(t, LOST);
  expect(await watched.refresh()).toBe(true);
  expect(watched.map.has(LOST)).toBe(false);
  await adopt(t, NEW);
  await watched.refresh();
  expect(watched.map.has(NEW)).toBe(true);
});

test('an account that joined under the revision of a lost one is watched once the list is reloaded', async () => {
  await using t = await createTestLedger();
  await adopt(t, LOST);
  const watched = await loadWatched(t.ledger.watchList);
  await lose(t, LOST);
  await adopt(t, NEW);
  // The revision is that of the list in memory.
  expect(await watched.refresh()).toBe(false);
  expect(await watched.reload()).toBe(true);
  expect([watched.map.has(LOST), watched.map.has(NEW)]).toEqual([false, true]);
});

test('a reload whose reading fails is done by the next refresh', async () => {
  await using t = await createTestLedger();
  let fails = false;
  const watched = await loadWatched({
    since: (revision) =>
      fails ? Promise.reject(new Error('no connection')) : t.ledger.watchList.since(revision),
  });
  await adopt(t, LOST);
  await watched.refresh();
  await lose(t, LOST);
  await adopt(t, NEW);
  fails = true;
  await expect(watched.reload()).rejects.toThrow('no connection');
  fails = false;
  await watched.refresh();
  expect([watched.map.has(LOST), watched.map.has(NEW)]).toEqual([false, true]);
});
