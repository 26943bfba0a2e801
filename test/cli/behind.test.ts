// Behind: commands that are run on a database without a ledger, and on a ledger of an earlier
// release, refuse it and change nothing. A daemon that starts migrates it.
import { expect, test } from 'vitest';
import { openParts } from '../../src/daemon-parts.ts';
import { migrate, readMigrations } from '../../src/ledger/migrate.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { loadSettings } from '../../src/system/settings.ts';
import { type Place, runCommand } from '../support/command.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

/** No node listens here: these commands ask none. */
const NODE = 'http://127.0.0.1:1';
const placeOf = (database: TestDatabase): Place => ({
  database,
  world: { chain: { rpcUrl: NODE, wsUrl: NODE.replace('http', 'ws') } },
  settings: { secrets: { masterKey: new Uint8Array(32).fill(7) } },
});

/** Commands that look, and commands that act. */
const COMMANDS = [
  ['halts', 'list'],
  ['shares', 'list'],
  ['subscribers', 'list'],
  ['halt', 'all', '--reason', 'a test'],
  ['api-keys', 'create', 'platform', '--scopes', 'read'],
  ['payments', 'rebuild', '--dry-run'],
] as const;

/** How many rows each table has. */
const contentOf = ({ sql }: TestDatabase) =>
  sql<{ name: string; rows: number }[]>`
    select table_name as name, (xpath('/row/c/text()',
      query_to_xml(format('select count(*) as c from %I', table_name), false, true, '')))[1]::text::int as rows
    from information_schema.tables where table_schema = 'public' order by 1`.then((rows) =>
    rows.map((each) => ({ ...each })),
  );

test('on a database without a ledger no command runs, and none makes a table', async () => {
  await using database = await createDatabase({ empty: true });
  for (const args of COMMANDS) {
    const { code, out } = await runCommand(placeOf(database), args);
    expect(code, args.join(' ')).toBe(1);
    expect(out).toMatch(
      /^The database test_\w+ of DATABASE_URL has no ledger\. .*bailiff migrate$/m,
    );
  }
  expect(await contentOf(database)).toEqual([]);
});

test('on a ledger of an earlier release no command runs, and none migrates it', async () => {
  await using database = await createDatabase({ empty: true });
  const migrations = await readMigrations();
  await migrate(database.sql, silentLog, migrations.slice(0, -2));
  const before = await contentOf(database);
  const [older, last] = migrations.slice(-2).map((each) => each.name);
  for (const args of COMMANDS) {
    const { code, out } = await runCommand(placeOf(database), args);
    expect(code, args.join(' ')).toBe(1);
    expect(out).toContain(`is of an earlier release: it lacks ${older}, ${last}.`);
    expect(out).toContain('bailiff migrate');
  }
  expect(await contentOf(database)).toEqual(before);
  // After the operator has run `bailiff migrate`, each of them works.
  await migrate(database.sql, silentLog);
  expect(await runCommand(placeOf(database), ['halts', 'list'])).toMatchObject({ code: 0 });
});

test('a daemon that starts makes the ledger', async () => {
  await using database = await createDatabase({ empty: true });
  const settings = loadSettings({
    BAILIFF_NETWORK: 'local',
    DATABASE_URL: database.url,
    BAILIFF_RPC_URL: NODE,
  });
  const parts = await openParts(settings, systemClock, silentLog, { migrates: true });
  await parts.pools.end(2);
  expect(await runCommand(placeOf(database), ['halts', 'list'])).toMatchObject({ code: 0 });
});
