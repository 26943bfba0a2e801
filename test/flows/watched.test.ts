// Watched: the watch-list in memory is that of the ledger, revision by revision, also after the
// database has gone back.
import { expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import type { WatchList } from '../../src/core/watch-ports.ts';
import { loadWatched } from '../../src/flows/watched.ts';
import { loseAccount } from '../support/damage.ts';
import { addressOf, createTestLedger, type TestLedger } from '../support/ledger.ts';

const ACCOUNT = 'account' as Address;
const [LOST, NEW] = [addressOf(901), addressOf(902)];
const adopt = ({ ledger }: TestLedger, address: ReturnType<typeof addressOf>) =>
  ledger.watchList.adopt({
    address,
    subscriberId: 'ana',
    subAccountId: null,
    fromSlot: 1,
    nowMs: 0,
  });

test('a lower revision shows that the database went back, and the whole list is read', async () => {
  await using t = await createTestLedger();
  await adopt(t, LOST);
  const watched = await loadWatched(t.ledger.watchList);
  expect(watched.map.has(LOST)).toBe(true);
  await loseAccount(t, LOST);
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
  await loseAccount(t, LOST);
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
  await loseAccount(t, LOST);
  await adopt(t, NEW);
  fails = true;
  await expect(watched.reload()).rejects.toThrow('no connection');
  fails = false;
  await watched.refresh();
  expect([watched.map.has(LOST), watched.map.has(NEW)]).toEqual([false, true]);
});

test('the watch-list is taken in revision by revision, one read at a time, and accounts that stay are not dropped', async () => {
  const one = { address: ACCOUNT, subscriberId: 'ana', role: 'agent_wallet' } as const;
  const two = { ...one, address: 'joined' as Address, subscriberId: 'bo' };
  const asked: number[] = [];
  const answers: ((news: Awaited<ReturnType<WatchList['since']>>) => void)[] = [];
  const list = {
    since(revision: number) {
      asked.push(revision);
      return new Promise<Awaited<ReturnType<WatchList['since']>>>((answer) => answers.push(answer));
    },
  };
  const answer = async (at: number, news: Parameters<(typeof answers)[0]>[0]): Promise<void> => {
    await expect.poll(() => answers.length).toBe(at + 1);
    answers[at]?.(news);
  };
  const loading = loadWatched(list);
  await answer(0, { revision: 3, joined: [one], left: [] });
  const watched = await loading;
  const older = watched.refresh();
  await expect.poll(() => answers.length).toBe(2);
  // Calls made while one is reading share the next turn, which sees the list as it was when they
  // called.
  const newer = [watched.refresh(), watched.refresh()];
  await answer(1, { revision: 3, joined: [], left: [] });
  expect(await older).toBe(false);
  await answer(2, { revision: 5, joined: [two], left: [] });
  expect(await Promise.all(newer)).toEqual([true, true]);
  expect([watched.addresses(), watched.revision]).toEqual([[ACCOUNT, 'joined'], 5]);
  const leaving = watched.refresh();
  await answer(3, { revision: 6, joined: [], left: ['ana'] });
  await leaving;
  expect(watched.addresses()).toEqual(['joined']);
  expect(asked).toEqual([-1, 3, 3, 5]);
});
