// Coverage: counts by program how many calls that touched watched accounts were understood, and
// lists those that account state has not confirmed yet.
import type { CoverageBook } from '../core/doubt-ports.ts';
import type { Address, Signature } from '../core/ids.ts';
import type { Sql } from './database.ts';

/**
 * The number of programs that have a row of their own. The limit exists because a caller can pass a
 * watched account to any number of programs of its own.
 */
const PROGRAMS_MOST = 100;
const OTHER = 'other';

type Row = { program: string; understood: bigint; neutral: bigint; unknown: bigint };

/** Creates the store of coverage. */
export function createCoverageBook(sql: Sql): CoverageBook {
  return {
    async add(rows) {
      if (rows.length === 0) return;
      // All daemons add rows in the same order, so that two that add at once cannot deadlock.
      const given = [...rows]
        .sort((a, b) => (a.program < b.program ? -1 : 1))
        .map(({ program, understood, neutral, unknown }) => ({
          program,
          understood,
          neutral,
          unknown,
        }));
      await sql`
        insert into coverage (program, understood, neutral, unknown)
        select case when given.program in (select program from coverage) or given.nth <= ${PROGRAMS_MOST} - (select count(*) from coverage)
                 then given.program else ${OTHER} end as named,
               sum(given.understood), sum(given.neutral), sum(given.unknown)
        from (select program, understood, neutral, unknown, row_number() over (order by program) as nth
              from jsonb_to_recordset(${sql.json(given)})
                as each(program text, understood bigint, neutral bigint, unknown bigint)) given
        group by named order by named
        on conflict (program) do update set understood = coverage.understood + excluded.understood,
          neutral = coverage.neutral + excluded.neutral, unknown = coverage.unknown + excluded.unknown`;
    },
    async totals() {
      const rows = await sql<Row[]>`
        select program, understood, neutral, unknown from coverage order by unknown desc, program`;
      return rows.map(({ program, understood, neutral, unknown }) => ({
        program: program as Address,
        understood: Number(understood),
        neutral: Number(neutral),
        unknown: Number(unknown),
      }));
    },
    async unexplained() {
      const rows = await sql<
        {
          account: Address;
          subscriber_id: string;
          signature: Signature;
          slot: bigint;
          program: Address;
          recorded_at: Date;
        }[]
      >`
        select f.account, f.subscriber_id, f.signature, f.slot, f.body->>'who' as program, f.recorded_at
        from fact f join subscriber s using (subscriber_id) join account_check c on c.address = f.account
        where f.kind = 'notice' and f.body->>'what' = 'unknown_call' and f.finality <> 'withdrawn' and s.retired_at is null
          and (c.baseline->>'slot')::bigint < f.slot
        order by f.slot`;
      return rows.map((row) => ({
        address: row.account,
        subscriberId: row.subscriber_id,
        signature: row.signature,
        slot: Number(row.slot),
        program: row.program,
        sinceMs: row.recorded_at.getTime(),
      }));
    },
  };
}
