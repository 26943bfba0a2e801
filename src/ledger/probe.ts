// Probe: writes one row each second, so that the daemon notices when the ledger refuses writes;
// reads the database's clock; and tells why no connection comes about.
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
 * Opens one more connection, asks it something, and closes it. Throws the driver's error. The pool
 * could not tell that error: its driver does not report a failure to connect to a query that waits
 * for a connection.
 */
export async function reachLedger({ openProbe }: Pick<Pools, 'openProbe'>): Promise<void> {
  await askAlone(openProbe(), (sql) => sql`select 1`.execute());
}
