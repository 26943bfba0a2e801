// Mark: where the database stands, as it tells itself, and where it stood when daemons last trusted
// it.
import type { LedgerMark } from '../core/continuity.ts';
import type { Fragment, Sql } from './database.ts';

/** No such function, none for this role, or a feature that the cluster lacks. */
const UNTOLD = new Set(['42883', '42501', '0A000', '42704', '42703', '42P01']);

/**
 * System identifier, timeline, database, file of the payment table, start of the server. The
 * timeline comes from the name of the file that is being written: the control file tells it only
 * after the next checkpoint.
 */
export const identityOf = (sql: Sql): Fragment => sql`
  concat_ws('/', (select system_identifier from pg_control_system()), left(pg_walfile_name(pg_current_wal_lsn()), 8),
    (select oid from pg_database where datname = current_database()), pg_relation_filenode('payment'),
    extract(epoch from pg_postmaster_start_time()))`;

export type Marks = {
  /** Throws what the driver throws where Postgres cannot be reached. */
  read(): Promise<LedgerMark>;
  /** The identity that was trusted last; null at the first start. */
  trusted(): Promise<string | null>;
  trust(mark: LedgerMark): Promise<void>;
};

/** `ended` is how many connections of this process have ended so far. */
export function createMarks(sql: Sql, ended: () => number): Marks {
  return {
    async read() {
      try {
        const [row] = await sql<{ identity: string; position: bigint }[]>`
          select ${identityOf(sql)} as identity, (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint as position`;
        if (row !== undefined) return { told: true, ...row };
      } catch (thrown) {
        // A Postgres-compatible cluster without these functions, or without the right to call them.
        if (!UNTOLD.has(String((thrown as { code?: unknown } | null)?.code))) throw thrown;
      }
      return { told: false, connections: ended() };
    },
    async trusted() {
      const [row] = await sql<{ mark: string }[]>`select mark from ledger_mark`;
      return row?.mark ?? null;
    },
    async trust(mark) {
      const text = mark.told ? mark.identity : 'untold';
      await sql`
        insert into ledger_mark (mark) values (${text})
        on conflict on constraint ledger_mark_single do update set mark = excluded.mark, noted_at = now()`;
    },
  };
}
