// Root memos: stores the transactions that write the commitments of days on chain, each before it
// is sent.
import { hexOf } from '../core/daily-root.ts';
import type { Signature } from '../core/ids.ts';
import type { RootMemoBook } from '../core/root-ports.ts';
import type { Sql } from './database.ts';

const bytesIn = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** Creates the store of the memos of daily roots. */
export function createRootMemoBook(sql: Sql): RootMemoBook {
  const isWritten = sql`m.outcome in ('landed', 'contradicted')`;
  /**
   * Sealed days that no memo on chain names, from the day of the first memo on. While there is no
   * memo, only the last sealed day is due.
   */
  const due = sql`
    r.day >= coalesce((select min(day) from root_memo), (select max(day) from daily_root))
      and not exists (select 1 from root_memo m where m.day = r.day and ${isWritten})`;
  return {
    async underWay() {
      const [row] = await sql<
        {
          day: string;
          commitment: Uint8Array;
          signature: Signature;
          bytes: Uint8Array;
          height: bigint;
        }[]
      >`
        select to_char(day, 'YYYY-MM-DD') as day, commitment, signature, bytes, last_valid_block_height as height
        from root_memo where outcome is null`;
      if (row === undefined) return null;
      const { height, commitment, ...memo } = row;
      return { ...memo, commitment: hexOf(commitment), lastValidBlockHeight: Number(height) };
    },
    async nextDay() {
      const [row] = await sql<{ day: string; commitment: Uint8Array }[]>`
        select to_char(r.day, 'YYYY-MM-DD') as day, r.commitment from daily_root r where ${due} order by r.day limit 1`;
      return row === undefined ? null : { day: row.day, commitment: hexOf(row.commitment) };
    },
    async signedToday() {
      const [row] = await sql<{ count: number }[]>`
        select count(*)::int as count from root_memo where bytes is not null and signed_at > now() - interval '24 hours'`;
      return row?.count ?? 0;
    },
    async keep({ day, commitment, signature, bytes, lastValidBlockHeight }) {
      const rows = await sql`
        insert into root_memo (signature, day, commitment, bytes, last_valid_block_height)
        select ${signature}, ${day}::date, ${bytesIn(commitment)}, ${Buffer.from(bytes)}, ${lastValidBlockHeight}
        where not exists (select 1 from root_memo m where m.day = ${day}::date and ${isWritten})
        on conflict do nothing returning 1`;
      return rows.length > 0;
    },
    async end(signature, outcome, slot) {
      const rows = await sql`
        update root_memo set outcome = ${outcome}, slot = ${slot} where signature = ${signature} and outcome is null returning 1`;
      return rows.length > 0;
    },
    async found({ day, commitment, signature, slot }) {
      const rows = await sql`
        insert into root_memo as m (signature, day, commitment, outcome, slot)
        select ${signature}, r.day, ${bytesIn(commitment)},
          case when r.commitment = ${bytesIn(commitment)} then 'landed' else 'contradicted' end, ${slot}
        from daily_root r where r.day = ${day}::date
          and not exists (select 1 from root_memo m where m.day = r.day and ${isWritten})
        on conflict on constraint root_memo_pkey do update set outcome = excluded.outcome, slot = excluded.slot
        where m.outcome is null or m.outcome = 'expired'
        returning 1`;
      return rows.length > 0;
    },
    async sums() {
      const [row] = await sql<{ written: number; contradicted: number; waiting: number }[]>`
        select (count(*) filter (where outcome = 'landed'))::int as written,
          (count(*) filter (where outcome = 'contradicted'))::int as contradicted,
          (select count(*) from daily_root r where ${due})::int as waiting
        from root_memo`;
      return row ?? { written: 0, contradicted: 0, waiting: 0 };
    },
  };
}
