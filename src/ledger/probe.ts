// Probe: writes one row each second, so that the daemon notices when the ledger refuses writes;
// reads the database's clock; and tells why no connection comes about, or why no commit ends.
import { Fault } from '../core/fault.ts';
import type { Probe } from '../core/ports.ts';
import { askAlone, type Sql } from './database.ts';
import type { Pools } from './pools.ts';

/** Creates the probe. `write` returns the database's clock in milliseconds. */
export function createProbe(sql: Sql): Probe {
  return {
    async write() {
      const [row] = await sql<{ now: Date }[]>`
        insert into ledger_probe (one, written_at) values (true, clock_timestamp())
        on conflict (one) do update set written_at = excluded.written_at
        returning written_at as now`;
      return row?.now.getTime() ?? 0;
    },
  };
}

/** The database's clock in milliseconds. Writes nothing, so that a standby answers as well. */
export async function readDatabaseClock(sql: Sql): Promise<number> {
  const [row] = await sql<{ now: Date }[]>`select clock_timestamp() as now`;
  return row?.now.getTime() ?? 0;
}

/**
 * Opens one more connection, asks whether commits of this role wait for a standby, and closes it.
 * Throws the driver's error; `ledger_unavailable` where a commit has waited for 3 s. The pool could
 * not tell that error: its driver does not report a failure to connect to a query that waits for a
 * connection.
 */
export async function reachLedger({ openProbe }: Pick<Pools, 'openProbe'>): Promise<void> {
  const waiting = await askAlone(openProbe(), (sql) =>
    sql`
      select 1 from pg_stat_activity
      where datname = current_database() and usename = current_user
        and wait_event = 'SyncRep' and query_start < clock_timestamp() - interval '3 seconds'`.execute(),
  );
  if (waiting.length > 0)
    throw new Fault(
      'ledger_unavailable',
      'Commits wait for a standby of synchronous_standby_names that does not answer. Start it, or take it out and reload the settings of Postgres.',
    );
}
