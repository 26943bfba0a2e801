// Pages: counts the pages of tables and indexes that Postgres reads for a question.
import type { Sql } from '../../src/ledger/database.ts';

/** What a ledger is asked, by name. */
export type Questions = Readonly<Record<string, () => Promise<unknown>>>;
/**
 * The pages that each question reads, of one table and its indexes where one is named. The ledger
 * must have one connection.
 */
export async function pagesOf(
  sql: Sql,
  questions: Questions,
  table: string | null = null,
): Promise<ReadonlyMap<string, number>> {
  const pagesRead = async (): Promise<number> => {
    await sql`select pg_stat_force_next_flush()`;
    const [row] = await sql<{ pages: number }[]>`
      select sum(coalesce(heap_blks_read, 0) + coalesce(heap_blks_hit, 0) + coalesce(idx_blks_read, 0)
        + coalesce(idx_blks_hit, 0))::int as pages from pg_statio_user_tables
      where ${table}::text is null or relname = ${table}`;
    return row?.pages ?? Number.NaN;
  };
  const read = new Map<string, number>();
  for (const [name, question] of Object.entries(questions)) {
    const before = await pagesRead();
    await question();
    read.set(name, (await pagesRead()) - before);
  }
  return read;
}
