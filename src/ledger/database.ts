// Database: opens the connection pool and defines the types that cross it. bigint columns are read
// as `bigint`; sums must be cast to bigint in SQL.
import postgres from 'postgres';
import { Fault } from '../core/fault.ts';
import { isContended, ledgerFault } from '../core/ledger-fault.ts';
import type { Log } from '../core/ports.ts';
import type { Opened } from './driver-state.ts';

export type Sql = postgres.Sql<{ bigint: bigint }>;
export type Transaction = postgres.TransactionSql<{ bigint: bigint }>;
/** A part of a query. */
export type Fragment = postgres.Fragment;

/** After 120 s Postgres ends a statement, or a transaction whose client is idle. Milliseconds. */
const STATEMENT_MS_MOST = 120_000;
const TIMEOUTS = {
  statement_timeout: STATEMENT_MS_MOST,
  idle_in_transaction_session_timeout: STATEMENT_MS_MOST,
} as const;
/**
 * Settings by which Postgres looks rows up one by one, by an index. Postgres estimates a JSON list
 * at 100 rows, and a table at the size that it had when it was last analysed; with its usual
 * settings it would in a burst read whole tables to find a handful of rows. `readWhole` reads whole
 * tables on purpose. With `force_generic_plan` a statement is planned once for each connection;
 * `plannedEach` has a statement planned for the values of each execution.
 */
const LOOKUPS = {
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_material: 'off',
  jit: 'off',
  plan_cache_mode: 'force_generic_plan',
} as const;

/**
 * The option of the driver by which no statement is sent while another one is under way on the
 * connection. A pooler gives the server connection back after the first statement, together with
 * what has come of the second one, which is then never answered.
 */
const ONE_AT_A_TIME: object = { max_pipeline: 0 };

/**
 * Seconds until a connection is tried again after so many failures: 0.1 at first, 2 at most. The
 * driver's own bound is 20 s, and for so long a daemon could not use a Postgres that has come back.
 */
const reconnectAfterS = (failures: number): number => Math.min(0.05 * 2 ** failures, 2);

/** Seconds until a connection must be there, unless `DATABASE_URL` has a `connect_timeout`. */
const CONNECT_S_MOST = 10;
const connectWithinS = (url: string): number =>
  Number((URL.canParse(url) && new URL(url).searchParams.get('connect_timeout')) || CONNECT_S_MOST);

/**
 * Host and port of a URL with an IPv6 address as host; nothing for another URL. The driver takes
 * only the part before the first colon as the host, and would fail with the port NaN.
 */
function ipv6Of(url: string): { host?: string; port?: number } {
  const found = URL.canParse(url) ? new URL(url) : null;
  const address = /^\[(.+)\]$/.exec(found?.hostname ?? '')?.[1];
  if (address === undefined) return {};
  // The driver takes lists, too, and only a list is not split at its colons; its types lack that.
  const list: unknown = { host: [address], port: [Number(found?.port || 5_432)] };
  return list as { host: string; port: number };
}

/**
 * After so many seconds of silence the kernel asks whether the other end is still there, ten times
 * within ten more seconds. The kernel does not ask while sent bytes wait to be acknowledged.
 */
const KEEP_ALIVE_S = 15;

export type PoolOptions = {
  /** Called when a connection ends. */
  readonly onEnded?: () => void;
  /** Is told of each connection, so that dead ones can be ended. */
  readonly connections?: { readonly opened: Opened } | undefined;
  /**
   * Whether the URL leads through a pooler in transaction mode. Such a pooler refuses settings of a
   * session at the start of a connection, and knows no prepared statements of a client; the role
   * has the time-outs then, and statements are prepared anew each time.
   */
  readonly isPooled?: boolean;
  /** Seconds until a connection must be there; by default those of the URL, or 10. */
  readonly connectS?: number;
};

/**
 * The option `onsocket`, which patches/apply.mjs adds to the driver: it is called with each new
 * connection and with a function that tells what the driver does on it.
 */
const socketsTo = ({ connections }: PoolOptions): object =>
  connections === undefined ? {} : { onsocket: connections.opened };

/** Opens a pool. Without `isPooled` the URL must reach Postgres, or a pooler in session mode. */
export function openDatabase(url: string, log: Log, poolSize = 10, given: PoolOptions = {}): Sql {
  const { onEnded = () => {}, isPooled = false } = given;
  return postgres(url, {
    ...ipv6Of(url),
    ...socketsTo(given),
    max: poolSize,
    types: { bigint: postgres.BigInt },
    // With this option the driver would query array types by itself, and its rejection could not be
    // caught.
    fetch_types: false,
    connection: {
      application_name: 'bailiff',
      ...(isPooled ? {} : { ...TIMEOUTS, ...LOOKUPS }),
    },
    prepare: !isPooled,
    ...(isPooled ? ONE_AT_A_TIME : {}),
    connect_timeout: given.connectS ?? connectWithinS(url),
    keep_alive: KEEP_ALIVE_S,
    backoff: reconnectAfterS,
    onclose: onEnded,
    onnotice: (notice) => log.debug('ledger.notice', { message: notice.message }),
  });
}

