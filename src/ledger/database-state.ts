// Database state: reads the identity and position of the database, and stores the identity that
// daemons last trusted.
import type { DatabaseState } from '../core/continuity.ts';
import { Fault } from '../core/fault.ts';
import type { Slot } from '../core/ids.ts';
import type { Fragment, Sql, Transaction } from './database.ts';

/**
 * SQLSTATEs of a cluster that lacks or does not support a function, column or table of
 * `identityOf`, and of a role that may not use it.
 */
const UNTOLD = new Set(['42883', '42501', '0A000', '42704', '42703', '42P01']);

/**
 * Identity of the database: system identifier, timeline, database, file of the payment table, start
 * of the server. The timeline is read from the name of the current WAL file, because the control
 * file shows it only after the next checkpoint.
 */
export const identityOf = (sql: Sql | Transaction): Fragment => sql`
  concat_ws('/', (select system_identifier from pg_control_system()), left(pg_walfile_name(pg_current_wal_lsn()), 8),
    (select oid from pg_database where datname = current_database()), pg_relation_filenode('payment'),
    extract(epoch from pg_postmaster_start_time()))`;

/**
 * Throws `books_behind` when this transaction runs in another database than the one with the
 * identity `under`. With null nothing is checked.
 */
export async function requireIdentity(tx: Transaction, under: string | null): Promise<void> {
  if (under === null) return;
  const [row] = await tx<{ same: boolean }[]>`select ${identityOf(tx)} = ${under} as same`;
  if (row?.same !== true)
    throw new Fault(
      'books_behind',
      'The database was promoted, restored or started anew after the books had been held against the chain. Nothing was changed. Ask again in a minute.',
    );
}

export type DatabaseStates = {
  /** Reads identity and position. Throws the driver's error when Postgres cannot be reached. */
  read(): Promise<DatabaseState>;
  /**
   * The identity that was trusted last, and the finalized slot from which on; null before the first
   * start.
   */
  trusted(): Promise<{ readonly identity: string; readonly slot: Slot | null } | null>;
  trust(state: DatabaseState, slot: Slot | null): Promise<void>;
  /** Whether the ledger has no subscriber. */
  isEmpty(): Promise<boolean>;
};

/**
 * Creates the reader of database states. `ended` returns how many connections of this process have
 * ended so far.
 */
export function createDatabaseStates(sql: Sql, ended: () => number): DatabaseStates {
  return {
    async read() {
      try {
        const [row] = await sql<{ identity: string; position: bigint }[]>`
          select ${identityOf(sql)} as identity, (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint as position`;
        if (row !== undefined) return { told: true, ...row };
      } catch (thrown) {
        // A Postgres-compatible cluster without these functions, or a role that may not call them.
        if (!UNTOLD.has(String((thrown as { code?: unknown } | null)?.code))) throw thrown;
      }
      return { told: false, connections: ended() };
    },
    async trusted() {
      const [row] = await sql<
        { mark: string; slot: bigint | null }[]
      >`select mark, slot from ledger_mark`;
      if (row === undefined) return null;
      return { identity: row.mark, slot: row.slot === null ? null : Number(row.slot) };
    },
    async trust(state, slot) {
      const text = state.told ? state.identity : 'untold';
      await sql`
        insert into ledger_mark (mark, slot) values (${text}, ${slot})
        on conflict on constraint ledger_mark_single do update set mark = excluded.mark, slot = excluded.slot, noted_at = now()`;
    },
    async isEmpty() {
      const [row] = await sql<
        { empty: boolean }[]
      >`select not exists (select 1 from subscriber) as empty`;
      return row?.empty === true;
    },
  };
}
