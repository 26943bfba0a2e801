// Endpoints: stores where events are sent, the deliveries that wait for each endpoint, and their
// outcome.
import type { Endpoint, Endpoints, EventDelivery } from '../core/endpoint.ts';
import type { EventKind } from '../core/event.ts';
import { withoutSecretUrl } from '../core/redaction.ts';
import { at, plannedEach, type Sql, type Transaction } from './database.ts';
import { array } from './groups.ts';
import { conditionsOf } from './lists.ts';
import { tell } from './outbox.ts';

type Row = {
  endpoint_id: string;
  url: string;
  secrets: string[];
  kinds: EventKind[] | null;
  created_at: Date;
  failing_since: Date | null;
  disabled_at: Date | null;
  disabled_why: string | null;
};

const endpointOf = (row: Row): Endpoint => ({
  id: row.endpoint_id,
  url: row.url,
  kinds: row.kinds,
  createdAtMs: row.created_at.getTime(),
  failingSinceMs: row.failing_since?.getTime() ?? null,
  disabled:
    row.disabled_at === null
      ? null
      : { atMs: row.disabled_at.getTime(), why: row.disabled_why ?? '' },
});
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (secrets: readonly string[]): Uint8Array[] =>
  secrets.map((each) => Buffer.from(each, 'hex'));

const FORGOTTEN_AT_ONCE = 5_000;