/** Has the rest of a transaction planned for the values of each execution. */
const planForValues = (tx: Transaction): Promise<unknown> =>
  tx`set local plan_cache_mode = force_custom_plan`.execute();

/**
 * Creates the function that runs a statement whose best plan depends on its values: a list with
 * conditions that may be left out, a part of a period, or a limit that the caller sets.
 */
export const plannedEach =
  (sql: Sql) =>
  <Rows extends readonly object[]>(
    text: TemplateStringsArray,
    ...values: readonly postgres.ParameterOrFragment<bigint>[]
  ): Promise<Rows> =>
    sql.begin('read only', async (tx) => {
      const [, rows] = await Promise.all([planForValues(tx), tx<[...Rows]>(text, ...values)]);
      return rows;
    }) as Promise<unknown> as Promise<Rows>;

/**
 * Lets the rest of a transaction last, and wait for locks, without a bound, as a migration of a
 * large ledger must. Postgres still ends the transaction when its client is idle for 120 s, so that
 * a client that is gone holds no lock for ever.
 */
export const allowTime = (tx: Transaction): Promise<unknown> =>
  // Postgres 16 has no transaction_timeout.
  tx`
    select set_config(name, '0', true) from pg_settings
    where name in ('statement_timeout', 'lock_timeout', 'transaction_timeout')`.execute();

/** Lets the rest of a transaction read and join whole tables, as sums and migrations do. */
export const allowWhole = (tx: Transaction): Promise<unknown> =>
  Promise.all([
    planForValues(tx),
    tx`select set_config('enable_' || each, 'on', true) from unnest('{seqscan,hashjoin,mergejoin}'::text[]) each`.execute(),
  ]);

/** Runs statements that read whole tables, which see the ledger at one moment. */
export const readWhole = <T>(sql: Sql, read: (tx: Transaction) => Promise<T>): Promise<T> =>
  sql.begin('isolation level repeatable read read only', async (tx) => {
    await allowWhole(tx);
    return read(tx);
  }) as Promise<T>;

/** Postgres must answer a question of `askAlone` within so many seconds after the connection. */
const ANSWER_S = 3;

/**
 * Asks `ask` on a pool that was opened for it alone, and ends the pool. The connection has the
 * time of `connect_timeout` and the answer three seconds more, because the answer may be lost on
 * its way, and no error tells of that. Throws the driver's error; CONNECTION_DESTROYED without an
 * answer in that time.
 */
export async function askAlone<T>(sql: Sql, ask: (sql: Sql) => Promise<T>): Promise<T> {
  const answer = ask(sql);
  // The pool takes no further question, and ends with the answer to this one.
  void sql.end({ timeout: sql.options.connect_timeout + ANSWER_S });
  return answer;
}

/** Whether an error is a violation of the named unique constraint or index. */
export function violates(thrown: unknown, constraint: string): boolean {
  const error = thrown as { code?: unknown; constraint_name?: unknown } | null;
  return error?.code === '23505' && error.constraint_name === constraint;
}

/**
 * Whether one of several items that share a transaction may have caused this failure by itself, as
 * also by meeting the transaction of another daemon. False when Postgres or the connection to it
 * failed.
 */
export const isOfOne = (thrown: unknown): boolean => {
  if (isContended(thrown)) return true;
  const fault = ledgerFault(thrown);
  return !(fault instanceof Fault && fault.code === 'ledger_unavailable');
};

/**
 * The value as JSON for a jsonb column, with bigint as decimal strings. As in `JSON.stringify`,
 * a value with the method `toJSON` is what that returns, a key without a value is left out, and an
 * element without one is null.
 */
export function toJson(value: unknown): postgres.JSONValue {
  if (typeof value === 'bigint') return value.toString();
  if (value === undefined) return null;
  if (typeof value !== 'object' || value === null) return value as postgres.JSONValue;
  if (Array.isArray(value)) return value.map(toJson);
  if ('toJSON' in value && typeof value.toJSON === 'function') return toJson(value.toJSON());
  const found: Record<string, postgres.JSONValue> = {};
  for (const key of Object.keys(value)) {
    const each: unknown = (value as Record<string, unknown>)[key];
    if (each !== undefined) found[key] = toJson(each);
  }
  return found;
}

/** A timestamp parameter from milliseconds since 1970. */
export function at(ms: number): Date {
  return new Date(ms);
}
