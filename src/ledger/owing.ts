// Owing: measures how long a subscriber has owed something. `standing.owed_since` is the moment
// from which the counted time would have run without a pause: gate and engines subtract it from
// their clock. `owed_since` is null while the time does not count, unless the limit had been passed
// before.
import type { OpenDebt } from '../core/owing.ts';
import type { Owing } from '../core/standing-ports.ts';
import { allowWhole, type Sql } from './database.ts';
import { nextRevision, STANDING_CHANNEL } from './standings.ts';

/**
 * A longer time between two runs is not counted in full: the daemon was down and did not see it.
 */
const WATCHED_MS_MOST = 120_000;
/** Differences up to this between the counted time and `owed_since` are not sent to the engines. */
const DRIFT_MS = 30_000;

/** Creates the store of owed times. */
export function createOwing(sql: Sql): Owing {
  return {
    async waiting() {
      // The condition on the class lets Postgres find the pending debts with a reason by their
      // index, profit_share_resting, and not among all pending ones. Debts with a payment under way
      // are few, and have a reason only where the chain would refuse the payment.
      const rows = await sql<{ subscriber_id: string; debts: OpenDebt[] }[]>`
        select s.subscriber_id, jsonb_agg(jsonb_build_object('status', status, 'reason', s.reason, 'attempts', attempts)) as debts
        from (select subscriber_id, status, reason, attempts from profit_share
            where status = 'pending' and reason is not null and (reason ->> 'class') > ''
          union all select subscriber_id, status, reason, attempts from profit_share where status = 'processing' and reason is not null
          union all select subscriber_id, status, reason, attempts from profit_share where status = 'failed') s
        cross join lateral (select 1 from standing d where d.subscriber_id = s.subscriber_id
          and d.outstanding > 0 and d.standing <> 'retired' offset 0) d group by s.subscriber_id`;
      return rows.map((row) => ({ subscriberId: row.subscriber_id, debts: row.debts }));
    },
    age: (counting, limitMs) =>
      sql.begin(async (tx) => {
        // One daemon at a time: two that take the rows in other orders would deadlock. The one that
        // comes second has nothing to add.
        const [lock] = await tx<{ mine: boolean }[]>`
          select pg_try_advisory_xact_lock(hashtextextended('bailiff.owing', 0)) as mine`;
        if (lock?.mine !== true) return [];
        await allowWhole(tx);
        await tx`
          delete from owed_time t where not exists (
            select 1 from standing d where d.subscriber_id = t.subscriber_id and d.outstanding > 0)`;
        // The last look may be later than now(): another daemon took the lock after this
        // transaction began, or the clock of a promoted server is behind. Then no time is added.
        await tx`
          insert into owed_time as t (subscriber_id, counted_ms, counted_at)
          select jsonb_array_elements_text(${tx.json([...counting])}), 0, now()
          on conflict (subscriber_id) do update set counted_at = now(), counted_ms = t.counted_ms + case
            when t.counted_at is null then 0
            else greatest(0, least(${WATCHED_MS_MOST}, extract(epoch from now() - t.counted_at) * 1000))::bigint end`;
        await tx`
          update owed_time t set counted_at = null where counted_at is not null and not exists (
            select 1 from jsonb_array_elements_text(${tx.json([...counting])}) as c(id) where c.id = t.subscriber_id)`;
        const changed = await tx<{ subscriber_id: string; since: Date | null }[]>`
          select d.subscriber_id, w.since from standing d
          left join owed_time t using (subscriber_id)
          cross join lateral (select case
            when d.outstanding = 0 then null
            when t.counted_at is not null then now() - t.counted_ms * interval '1 millisecond'
            when t.counted_ms >= ${limitMs}::bigint then coalesce(d.owed_since, now() - t.counted_ms * interval '1 millisecond')
            end as since) w
          where d.standing <> 'retired' and (d.outstanding > 0 or d.owed_since is not null)
            and ((w.since is null) <> (d.owed_since is null)
              or abs(extract(epoch from w.since - d.owed_since)) * 1000 > ${DRIFT_MS})
          order by d.subscriber_id for update of d`;
        if (changed.length === 0) return [];
        const first = await nextRevision(tx, changed.length);
        const rows = changed.map((row, place) => ({
          ...row,
          since: row.since?.toISOString() ?? null,
          revision: String(first + BigInt(place)),
        }));
        await tx`
          with given as (
              select * from jsonb_to_recordset(${tx.json(rows)}) as g(subscriber_id text, since timestamptz, revision bigint)),
            moved as (
              update standing d set owed_since = g.since, revision = g.revision from given g where d.subscriber_id = g.subscriber_id
              returning d.*)
          insert into standing_change (revision, subscriber_id, standing, outstanding, owed, reason, evidence, owed_since)
          select revision, subscriber_id, standing, outstanding, owed, reason, evidence, owed_since from moved order by revision
          returning pg_notify(${STANDING_CHANNEL}, subscriber_id)`;
        return changed.map((row) => row.subscriber_id);
      }),
  };
}
