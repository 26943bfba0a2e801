// Migrate: two daemons at once, and migrations that were changed afterwards.
import { expect, test } from 'vitest';
import { createLedger } from '../../src/ledger/ledger.ts';
import { hasLedger, migrate, readMigrations, requireMigrated } from '../../src/ledger/migrate.ts';
import { silentLog } from '../../src/system/log.ts';
import { createDatabase } from '../support/database.ts';

test('daemons that start at once apply each migration once', async () => {
  await using database = await createDatabase({ empty: true });
  const runs = await Promise.all(Array.from({ length: 6 }, () => migrate(database.sql, silentLog)));
  const migrations = await readMigrations();
  expect(runs.flat().sort()).toEqual(migrations.map((each) => each.name));
  const rows = await database.sql`select version from migration order by version`;
  expect(rows.map((row) => row.version)).toEqual(migrations.map((each) => each.version));
});

test('a migration that was edited after it was applied is refused', async () => {
  await using database = await createDatabase({ empty: true });
  const migrations = await readMigrations();
  await migrate(database.sql, silentLog, migrations);
  const edited = migrations.map((each) => ({ ...each, hash: 'another' }));
  await expect(migrate(database.sql, silentLog, edited)).rejects.toMatchObject({
    code: 'migration_changed',
  });
});

test('a database is refused until it has every migration of this release, and none of a newer one', async () => {
  await using database = await createDatabase({ empty: true });
  const { sql } = database;
  const behind = { code: 'database_behind', message: expect.stringContaining('bailiff migrate') };
  await expect(requireMigrated(sql)).rejects.toMatchObject(behind);
  const migrations = await readMigrations();
  await migrate(sql, silentLog, migrations.slice(0, -1));
  await expect(requireMigrated(sql)).rejects.toMatchObject(behind);
  await migrate(sql, silentLog);
  await requireMigrated(sql);
  await sql`insert into migration (version, name, hash) values (${migrations.length + 1}, 'n', 'h')`;
  await expect(requireMigrated(sql)).rejects.toMatchObject({ code: 'database_newer' });
});

test('a table of another application that is called migration is no ledger', async () => {
  await using database = await createDatabase({ empty: true });
  const { sql } = database;
  await sql`create table migration (id integer, name text, applied boolean)`;
  expect(await hasLedger(sql)).toBe(false);
  await expect(requireMigrated(sql)).rejects.toMatchObject({
    message: expect.stringContaining('has no ledger'),
  });
});

test('a failing migration leaves nothing behind', async () => {
  await using database = await createDatabase({ empty: true });
  const broken = [
    {
      version: 1,
      name: '0001_broken.sql',
      text: 'create table half (id int); select nothing_like_this();',
      hash: 'x',
    },
  ];
  await expect(migrate(database.sql, silentLog, broken)).rejects.toThrow();
  const tables = await database.sql`select to_regclass('half') as half`;
  expect(tables[0]?.half).toBeNull();
  expect(await database.sql`select * from migration`).toHaveLength(0);
});

test('books of an earlier release keep fractions, amounts, and the figures of each share', async () => {
  await using database = await createDatabase({ empty: true });
  const { sql } = database;
  const migrations = await readMigrations();
  await migrate(sql, silentLog, migrations.slice(0, 6));
  await sql`insert into subscriber (subscriber_id, agent_wallet, agent_token_account) values ('ana', 'w', 't')`;
  await sql`insert into standing (subscriber_id, standing, outstanding, revision) values ('ana', 'good', 0, 1)`;
  await sql`
    insert into account (address, subscriber_id, role, sub_account_id, cursor_slot) values ('d', 'ana', 'drift_user', 0, 1)`;
  await sql`
    insert into subscription (subscription_id, subscriber_id, drift_account, carry) values ('s', 'ana', 'd', 2500)`;
  await sql`
    insert into subscription_terms (subscriber_id, subscription_id, from_slot, creator_wallet, share_bps)
    values ('ana', 's', 5, 'older', 1000), ('ana', 's', 20, 'newer', 2000)`;
  const body = {
    netPnl: '1234',
    baseClosed: '1',
    proceeds: '1234',
    entry: '0',
    grossPnl: '1234',
    fee: '0',
  };
  for (const [signature, slot, bps] of [
    ['one', 10, 1_000],
    ['two', 30, 2_000],
  ] as const) {
    await sql`
      insert into fact (subscriber_id, account, signature, slot, ordinal, kind, finality, body)
      values ('ana', 'd', ${signature}, ${slot}, 0, 'close', 'finalized', ${sql.json(body)})`;
    const exact = 1_234n * BigInt(bps);
    await sql`
      insert into accrual (subscriber_id, subscription_id, account, signature, slot, ordinal, net_pnl, share_bps, amount, carry_before, carry_after)
      values ('ana', 's', 'd', ${signature}, ${slot}, 0, 1234, ${bps}, ${exact / 10_000n}, 0, ${exact % 10_000n})`;
    await sql`
      insert into profit_share (share_id, subscriber_id, subscription_id, signature, slot, ordinal, creator_wallet, amount)
      values (${signature}, 'ana', 's', ${signature}, ${slot}, 0, 'c', ${exact / 10_000n})`;
  }
  // Final, and not booked yet.
  await sql`
    insert into fact (subscriber_id, account, signature, slot, ordinal, kind, finality, body)
    values ('ana', 'd', 'three', 40, 0, 'close', 'finalized', ${sql.json(body)})`;
  await sql`
    insert into account_check (address, subscriber_id, baseline) values ('d', 'ana', '{"slot": 50}')`;
  expect(await migrate(sql, silentLog)).toEqual(migrations.slice(6).map((each) => each.name));
  const ledger = createLedger(sql);
  expect(await ledger.subscriptions.find('s')).toMatchObject({
    held: { slot: 0, positions: [] },
    tabs: { 5: { carry: 2_500n, deficit: 0n } },
    terms: [
      { shareBps: 1_000, basis: 'per_close', minimumPayment: 0n, ended: false },
      { shareBps: 2_000 },
    ],
  });
  expect((await ledger.shares.accruals(['one'])).get('one')).toMatchObject({
    termsSlot: 5,
    charged: 1_234n,
    amount: 123n,
  });
  expect((await ledger.shares.accruals(['two'])).get('two')).toMatchObject({
    termsSlot: 20,
    charged: 1_234n,
    amount: 246n,
  });
  expect(
    (await ledger.shares.due('ana')).map((each) => [each.shareId, each.owed, each.minimum]),
  ).toEqual([
    ['one', 123n, 0n],
    ['two', 246n, 0n],
  ]);
  expect((await ledger.shares.unaccrued(10)).map((each) => each.fact.signature)).toEqual(['three']);
});
