// Room: checks that Postgres takes new rows, and allows as many connections as one daemon opens.
import { type Finding, fine, odd, wrong } from '../core/doctor-finding.ts';
import { messageOf } from '../core/fault.ts';
import { ledgerFault } from '../core/ledger-fault.ts';
import type { Sql } from '../ledger/database.ts';

/** The size of the row that the doctor tries to write. Bytes. */
const TRIED_BYTES = 65_536;
/** Codes that database.ts tells already: a read-only Postgres, and a missing right. */
const TOLD: readonly unknown[] = ['25006', '42501'];
/** Ends a transaction without a trace. */
class TakenBack extends Error {}

/**
 * Whether Postgres takes a new row of 64 KiB, as a webhook body may be. A full disk may still take
 * a change of a row in place. The row is taken back, so that nothing of it stays in the ledger.
 */
export async function ofWrites(sql: Sql): Promise<Finding[]> {
  const thrown: unknown = await sql
    .begin(async (tx) => {
      await tx`set local statement_timeout = '10s'`;
      await tx`
        insert into delivery (received_at, body)
        select now(), string_agg(decode(md5(nth::text || clock_timestamp()), 'hex'), '')
        from generate_series(1, ${TRIED_BYTES / 16}::int) nth`;
      throw new TakenBack();
    })
    .catch((each: unknown) => each);
  if (thrown instanceof TakenBack) return [fine('writes', 'Postgres takes new rows')];
  if (TOLD.includes((thrown as { code?: unknown } | null)?.code)) return [];
  return [
    wrong(
      'writes',
      `Postgres takes no new row: ${messageOf(ledgerFault(thrown))}`,
      'Mend what the message names. Until then webhooks and requests that change something are answered 503, and the gate vouches for no subscriber. They go on by themselves afterwards.',
    ),
  ];
}

/** Connections of a daemon beside `postgres.connections`: heartbeat, locks, notifications. */
const CONNECTIONS_BESIDE = 3;

/** Whether the role, the database and the server allow the connections that one daemon opens. */
export async function ofConnections(sql: Sql, connections: number): Promise<Finding[]> {
  const needed = connections + CONNECTIONS_BESIDE;
  const [row] = await sql<{ role: number; base: number; server: number }[]>`
    select r.rolconnlimit as role, d.datconnlimit as base, current_setting('max_connections')::int
      - current_setting('superuser_reserved_connections')::int
      - coalesce(current_setting('reserved_connections', true), '0')::int as server
    from pg_roles r, pg_database d where r.rolname = current_user and d.datname = current_database()`;
  const bounds = [
    ['CONNECTION LIMIT of the role', row?.role ?? -1],
    ['CONNECTION LIMIT of the database', row?.base ?? -1],
    ['max_connections of the server, without those reserved,', row?.server ?? -1],
  ] as const;
  return bounds
    .filter(([, most]) => most >= 0 && most < needed)
    .map(([what, most]) =>
      odd(
        'connections',
        `${what} is ${most}, and a daemon opens up to ${needed}`,
        'Raise it to that number for each daemon and some for commands, or lower postgres.connections.',
      ),
    );
}
