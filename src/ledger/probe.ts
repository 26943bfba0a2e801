// Probe: writes one row each second, so that the daemon notices when the ledger refuses writes.
import type { Probe } from '../core/ports.ts';
import type { Sql } from './database.ts';

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
