// Behind: commands that are run on a database without a ledger, and on a ledger of an earlier
// release, refuse it and change nothing. A daemon that starts migrates it. Commands that only look
// change nothing on a ledger of this release.
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

/** Opens the parts of a daemon and closes them. Returns the trouble of the master key. */
async function startDaemon(database: TestDatabase, masterKey: number) {
  const settings = loadSettings({
    BAILIFF_NETWORK: 'local',
    DATABASE_URL: database.url,
    BAILIFF_RPC_URL: NODE,
    BAILIFF_MASTER_KEY: Buffer.alloc(32, masterKey).toString('base64'),
  });
  const parts = await openParts(settings, systemClock, silentLog, { daemon: true });
  await parts.pools.end(2);
  return parts.masterKey.trouble()?.code ?? null;
}

test('a daemon that starts makes the ledger', async () => {
  await using database = await createDatabase({ empty: true });
  await startDaemon(database, 7);
  expect(await runCommand(placeOf(database), ['halts', 'list'])).toMatchObject({ code: 0 });
});

const LOOKING = [
  ['halts', 'list'],
  ['shares', 'list'],
  ['subscribers', 'list'],
] as const;

test('commands look at a standby, which refuses every write', async () => {
  await using database = await createDatabase({ empty: true });
  await startDaemon(database, 7);
  const before = await contentOf(database);
  const [{ name } = { name: '' }] = await database.sql<{ name: string }[]>`
    select current_database() as name`;
  await database.sql`alter database ${database.sql(name)} set default_transaction_read_only = on`;
  for (const args of LOOKING)
    expect(await runCommand(placeOf(database), args), args.join(' ')).toMatchObject({ code: 0 });
  expect(await contentOf(database)).toEqual(before);
});

test('a command with a wrong master key before the first start does not make it the ledger’s', async () => {
  await using database = await createDatabase({ empty: true });
  await migrate(database.sql, silentLog);
  for (const args of LOOKING)
    expect(await runCommand(placeOf(database), args), args.join(' ')).toMatchObject({ code: 0 });
  expect(await startDaemon(database, 9)).toBeNull();
  expect(await startDaemon(database, 7)).toBe('master_key_wrong');
});
