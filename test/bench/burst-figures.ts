// Burst figures: what a burst cost, read from Postgres and from requests that are made beside it.
import { setTimeout as pause } from 'node:timers/promises';
import type { Stage } from './burst-stage.ts';
import { say } from './say.ts';

const at = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;

type Statement = { calls: number; ms: number; planMs: number; walKb: number; query: string };
/** Statements and commits since the last `forgetStatements`, with their times in Postgres. */
export async function countStatements({ sql }: Stage) {
  const rows = await sql<Statement[]>`
    select calls::int, total_exec_time as ms, total_plan_time as "planMs", wal_bytes::float8 / 1000 as "walKb", query
    from pg_stat_statements s join pg_database d on d.oid = s.dbid
    where d.datname = current_database() and query !~ 'pg_stat_statements|bench:' and toplevel`;
  const total = rows.reduce((sum, each) => sum + each.calls, 0);
  const begun = rows.filter(({ query }) => /^begin/i.test(query));
  const transactions = begun.reduce((sum, each) => sum + each.calls, 0);
  return { total, transactions, rows };
}
/**
 * Prints the statements on which Postgres spent the most time: calls, milliseconds of executing and
 * of planning, and kB of the log of Postgres, for each close. On a busy machine the times include
 * waits for a core.
 */
export function sayStatements(rows: readonly Statement[], closes: number): void {
  const each = (count: number): string => (count / closes).toFixed(2).padStart(6);
  say('    calls, ms executing, ms planning and kB of log a close, of each statement');
  for (const row of rows.toSorted((a, b) => b.ms + b.planMs - a.ms - a.planMs).slice(0, 60))
    say(
      `  ${each(row.calls)} ${each(row.ms)} ${each(row.planMs)} ${each(row.walKb)} ${row.query.replace(/\s+/g, ' ').slice(0, 150)}`,
    );
}
export const forgetStatements = ({ sql }: Stage) => sql`select pg_stat_statements_reset()`;

/** Bytes of each table with its indexes. */
export const tableSizes = async ({ sql }: Stage): Promise<ReadonlyMap<string, number>> => {
  const rows = await sql<{ name: string; bytes: number }[]>`
    select /* bench: */ relname as name, pg_total_relation_size(relid)::float8 as bytes from pg_stat_user_tables`;
  return new Map(rows.map((row) => [row.name, row.bytes]));
};
/** Prints by how much the tables have grown for each close, indexes included. */
export async function sayGrowth(
  stage: Stage,
  before: ReadonlyMap<string, number>,
  closes: number,
): Promise<void> {
  const grown = [...(await tableSizes(stage))]
    .map(([name, bytes]) => ({ name, each: (bytes - (before.get(name) ?? 0)) / closes }))
    .filter(({ each }) => each >= 50)
    .toSorted((a, b) => b.each - a.each);
  const total = grown.reduce((sum, { each }) => sum + each, 0);
  const shown = grown.map(({ name, each }) => `${name} ${(each / 1_000).toFixed(2)}`);
  say(`  ${(total / 1_000).toFixed(1)} kB of tables a close, of that: ${shown.join(', ')}`);
}

/** When each step of each close of the burst was done. */
const moments = (sql: Stage['sql'], since: Date) => sql`
  select 1 as nth, 'close heard' as phase, first_seen_at as at from sighting where first_seen_at >= ${since} and source <> 'own'
    and exists (select 1 from profit_share s where s.signature = sighting.signature)
  union all select 2, 'close read as final', finalized_at from sighting where first_seen_at >= ${since}
    and exists (select 1 from profit_share s where s.signature = sighting.signature)
  union all select 3, 'booked', accrued_at from profit_share where accrued_at >= ${since}
  union all select 4, 'planned', planned_at from payment where planned_at >= ${since}
  union all select 5, 'sent', sent_at from payment where planned_at >= ${since}
  union all select 6, 'landed', ended_at from payment where planned_at >= ${since}
  union all select 7, 'payment read', finalized_at from sighting where first_seen_at >= ${since}
    and exists (select 1 from payment p where p.signature = sighting.signature)`;

/**
 * Prints when the steps of all payments were done, in seconds after `sinceMs`: median and last.
 * `BURST_TIMELINE=1` prints how many were done in each second as well.
 */
export async function sayPhases({ sql }: Stage, sinceMs: number): Promise<void> {
  const since = new Date(sinceMs);
  const rows = await sql<{ phase: string; median: number; last: number }[]>`
    /* bench: */ with moments as (${moments(sql, since)})
    select phase, percentile_cont(0.5) within group (order by extract(epoch from at - ${since}::timestamptz))::float8 as median,
      extract(epoch from max(at) - ${since}::timestamptz)::float8 as last
    from moments where at is not null group by nth, phase order by nth`;
  const shown = rows.map(
    (each) => `${each.phase} ${each.median.toFixed(1)} / ${each.last.toFixed(1)}`,
  );
  say(`  seconds after the close, median / last: ${shown.join(', ')}`);
  if (process.env.BURST_TIMELINE === undefined) return;
  const counts = await sql<{ phase: string; second: number; n: number }[]>`
    /* bench: */ with moments as (${moments(sql, since)})
    select phase, floor(extract(epoch from at - ${since}::timestamptz))::int as second, count(*)::int as n
    from moments where at is not null group by nth, phase, second order by nth, second`;
  for (const [phase, seconds] of Map.groupBy(counts, (each) => each.phase))
    say(`    ${phase}: ${seconds.map(({ second, n }) => `${second} s ${n}`).join(', ')}`);
}

