// Migrate patience: a migration, and a daemon that waits for one, have no bound of time, also where
// the session or the role has time-outs of its own.
import { expect, test } from 'vitest';
import { openDatabase, type Sql } from '../../src/ledger/database.ts';
import { type Migration, migrate } from '../../src/ledger/migrate.ts';
import { silentLog } from '../../src/system/log.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

const migrationOf = (text: string): readonly Migration[] => [
  { version: 1, name: '0001_told.sql', text, hash: 'x' },
];
const TOLD = `
  create table told as select name, setting from pg_settings
  where name in ('statement_timeout', 'lock_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout')`;

test('a migration has no bound of time, and a client that is gone has one', async () => {
  await using database = await createDatabase({ empty: true });
  // As a daemon and `bailiff migrate` open it; the rest is of a role that has bounds of its own.
  const sql = openDatabase(`${database.url}?lock_timeout=5000`, silentLog, 1);
  try {
    await migrate(sql, silentLog, migrationOf(TOLD));
    const rows = await sql<{ name: string; setting: string }[]>`select * from told`;
    const told = new Map(rows.map((row) => [row.name, row.setting]));
    expect(told.get('statement_timeout')).toBe('0');
    expect(told.get('lock_timeout')).toBe('0');
    expect(told.get('transaction_timeout') ?? '0').toBe('0');
    expect(told.get('idle_in_transaction_session_timeout')).toBe('120000');
    // The session has its bounds back for all else.
    const [after] = await sql<{ patience: string }[]>`
      select current_setting('statement_timeout') as patience`;
    expect(after?.patience).toBe('2min');
  } finally {
    await sql.end();
  }
});

/** Milliseconds after which the sessions of this test end a statement, and a wait for a lock. */
const PATIENCE_MS = 200;

/**
 * Whether `run`, which waits for a lock, ends, or still waits after three times the bound of its
 * session.
 */
async function fateOf(run: Promise<unknown>, { sql }: TestDatabase): Promise<string> {
  let fate = 'began';
  void run.then(
    () => {
      fate = 'ended';
    },
    (thrown: unknown) => {
      fate = String(thrown);
    },
  );
  await expect
    .poll(async () => {
      const [row] = await sql<{ waits: boolean }[]>`
        select count(*) > 0 as waits from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'
          and clock_timestamp() - query_start > make_interval(secs => ${(3 * PATIENCE_MS) / 1_000})`;
      if (row?.waits === true) fate = 'waits';
      return fate;
    })
    .not.toBe('began');
  return fate;
}

/** The locks of another daemon: while it creates the table of migrations, while it migrates. */
const HOLDS: readonly [what: string, hold: (tx: Sql) => Promise<unknown>][] = [
  ['the lock', (tx) => tx`select pg_advisory_xact_lock(hashtextextended('bailiff.migrate', 0))`],
  ['the row', (tx) => tx`insert into migration (version, name, hash) values (1, 'n', 'x')`],
];

test.each(HOLDS)('a daemon waits for %s of another one as long as it is held', async (_, hold) => {
  await using database = await createDatabase({ empty: true });
  await migrate(database.sql, silentLog, []);
  const bounds = `statement_timeout=${PATIENCE_MS}&lock_timeout=${PATIENCE_MS}`;
  const sql = openDatabase(`${database.url}?${bounds}`, silentLog, 1);
  try {
    const run = { ended: Promise.resolve<string[]>([]) };
    await database.sql.begin(async (tx) => {
      await hold(tx as unknown as Sql);
      run.ended = migrate(sql, silentLog, migrationOf('create table made ()'));
      expect(await fateOf(run.ended, database)).toBe('waits');
    });
    await run.ended;
    expect(await database.sql`select hash from migration`).toMatchObject([{ hash: 'x' }]);
  } finally {
    await sql.end();
  }
});
