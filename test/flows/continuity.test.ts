// Continuity: after the database went back, or may have, nothing is signed for 182 blocks, and
// agreements from before are void.
import { expect, test } from 'vitest';
import {
  BLOCKS_UNTIL_DEAD,
  type DatabaseState,
  mayHaveGoneBack,
} from '../../src/core/continuity.ts';
import { createContinuity } from '../../src/flows/continuity.ts';
import { silentLog } from '../../src/system/log.ts';
import { openContinuity, told } from '../support/continuity-world.ts';

const untold = (connections: number): DatabaseState => ({ told: false, connections });

test('another identity, an older position, or a connection that ended where nothing else is told', () => {
  expect(mayHaveGoneBack(told('a', 5n), told('a', 5n))).toBe(false);
  expect(mayHaveGoneBack(told('a', 5n), told('a', 6n))).toBe(false);
  expect(mayHaveGoneBack(told('a', 5n), told('a', 4n))).toBe(true);
  expect(mayHaveGoneBack(told('a', 5n), told('b', 6n))).toBe(true);
  expect(mayHaveGoneBack(untold(1), untold(1))).toBe(false);
  expect(mayHaveGoneBack(untold(1), untold(2))).toBe(true);
  expect(mayHaveGoneBack(told('a', 5n), untold(0))).toBe(true);
});

test('a database that stays the same is never doubted; an empty one is trusted when it is met first', async () => {
  const { world, continuity } = openContinuity(told('a', 1n), null);
  expect(await continuity.doubt()).toBeNull();
  expect(world.trusted).toBe('a');
  world.state = told('a', 9n);
  expect(await continuity.doubt()).toBeNull();
  expect([continuity.times, world.went]).toEqual([0, 0]);
  expect(continuity.identity()).toBe('a');
});

test('the slot from which on the ledger is whole is that of the end of the last wait, also for a later process', async () => {
  const { world, continuity } = openContinuity(told('a', 1n), null);
  await continuity.doubt();
  // An empty ledger may have been begun anew after an earlier one was lost as a whole.
  expect([continuity.since(), world.slot]).toEqual([1_007, 1_007]);
  world.state = told('b', 1n);
  expect(await continuity.doubt()).toMatchObject({ code: 'ledger_went_back' });
  expect(continuity.since()).toBe(1_007);
  world.height += BLOCKS_UNTIL_DEAD;
  expect(await continuity.doubt()).toBeNull();
  expect([continuity.since(), world.slot]).toEqual([1_339, 1_339]);
  world.height += 500;
  const later = openContinuity(world.state, world.trusted).continuity;
  expect(await later.doubt()).toBeNull();
  expect(later.since(), 'another world notes no slot').toBeNull();
  const next = openContinuity(world.state, world.trusted);
  next.world.slot = world.slot;
  expect(await next.continuity.doubt()).toBeNull();
  expect(next.continuity.since()).toBe(1_339);
});

test('a ledger with subscribers that no daemon has trusted may be a copy from before later payments', async () => {
  const { world, continuity } = openContinuity(told('a', 1n), null, false);
  await continuity.look();
  expect([continuity.times, world.went, world.trusted]).toEqual([1, 1, null]);
  expect(await continuity.doubt()).toMatchObject({ code: 'ledger_went_back' });
  world.height += BLOCKS_UNTIL_DEAD;
  expect(await continuity.doubt()).toBeNull();
  expect([continuity.times, world.trusted]).toEqual([1, 'a']);
});

test('after a failover nothing is signed until everything that was signed before is dead', async () => {
  const { world, continuity } = openContinuity(told('a', 1n), 'a');
  await continuity.doubt();
  world.state = told('b', 2n);
  expect(await continuity.doubt()).toMatchObject({ code: 'ledger_went_back' });
  expect([continuity.times, world.went]).toEqual([1, 1]);
  world.height += BLOCKS_UNTIL_DEAD - 1;
  expect(await continuity.doubt()).not.toBeNull();
  // The database goes back once more, so the wait begins again.
  world.state = told('b', 1n);
  expect(await continuity.doubt()).not.toBeNull();
  world.height += BLOCKS_UNTIL_DEAD - 1;
  expect(await continuity.doubt()).not.toBeNull();
  world.height += 1;
  expect(await continuity.doubt()).toBeNull();
  expect(world.trusted).toBe('b');
  expect(continuity.times).toBe(2);
});

test('a finding says that signing waits, and until which height once a node has told one', async () => {
  const { world, continuity } = openContinuity(told('a', 1n), 'a');
  await continuity.doubt();
  expect(continuity.finding()).toBeNull();
  world.state = told('b', 2n);
  await continuity.look();
  expect(continuity.finding()).toMatchObject({
    what: 'signing',
    state: 'warning',
    says: expect.stringMatching(/ nothing is signed for 182 finalized blocks; no node has told/),
  });
  await continuity.doubt();
  world.height += 5;
  await continuity.doubt();
  expect(continuity.finding()?.says).toMatch(/ from .* height 1000 to 1182; the last .* is 1005$/);
  world.height += BLOCKS_UNTIL_DEAD;
  await continuity.doubt();
  expect(continuity.finding()).toBeNull();
});

