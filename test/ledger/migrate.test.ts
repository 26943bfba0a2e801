// Migrate: two daemons at once, and migrations that were changed afterwards.
import { expect, test } from 'vitest';
import { migrate, readMigrations } from '../../src/ledger/migrate.ts';
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
