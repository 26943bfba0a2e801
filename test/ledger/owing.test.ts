// Owing: the time in which something counts as owed, kept by the database through pauses, restarts
// and limits.
import { expect, test } from 'vitest';
import { createTestLedger, type TestLedger } from '../support/ledger.ts';

const DAY_MS = 24 * 3_600_000;
const owing = async (t: TestLedger) => {
  await t.sql`update standing set outstanding = 5`;
  return {
    since: async () => (await t.ledger.standings.entry('ana'))?.owedSinceMs ?? null,
    counted: async (ms: number) => {
      await t.sql`update owed_time set counted_ms = ${ms}`;
    },
    look: (counts: boolean, limit: number | null = DAY_MS) =>
      t.ledger.owing.age(counts ? ['ana'] : [], counts ? [] : ['ana'], limit),
  };
};

test('time begins when something counts, pauses when nothing does, and goes on from there', async () => {
  await using t = await createTestLedger();
  const { since, counted, look } = await owing(t);
  expect(await look(false)).toEqual([]);
  expect(await since()).toBeNull();
  expect(await look(true)).toEqual(['ana']);
  expect(Math.abs(((await since()) ?? 0) - Date.now())).toBeLessThan(20_000);
  await counted(3_600_000);
  expect(await look(false)).toEqual(['ana']);
  expect(await since()).toBeNull();
  expect(await look(true)).toEqual(['ana']);
  expect(Math.abs(Date.now() - ((await since()) ?? 0) - 3_600_000)).toBeLessThan(20_000);
});

test('above the limit a pause takes nothing back; paying does', async () => {
  await using t = await createTestLedger();
  const { since, counted, look } = await owing(t);
  await look(true);
  await counted(2 * DAY_MS);
  await look(true);
  await look(false);
  expect(Date.now() - ((await since()) ?? Date.now())).toBeGreaterThan(DAY_MS);
  await t.sql`update standing set outstanding = 0, owed_since = null`;
  await look(false);
  expect(await t.sql`select 1 from owed_time`).toEqual([]);
  await t.sql`update standing set outstanding = 1`;
  await look(true);
  expect(Date.now() - ((await since()) ?? 0)).toBeLessThan(20_000);
});

test('a daemon that was away for an hour does not count the hour, and each change has a revision', async () => {
  await using t = await createTestLedger();
  const { since, look } = await owing(t);
  await look(true);
  await t.sql`update owed_time set counted_at = now() - interval '1 hour'`;
  await look(true);
  expect(Date.now() - ((await since()) ?? 0)).toBeLessThan(200_000);
  const rows = await t.sql<{ revision: bigint }[]>`
    select revision from standing_change where subscriber_id = 'ana' order by revision`;
  const revisions = rows.map((row) => Number(row.revision));
  expect(revisions).toEqual(revisions.map((_, at) => (revisions[0] ?? 0) + at));
});

test('for every subscriber who owes, the reason that each debt waits for is listed', async () => {
  await using t = await createTestLedger();
  await owing(t);
  expect(await t.ledger.owing.open()).toEqual([{ subscriberId: 'ana', debts: [] }]);
});

test('the time of a subscriber who has left stays as it is, however far it drifts', async () => {
  await using t = await createTestLedger();
  const { since, look, counted } = await owing(t);
  await look(true);
  await t.sql`update standing set standing = 'retired'`;
  const before = await since();
  await counted(2 * DAY_MS);
  expect(await look(true)).toEqual([]);
  expect(await since()).toBe(before);
});
