// Event log: gives events in the order in which readers pull them. Numbers of a sequence are taken
// before a transaction commits, so a later number may become visible first. Places are given only
// to committed events, by one transaction at a time, and never change.
import type { EventKind, EventLog } from '../core/event.ts';
import type { Sql } from './database.ts';

/** The most events to which one request gives places; the next request goes on with the others. */
const PLACED_AT_ONCE = 5_000;

async function place(sql: Sql): Promise<void> {
  const [waits] = await sql`select 1 from event where place is null limit 1`;
  if (waits === undefined) return;
  await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(hashtextextended('bailiff.event_log', 0))`;
    await tx`
      with last as (select coalesce(max(place), 0) as place from event),
        due as (
          select event_id, row_number() over (order by sequence) as behind
          from event where place is null order by sequence limit ${PLACED_AT_ONCE})
      update event e set place = last.place + due.behind from due, last where e.event_id = due.event_id`;
  });
}

/** Creates the log of events in the order in which readers pull them. */
export function createEventLog(sql: Sql): EventLog {
  return {
    async after(id, { kind, subscriberId }, limit) {
      await place(sql);
      const [from] =
        id === null
          ? [{ place: 0n }]
          : await sql<{ place: bigint | null }[]>`select place from event where event_id = ${id}`;
      // An event without a place was never pulled, so the reader has this id from a delivery to an
      // endpoint, and no place to go on from.
      if (from === undefined || from.place === null) return null;
      // Places are given and committed in their order, so every event up to this one is visible.
      const [newest] = await sql<{ event_id: string; place: bigint }[]>`
        select event_id, place from event where place is not null order by place desc limit 1`;
      if (newest === undefined) return { events: [], upTo: null };
      const rows = await sql<{ event_id: string; kind: EventKind; at: Date; body: unknown }[]>`
        select event_id, kind, at, body from event
        where place > ${from.place} and place <= ${newest.place} and ${kind === undefined ? sql`true` : sql`kind = ${kind}`}
          and ${subscriberId === undefined ? sql`true` : sql`subscriber_id = ${subscriberId}`}
        order by place limit ${limit}`;
      const events = rows.map((row) => ({
        id: row.event_id,
        kind: row.kind,
        atMs: row.at.getTime(),
        body: row.body,
      }));
      return { events, upTo: newest.event_id };
    },
  };
}