/** Creates the store of endpoints. */
export function createEndpoints(sql: Sql): Endpoints {
  const listed = plannedEach(sql);
  const end = (
    tx: Transaction,
    given: { endpointId: string; eventId: string; state: string; outcome: string; atMs: number },
  ) => tx`
    update event_delivery set state = ${given.state}, outcome = ${given.outcome}, ended_at = ${at(given.atMs)}
    where endpoint_id = ${given.endpointId} and event_id = ${given.eventId} and state = 'pending'`;
  return {
    async create({ id, url, kinds, secret }) {
      const [row] = await sql<Row[]>`
        insert into endpoint (endpoint_id, url, kinds, secrets)
        values (${id}, ${url}, ${kinds === null ? null : sql.json([...kinds])}, ${sql.json([hex(secret)])}) returning *`;
      return endpointOf(row as Row);
    },
    async find(id) {
      const [row] = await sql<Row[]>`select * from endpoint where endpoint_id = ${id}`;
      return row === undefined ? null : endpointOf(row);
    },
    async list() {
      return (await sql<Row[]>`select * from endpoint order by created_at, endpoint_id`).map(
        endpointOf,
      );
    },
    async change(id, { url, kinds }) {
      await sql`
        update endpoint set url = ${url ?? sql`url`},
          kinds = ${kinds === undefined ? sql`kinds` : kinds === null ? null : sql.json([...kinds])}
        where endpoint_id = ${id}`;
    },
    async test(id) {
      const [row] = await sql<{ event_id: string }[]>`
        insert into event (kind, body) values ('endpoint.test', ${sql.json({ endpoint: id })}) returning event_id`;
      return row?.event_id ?? '';
    },
    async resend(id, eventId) {
      const rows = await sql`
        insert into event_delivery (endpoint_id, event_id)
        select p.endpoint_id, e.event_id from endpoint p, event e
        where p.endpoint_id = ${id} and e.event_id = ${eventId}
        on conflict (endpoint_id, event_id) do update set state = 'pending', attempts = 0, due_at = now(), ended_at = null
        returning 1`;
      return rows.length > 0;
    },
    async addSecret(id, secret, keep) {
      await sql`
        update endpoint set secrets = jsonb_build_array(${hex(secret)}::text)
          || coalesce((select jsonb_agg(each order by n) from jsonb_array_elements(secrets) with ordinality as s(each, n)
                       where n <= ${keep}), '[]')
        where endpoint_id = ${id}`;
    },
    async secrets() {
      const rows = await sql<Row[]>`select * from endpoint order by endpoint_id`;
      return rows.map((row) => ({ id: row.endpoint_id, secrets: bytesOf(row.secrets) }));
    },
    async replaceSecrets(id, from, to) {
      const rows = await sql`
        update endpoint set secrets = ${sql.json(to.map(hex))}
        where endpoint_id = ${id} and secrets = ${sql.json(from.map(hex))} returning 1`;
      return rows.length > 0;
    },
    async forget(keepMs) {
      for (let forgotten = FORGOTTEN_AT_ONCE; forgotten === FORGOTTEN_AT_ONCE; ) {
        const rows = await sql`
          with old as (select event_id from event where at < now() - ${keepMs} * interval '1 millisecond' order by at limit ${FORGOTTEN_AT_ONCE}),
            handed as (delete from event_delivery where event_id in (select event_id from old))
          delete from event where event_id in (select event_id from old) returning 1`;
        forgotten = rows.length;
      }
    },
    async enable(id) {
      await sql.begin(async (tx) => {
        await tx`
          update endpoint set disabled_at = null, disabled_why = null, failing_since = null where endpoint_id = ${id}`;
        // A person has mended the receiver, so waiting deliveries are due now and not after hours.
        await tx`
          update event_delivery set due_at = now() where endpoint_id = ${id} and state = 'pending' and due_at > now()`;
      });
    },
    disable: (id, why, nowMs, failingBeforeMs) =>
      sql.begin(async (tx) => {
        const rows = await tx<{ url: string }[]>`
          update endpoint set disabled_at = ${at(nowMs)}, disabled_why = ${why}
          where endpoint_id = ${id} and disabled_at is null
            ${failingBeforeMs === undefined ? tx`` : tx`and failing_since < ${at(failingBeforeMs)}`} returning url`;
        const [row] = rows;
        if (row !== undefined)
          await tell(tx, 'endpoint.disabled', null, {
            endpoint: id,
            url: withoutSecretUrl(row.url),
            why,
          });
        return row !== undefined;
      }),
    async remove(id) {
      return (await sql`delete from endpoint where endpoint_id = ${id} returning 1`).length > 0;
    },
    async replay(id, sinceMs) {
      const rows = await sql`
        insert into event_delivery (endpoint_id, event_id)
        select p.endpoint_id, e.event_id from endpoint p join event e on p.kinds is null or p.kinds ? e.kind
        where p.endpoint_id = ${id} and e.at >= ${at(sinceMs)}
          and (e.kind <> 'endpoint.test' or e.body ->> 'endpoint' = p.endpoint_id)
        on conflict (endpoint_id, event_id) do update set state = 'pending', attempts = 0, due_at = now(), ended_at = null
        returning 1`;
      return rows.length;
    },
    async deliveries(id, { state, limit, before }) {
      const rows = await listed<
        {
          event_id: string;
          kind: EventKind;
          at: Date;
          state: EventDelivery['state'];
          attempts: number;
          outcome: string | null;
          due_at: Date;
        }[]
      >`
        select d.event_id, e.kind, e.at, d.state, d.attempts, d.outcome, d.due_at
        from event_delivery d join event e using (event_id)
        where ${conditionsOf(sql).deliveries({ endpointId: id, ...(state === undefined ? {} : { state }) })}
          and (${before ?? null}::text is null or e.sequence < (select sequence from event where event_id = ${before ?? null}))
        order by e.sequence desc limit ${limit}`;
      return rows.map((row) => ({
        eventId: row.event_id,
        kind: row.kind,
        atMs: row.at.getTime(),
        state: row.state,
        attempts: row.attempts,
        outcome: row.outcome,
        dueAtMs: row.state === 'pending' ? row.due_at.getTime() : null,
      }));
    },
    // Rows are ranked before they are locked, because Postgres locks none beside a window function.
    async claim(nowMs, leaseMs, limit, except = []) {
      const rows = await sql<
        (Row & { event_id: string; kind: EventKind; at: Date; body: unknown; attempts: number })[]
      >`
        with ranked as (
          select p.endpoint_id, w.event_id, row_number() over (partition by p.endpoint_id order by w.due_at, w.event_id) as place
          from endpoint p cross join lateral (
            select event_id, due_at from event_delivery where endpoint_id = p.endpoint_id and state = 'pending' and due_at <= ${at(nowMs)}
            order by due_at, event_id limit ${limit}) w
          where p.disabled_at is null and p.endpoint_id <> all(${array(sql, except)})),
        due as (
          select d.endpoint_id, d.event_id from event_delivery d join ranked r using (endpoint_id, event_id)
          where d.state = 'pending' and d.due_at <= ${at(nowMs)}
          order by r.place, d.due_at, d.event_id limit ${limit} for update of d skip locked),
        taken as (
          update event_delivery d set due_at = ${at(nowMs + leaseMs)}, attempts = d.attempts + 1
          from due where d.endpoint_id = due.endpoint_id and d.event_id = due.event_id
          returning d.endpoint_id, d.event_id, d.attempts)
        select p.*, e.event_id, e.kind, e.at, e.body, t.attempts
        from taken t join endpoint p using (endpoint_id) join event e using (event_id) order by e.sequence`;
      return rows.map((row) => ({
        endpoint: endpointOf(row),
        secrets: bytesOf(row.secrets),
        eventId: row.event_id,
        kind: row.kind,
        atMs: row.at.getTime(),
        body: row.body,
        attempts: row.attempts,
      }));
    },
    // The endpoint's row is locked first, as its removal does, so that the two cannot deadlock.
    async delivered(endpointId, eventId, outcome, nowMs) {
      await sql.begin(async (tx) => {
        await tx`update endpoint set failing_since = null where endpoint_id = ${endpointId} and failing_since is not null`;
        await end(tx, { endpointId, eventId, state: 'delivered', outcome, atMs: nowMs });
      });
    },
    async refused(endpointId, eventId, outcome, dueMs, nowMs) {
      await sql.begin(async (tx) => {
        await tx`
          update endpoint set failing_since = coalesce(failing_since, ${at(nowMs)}) where endpoint_id = ${endpointId}`;
        if (dueMs === null)
          await end(tx, { endpointId, eventId, state: 'failed', outcome, atMs: nowMs });
        else
          await tx`
            update event_delivery set due_at = ${at(dueMs)}, outcome = ${outcome}
            where endpoint_id = ${endpointId} and event_id = ${eventId} and state = 'pending'`;
      });
    },
    async held(endpointId, eventId, outcome, dueMs) {
      await sql`
        update event_delivery set due_at = ${at(dueMs)}, outcome = ${outcome}, attempts = greatest(attempts - 1, 0)
        where endpoint_id = ${endpointId} and event_id = ${eventId} and state = 'pending'`;
    },
    async totals() {
      const rows = await sql<{ state: EventDelivery['state']; count: bigint }[]>`
        select state, count(*) from event_delivery group by state`;
      return rows.map((row) => ({ state: row.state, count: Number(row.count) }));
    },
  };
}
