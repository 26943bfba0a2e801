// Pools: the connections to Postgres of a process. Where DATABASE_URL leads through a pooler in
// transaction mode, each transaction may run in another session of Postgres: what needs a session
// of its own (notifications, migrations, locks, what Postgres does for a connection) then uses the
// direct URL.
import { Fault } from '../core/fault.ts';
import type { Log } from '../core/ports.ts';
import { askProcesses, type Connections, createConnections } from './connections.ts';
import { openDatabase, type Sql } from './database.ts';

/** The URLs of the database; `direct` is null where the first one leads to Postgres itself. */
export type DatabaseUrls = { readonly url: string; readonly direct: string | null };
export type Pools = {
  /** For transactions and single statements. */
  readonly sql: Sql;
  /** For what needs a session; the same pool where no direct URL is given. */
  readonly direct: Sql;
  /**
   * One connection for the heartbeat alone, opened as those for transactions are. So the heartbeat
   * does not wait behind the statements of the API and of loops that wait for a connection of
   * `sql`.
   */
  readonly pulse: Sql;
  /** The direct connections, of which those that died are found. */
  readonly connections: Connections;
  /** Opens a pool of one connection, for a session that ends with the work in it. */
  readonly openSession: () => Sql;
  /** Opens a pool of one connection as that for transactions is opened. */
  readonly openProbe: () => Sql;
  /** How many connections have ended so far. */
  readonly ended: () => number;
  /** Ends the pools, after so many seconds in any case. */
  end(timeoutS: number): Promise<void>;
};

/** Connections for sessions, beside the one that listens. */
const DIRECT_SIZE = 2;

/**
 * Opens the pools. No connection is made yet. `most` is how many the pool for transactions
 * has at most.
 */
export function openPools(
  urls: DatabaseUrls,
  most: number,
  log: Log,
  elapsedMs: () => number,
): Pools {
  const sessions = urls.direct ?? urls.url;
  let ended = 0;
  const onEnded = (): void => void ended++;
  const connections = createConnections({ ...askProcesses(sessions, log), elapsedMs, log });
  const given =
    urls.direct === null ? { onEnded, connections } : { onEnded, isPooled: true as const };
  const sql = openDatabase(urls.url, log, most, given);
  const pulse = openDatabase(urls.url, log, 1, given);
  const direct =
    urls.direct === null ? sql : openDatabase(sessions, log, DIRECT_SIZE, { onEnded, connections });
  return {
    sql,
    direct,
    pulse,
    connections,
    openSession: () => openDatabase(sessions, log, 1, { connections }),
    openProbe: () => openDatabase(urls.url, log, 1, { isPooled: urls.direct !== null }),
    ended: () => ended,
    async end(timeout) {
      await Promise.all([...new Set([sql, direct, pulse])].map((each) => each.end({ timeout })));
    },
  };
}

/**
 * Throws `settings_invalid` unless both URLs lead to one database of one server. A difference would
 * migrate one database and write into the other.
 */
export async function requireSame({ sql, direct }: Pick<Pools, 'sql' | 'direct'>): Promise<void> {
  if (direct === sql) return;
  const [here, there] = await Promise.all(
    [sql, direct].map(
      (each) => each<{ place: string }[]>`
        select current_database() || ' since ' || pg_postmaster_start_time() as place`,
    ),
  );
  if (here?.[0]?.place === there?.[0]?.place) return;
  throw new Fault(
    'settings_invalid',
    `BAILIFF_DIRECT_DATABASE_URL: leads to another database than DATABASE_URL: ${there?.[0]?.place}, and not ${here?.[0]?.place}`,
  );
}
