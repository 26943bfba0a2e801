// Database: the connection pool, and the types that cross it. bigint columns are bigint here; sums
// are cast to it.
import postgres from 'postgres';
import type { Log } from '../core/ports.ts';

export type Sql = postgres.Sql<{ bigint: bigint }>;
export type Transaction = postgres.TransactionSql<{ bigint: bigint }>;
/** A piece of a query. */
export type Fragment = postgres.Fragment;

/**
 * Postgres ends a statement, or a transaction that waits for its client, after so long.
 * Milliseconds.
 */
const STATEMENT_MS_MOST = 120_000;

/**
 * Opens a pool. `DATABASE_URL` must reach Postgres directly or through a pooler in session mode.
 */
export function openDatabase(
  url: string,
  log: Log,
  poolSize = 10,
  onEnded: () => void = () => {},
): Sql {
  return postgres(url, {
    max: poolSize,
    types: { bigint: postgres.BigInt },
    // Asking for array types is a query of the driver's own, whose rejection nobody could catch.
    fetch_types: false,
    connection: {
      application_name: 'bailiff',
      statement_timeout: STATEMENT_MS_MOST,
      idle_in_transaction_session_timeout: STATEMENT_MS_MOST,
    },
    connect_timeout: 10,
    onclose: onEnded,
    onnotice: (notice) => log.debug('ledger.notice', { message: notice.message }),
  });
}

/** Whether an error is a violation of this unique constraint or index. */
export function violates(thrown: unknown, constraint: string): boolean {
  const error = thrown as { code?: unknown; constraint_name?: unknown } | null;
  return error?.code === '23505' && error.constraint_name === constraint;
}

/** JSON with bigint as decimal strings, for jsonb columns. */
export function toJson(value: unknown): postgres.JSONValue {
  return JSON.parse(
    JSON.stringify(value, (_, each: unknown) =>
      typeof each === 'bigint' ? each.toString() : each,
    ),
  ) as postgres.JSONValue;
}

/** A timestamp parameter from milliseconds. */
export function at(ms: number): Date {
  return new Date(ms);
}

/** So many milliseconds from now, by the clock of the ledger; null stays null. */
export const inMs = (sql: Sql | Transaction, now: Fragment, ms: number | null): Fragment =>
  ms === null ? sql`null::timestamptz` : sql`${now} + ${Math.round(ms)} * interval '1 millisecond'`;