/** Seconds after `sinceMs` in which the first and the last payment was known as landed. */
export async function landedWithin({ sql }: Stage, sinceMs: number) {
  const [row] = await sql<{ first: number; last: number }[]>`
    select /* bench: */ extract(epoch from min(ended_at) - ${new Date(sinceMs)}::timestamptz)::float8 as first,
      extract(epoch from max(ended_at) - ${new Date(sinceMs)}::timestamptz)::float8 as last
    from payment where state = 'landed' and planned_at >= ${new Date(sinceMs)}`;
  return row ?? { first: Number.NaN, last: Number.NaN };
}

export type WebhookProbe = {
  stop(): Promise<{ p50: number; p99: number; most: number; count: number }>;
};

/** So few that their own cost is small beside that of the payments. */
const PROBE_EVERY_MS = 250;

/**
 * Prints how long the withdrawals of debtors took from the first word of each to its reading, and
 * from there to the denial; in milliseconds, median and longest.
 */
export async function sayDenials({ sql }: Stage, sinceMs: number): Promise<void> {
  const [row] = await sql<Record<'read' | 'read_most' | 'told' | 'told_most', number>[]>`
    select /* bench: */ percentile_cont(0.5) within group (order by read)::float8 as read, max(read)::float8 as read_most,
      percentile_cont(0.5) within group (order by told)::float8 as told, max(told)::float8 as told_most
    from (
      select 1000 * extract(epoch from min(f.recorded_at) - min(s.first_seen_at)) as read,
        1000 * extract(epoch from min(c.changed_at) - min(f.recorded_at)) as told
      from fact f join sighting s using (signature) join standing_change c on c.subscriber_id = f.subscriber_id
        and c.standing = 'delinquent' and c.changed_at >= f.recorded_at - interval '1 second'
      where f.kind = 'outflow' and s.first_seen_at >= ${new Date(sinceMs)} group by f.signature) as denied`;
  if (row === undefined) return;
  say(
    `  of that, median / longest: from the stored webhook to the recorded reading ${row.read?.toFixed(0)} / ${row.read_most?.toFixed(0)} ms, from there to the verdict ${row.told?.toFixed(0)} / ${row.told_most?.toFixed(0)} ms`,
  );
}
/** A body that names no watched account: it is stored and digested like any other. */
const PROBE = JSON.stringify([
  { signature: '1'.repeat(64), slot: 1, feePayer: '1'.repeat(32), tokenTransfers: [] },
]);

/** Posts a webhook every 250 ms, and measures how long its answer takes. */
export function probeWebhooks({ daemon, secret }: Stage): WebhookProbe {
  const took: number[] = [];
  let over = false;
  const one = async (): Promise<void> => {
    const startedMs = performance.now();
    const response = await fetch(`${daemon.url}/webhooks/helius`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: secret },
      body: PROBE,
    }).catch(() => null);
    await response?.arrayBuffer();
    took.push(response?.ok === true ? performance.now() - startedMs : Number.POSITIVE_INFINITY);
  };
  const run = async (): Promise<void> => {
    const all: Promise<void>[] = [];
    while (!over) {
      all.push(one());
      await pause(PROBE_EVERY_MS);
    }
    await Promise.all(all);
  };
  const running = run();
  return {
    async stop() {
      over = true;
      await running;
      const sorted = took.toSorted((a, b) => a - b);
      return {
        p50: at(sorted, 0.5),
        p99: at(sorted, 0.99),
        most: sorted.at(-1) ?? Number.NaN,
        count: sorted.length,
      };
    },
  };
}

export type Written = {
  readonly walBytes: number;
  readonly pageImages: number;
  readonly checkpoints: number;
  /** Pages of 8 kB read into the buffers of Postgres, and written out by its backends. */
  readonly read: number;
  readonly written: number;
};
/** The bytes of the log of Postgres, its checkpoints, and the pages that passed its buffers. */
export async function writtenOf({ sql }: Stage): Promise<Written> {
  const [row] = await sql<Written[]>`
    select /* bench: */ wal_bytes::float8 as "walBytes", wal_fpi::float8 as "pageImages",
      (select (num_timed + num_requested)::int from pg_stat_checkpointer) as checkpoints,
      (select sum(reads)::float8 from pg_stat_io where object = 'relation') as read,
      (select sum(writes)::float8 from pg_stat_io where object = 'relation' and backend_type = 'client backend') as written
    from pg_stat_wal`;
  if (row === undefined) throw new Error('Postgres tells nothing of its log');
  return row;
}
/** Prints by how much these have grown. */
export function sayWritten(before: Written, after: Written, closes: number): void {
  const grown = (key: keyof Written): number => after[key] - before[key];
  const each = (key: keyof Written): string => (grown(key) / closes).toFixed(1);
  say(
    `  Postgres: ${(grown('walBytes') / closes / 1_000).toFixed(1)} kB of log a close with ${each('pageImages')} images of pages, ${grown('checkpoints')} checkpoints; ${each('read')} pages read a close, and ${each('written')} written by backends`,
  );
}
