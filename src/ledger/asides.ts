// Asides: stores transactions, histories, states and deliveries that cannot be read or written for
// now, each with the reason and the time of the next attempt.
import { rests } from '../core/backoff.ts';
import type { Aside, Asides } from '../core/hearing-ports.ts';
import { at, type Sql } from './database.ts';

/** Creates the store of asides. */
export function createAsides(sql: Sql): Asides {
  return {
    async put({ kind, subject, reason, nowMs, firstMs, mostMs }) {
      const delays = rests({ firstMs, mostMs });
      const [row] = await sql<{ attempts: number; retry_at: Date }[]>`
        insert into set_aside (kind, subject, reason, attempts, since, retry_at)
        values (${kind}, ${subject}, ${reason}, 1, ${at(nowMs)}, ${at(nowMs + (delays[0] ?? mostMs))})
        on conflict (kind, subject) do update set reason = excluded.reason, attempts = set_aside.attempts + 1,
          retry_at = ${at(nowMs)}::timestamptz
            + (${sql.json(delays)}::jsonb ->> least(set_aside.attempts, ${delays.length - 1}::int))::float8 * interval '1 millisecond'
        returning attempts, retry_at`;
      if (row === undefined) throw new Error('an insert or update returns its row');
      return { attempts: row.attempts, retryMs: row.retry_at.getTime() };
    },
    async clear(kind, subject) {
      const [row] = await sql<{ attempts: number }[]>`
        delete from set_aside where kind = ${kind} and subject = ${subject} returning attempts`;
      return row?.attempts ?? 0;
    },
    async of(kind) {
      const rows = await sql<{ subject: string; retry_at: Date }[]>`
        select subject, retry_at from set_aside where kind = ${kind}`;
      return new Map(rows.map((row) => [row.subject, row.retry_at.getTime()]));
    },
    async list(limit) {
      const rows = await sql<
        {
          kind: Aside['kind'];
          subject: string;
          reason: string;
          attempts: number;
          since: Date;
          retry_at: Date;
        }[]
      >`select kind, subject, reason, attempts, since, retry_at from set_aside order by since, kind, subject limit ${limit}`;
      return rows.map((row) => ({
        kind: row.kind,
        subject: row.subject,
        reason: row.reason,
        attempts: row.attempts,
        sinceMs: row.since.getTime(),
        retryMs: row.retry_at.getTime(),
      }));
    },
    async counts() {
      const rows = await sql<{ kind: Aside['kind']; count: number }[]>`
        select kind, count(*)::int as count from set_aside group by kind`;
      return new Map(rows.map((row) => [row.kind, row.count]));
    },
    async subscribersBefore(beforeMs) {
      const rows = await sql<{ subscriber_id: string }[]>`
        select distinct a.subscriber_id from set_aside s join account a on a.address = s.subject
        where s.kind in ('history', 'state') and s.since <= ${at(beforeMs)}`;
      return rows.map((row) => row.subscriber_id);
    },
  };
}