test('lanes that ask side by side when the wait ends all learn that it has', async () => {
  const { world, continuity } = openContinuity(told('b', 1n), 'a');
  await continuity.doubt();
  world.height += BLOCKS_UNTIL_DEAD;
  const lanes = [continuity.doubt(), continuity.doubt(), continuity.doubt()];
  expect(await Promise.all(lanes)).toEqual([null, null, null]);
});

test('a wait that begins while a lane asks for the height counts from a height of its own', async () => {
  /** The questions for the height that the node has not answered yet, in their order. */
  const asked: ((height: number) => void)[] = [];
  let state = told('a', 1n);
  const continuity = createContinuity({
    databaseStates: {
      read: async () => state,
      trusted: async () => ({ identity: 'a', slot: null }),
      trust: async () => {},
      isEmpty: async () => false,
    },
    chain: {
      witnessed: (read) => read(),
      finalizedHeight: () => new Promise<number>((resolve) => asked.push(resolve)),
      slot: async () => 1,
    },
    log: silentLog,
    onWentBack: () => {},
  });
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  /** Answers every question, those that follow from an answer included. */
  const answerAll = async (height: number): Promise<void> => {
    for (await turn(); asked.length > 0; await turn()) asked.shift()?.(height);
  };
  await continuity.doubt();
  state = told('b', 2n);
  const first = continuity.doubt();
  await turn();
  // This lane's height was asked for before the database went back a second time.
  const old = asked.shift();
  state = told('c', 3n);
  const second = continuity.doubt();
  await turn();
  old?.(1_000);
  await answerAll(2_000);
  for (const each of [await first, await second])
    expect(each?.detail).toContain(`another ${BLOCKS_UNTIL_DEAD} blocks`);
  const third = continuity.doubt();
  await answerAll(2_000 + BLOCKS_UNTIL_DEAD - 1);
  expect(await third).not.toBeNull();
});

test('a lane that finds the wait over ends no wait that began while it asked for the height', async () => {
  const asked: ((height: number) => void)[] = [];
  const trusted: DatabaseState[] = [];
  let state = told('a', 1n);
  const continuity = createContinuity({
    databaseStates: {
      read: async () => state,
      trusted: async () => ({ identity: 'a', slot: null }),
      trust: async (each) => void trusted.push(each),
      isEmpty: async () => false,
    },
    chain: {
      witnessed: (read) => read(),
      finalizedHeight: () => new Promise<number>((resolve) => asked.push(resolve)),
      slot: async () => 1,
    },
    log: silentLog,
    onWentBack: () => {},
  });
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const answer = async (height: number): Promise<void> => {
    for (await turn(); asked.length > 0; await turn()) asked.shift()?.(height);
  };
  await continuity.doubt();
  state = told('b', 2n);
  const began = continuity.doubt();
  await answer(1_000);
  expect(await began).not.toBeNull();
  // The wait is over by the height that this lane is about to hear.
  const late = continuity.doubt();
  await turn();
  const over = asked.shift();
  // Meanwhile another lane finds that the database went back once more.
  state = told('c', 3n);
  const next = continuity.doubt();
  await turn();
  over?.(1_000 + BLOCKS_UNTIL_DEAD);
  await answer(1_000 + BLOCKS_UNTIL_DEAD);
  for (const each of [await late, await next])
    expect(each?.detail).toContain(`another ${BLOCKS_UNTIL_DEAD} blocks`);
  expect([trusted, continuity.identity()]).toEqual([[], 'a']);
});

test('a process that starts holds the database against the one that was trusted last', async () => {
  expect(await openContinuity(told('b', 1n), 'a').continuity.doubt()).toMatchObject({
    class: 'books_behind',
  });
  expect(await openContinuity(untold(0), null).continuity.doubt()).toMatchObject({
    class: 'books_behind',
  });
});

test('lanes that ask side by side never take the answers of overlapping reads for a database that went back', async () => {
  let position = 0n;
  let underWay = 0;
  let overlapped = false;
  const answers: (() => void)[] = [];
  const continuity = createContinuity({
    databaseStates: {
      read: () => {
        const state = told('a', ++position);
        overlapped ||= ++underWay > 1;
        return new Promise((resolve) => {
          answers.push(() => {
            underWay--;
            resolve(state);
          });
        });
      },
      trusted: async () => ({ identity: 'a', slot: null }),
      trust: async () => {},
      isEmpty: async () => false,
    },
    chain: {
      witnessed: (read) => read(),
      finalizedHeight: async () => 1_000,
      slot: async () => 1,
    },
    log: silentLog,
    onWentBack: () => {},
  });
  // The first read has begun when the second and the third lane ask. The newest read is answered
  // first.
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const doubts = [continuity.doubt()];
  await turn();
  doubts.push(continuity.doubt());
  await turn();
  doubts.push(continuity.doubt());
  await turn();
  let settled = false;
  const all = Promise.all(doubts).finally(() => {
    settled = true;
  });
  while (!settled) {
    answers.pop()?.();
    await turn();
  }
  expect(await all).toEqual([null, null, null]);
  expect([overlapped, continuity.times]).toEqual([false, 0]);
  // The second and the third question shared the read that began after both.
  expect(position).toBe(2n);
});
