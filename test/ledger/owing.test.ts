// Owing: the time in which something counts as owed, kept by the database through pauses, restarts
// and limits.
import { expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import type { Ledger } from '../../src/core/ports.ts';
import { judge } from '../../src/core/standing.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import { silentLog } from '../../src/system/log.ts';
import { owing as owed } from '../support/excess-play.ts';
import { addressOf, createTestLedger, type TestLedger } from '../support/ledger.ts';

const DAY_MS = 24 * 3_600_000;
const owing = async (t: TestLedger) => {
  await t.sql`update standing set outstanding = 5`;
  return {
    since: async () => (await t.ledger.standings.entry('ana'))?.owedSinceMs ?? null,
    counted: async (ms: number) => {
      await t.sql`update owed_time set counted_ms = ${ms}`;
    },
    look: (counts: boolean, limit: number | null = DAY_MS) =>
      t.ledger.owing.age(counts ? ['ana'] : [], limit),
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

test('a debt is listed while it has a reason, with a payment under way or not, or has failed, and while it is not paid', async () => {
  await using t = await createTestLedger();
  await owed(t, 1_000_000n, 2_000_000n);
  await t.sql`update standing set outstanding = 5`;
  const reason = { class: 'needs_sol', code: 'agent_needs_sol' };
  const list = () => t.ledger.owing.waiting();
  expect(await list()).toEqual([]);
  const [first, second] = (await t.ledger.shares.due('ana')).map(({ shareId }) => shareId);
  await t.sql`
    update profit_share set reason = ${t.sql.json(reason)}, attempts = 3 where share_id = ${first ?? ''}`;
  const pending = { status: 'pending', reason, attempts: 3 };
  expect(await list()).toEqual([{ subscriberId: 'ana', debts: [pending] }]);
  await t.sql`update profit_share set status = 'processing' where share_id = ${first ?? ''}`;
  const processing = { status: 'processing', reason, attempts: 3 };
  expect(await list()).toEqual([{ subscriberId: 'ana', debts: [processing] }]);
  await t.sql`update profit_share set reason = null where share_id = ${first ?? ''}`;
  expect(await list()).toEqual([]);
  await t.sql`update profit_share set status = 'failed' where share_id = ${second ?? ''}`;
  const failed = { status: 'failed', reason: null, attempts: 0 };
  expect(await list()).toEqual([{ subscriberId: 'ana', debts: [failed] }]);
  await t.sql`update standing set standing = 'retired'`;
  expect(await list()).toEqual([]);
  await t.sql`update standing set standing = 'good', outstanding = 0`;
  expect(await list()).toEqual([]);
});

test('a look pauses each subscriber whose time it does not count', async () => {
  await using t = await createTestLedger();
  await owing(t);
  await indebted(t, 'bo', 20);
  const look = (ids: readonly string[]) => t.ledger.owing.age(ids, DAY_MS);
  const counted = async () =>
    (await t.sql`select subscriber_id as id from owed_time where counted_at is not null`).map(
      ({ id }) => id,
    );
  await look(['ana', 'bo']);
  expect((await counted()).sort()).toEqual(['ana', 'bo']);
  expect(await look(['ana'])).toEqual(['bo']);
  expect(await counted()).toEqual(['ana']);
  expect(await look([])).toEqual(['ana']);
  expect(await counted()).toEqual([]);
});

test('a look that changes several subscribers gives each a revision, and tells of each', async () => {
  await using t = await createTestLedger();
  await owing(t);
  await indebted(t, 'bo', 20);
  await indebted(t, 'cy', 30);
  const told: string[] = [];
  const listening = await t.sql.listen('bailiff_standing', (id) => void told.push(id));
  const ids = ['ana', 'bo', 'cy'];
  for (const look of [ids, ['bo']]) {
    const [before] = await t.sql<{ last: bigint }[]>`select last from revision`;
    const changed = await t.ledger.owing.age(look, DAY_MS);
    const entries = await t.sql<{ revision: bigint; subscriber_id: string; same: boolean }[]>`
      select s.revision, subscriber_id, s.owed_since is not distinct from c.owed_since
        and (s.owed_since is not null) = (subscriber_id in ${t.sql(look)}) as same
      from standing s join standing_change c using (subscriber_id, revision)
      where revision > ${before?.last ?? 0n} order by revision`;
    expect(entries).toEqual(
      changed.map((id, place) => ({
        revision: (before?.last ?? 0n) + BigInt(place + 1),
        subscriber_id: id,
        same: true,
      })),
    );
    await expect.poll(() => told.splice(0)).toEqual(changed);
  }
  await listening.unlisten();
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

test('a clock of Postgres that is behind the last look counts no time and takes none back', async () => {
  await using t = await createTestLedger();
  const { look } = await owing(t);
  await look(true);
  await t.sql`update owed_time set counted_ms = 1000, counted_at = now() + interval '1 hour'`;
  await look(true);
  const [row] = await t.sql`select counted_ms, counted_at <= now() as present from owed_time`;
  expect(row).toEqual({ counted_ms: 1_000n, present: true });
});

/** Registers a subscriber who owes something. */
async function indebted(t: TestLedger, id: string, nth: number): Promise<void> {
  const [wallet, tokens, account] = [0, 1, 2].map((each) => addressOf(nth + each)) as Address[];
  await t.ledger.subscribers.register({
    id,
    agentWallet: wallet as Address,
    agentTokenAccount: tokens as Address,
    driftAccounts: [{ address: account as Address, subAccountId: 0 }],
    sealedKey: null,
    fromSlot: 1,
  });
  await t.sql`update standing set outstanding = 5 where subscriber_id = ${id}`;
}
/** Holds a row while both calls begin, each on connections of their own. Returns how they ended. */
async function whileHeld(
  t: TestLedger,
  held: { readonly table: string; readonly id: string },
  calls: readonly ((ledger: Ledger) => Promise<unknown>)[],
): Promise<string[]> {
  const sql = openDatabase(t.url, silentLog, 4);
  const ledger = createLedger(sql);
  const begun: Promise<unknown>[] = [];
  await t.sql.begin(async (tx) => {
    await tx`select 1 from ${tx(held.table)} where subscriber_id = ${held.id} for update`;
    for (const call of calls) {
      let ended = false;
      const own = call(ledger).finally(() => {
        ended = true;
      });
      own.catch(() => {});
      begun.push(own);
      const waits = async () => {
        const rows = await sql`
          select 1 from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`;
        return ended || rows.length >= begun.length;
      };
      await expect.poll(waits).toBe(true);
    }
  });
  const ended = await Promise.allSettled(begun);
  await sql.end({ timeout: 2 });
  return ended.map((each) => (each.status === 'fulfilled' ? 'done' : String(each.reason)));
}

test('two daemons that look at the same subscribers in another order do not deadlock', async () => {
  await using t = await createTestLedger();
  await owing(t);
  await indebted(t, 'bo', 20);
  await indebted(t, 'cy', 30);
  const ids = ['ana', 'bo', 'cy'];
  await t.ledger.owing.age(ids, DAY_MS);
  const look = (given: readonly string[]) => (ledger: Ledger) => ledger.owing.age(given, DAY_MS);
  expect(
    await whileHeld(t, { table: 'owed_time', id: 'bo' }, [look(ids), look(ids.toReversed())]),
  ).toEqual(['done', 'done']);
});

test('a look and verdicts on the same subscribers do not deadlock', async () => {
  await using t = await createTestLedger('zed');
  await t.sql`update standing set outstanding = 5`;
  await indebted(t, 'bo', 20);
  await indebted(t, 'ana', 30);
  // On disk the rows stand in the order zed, bo, ana; verdicts take them in that of the ids.
  const ids = ['zed', 'bo', 'ana'];
  expect(
    await whileHeld(t, { table: 'standing', id: 'bo' }, [
      (ledger) => ledger.owing.age(ids, DAY_MS),
      (ledger) => Promise.all(ids.map((id) => ledger.standings.update(id, judge))),
    ]),
  ).toEqual(['done', 'done']);
});
