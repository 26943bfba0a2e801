// Hearing leases: stores which daemon hears which part of the watch-list, reads what one daemon
// knows of changes that another one hears, and passes work to the daemon whose lane it is.
import type { AwaitedChange, HeardElsewhere, HearingLeases } from '../core/hearing-share.ts';
import type { Signature } from '../core/ids.ts';
import { at, type Sql } from './database.ts';
import { among, askedIds, readTogether } from './groups.ts';
import { sightingsOf } from './unread.ts';

/** Postgres notifies this channel of subscribers about whom a withdrawal doubt begins or lasts. */
export const DOUBT_CHANNEL = 'bailiff_doubt';
/** Postgres notifies this channel of subscribers whose lanes have work. */
export const LANE_CHANNEL = 'bailiff_lane';

/** A daemon that was not seen for this many times the length of a lease is forgotten. */
const FORGOTTEN_AFTER = 10;

/** Creates the leases. Times come from the caller, whose clock is that of the database. */
export function createHearingLeases(sql: Sql): HearingLeases {
  return {
    async renew(daemonId, nowMs, lastsMs) {
      const [row] = await sql<{ parts: number[]; others: number; least: number | null }[]>`
        with me as (
            insert into hearing_daemon (daemon_id, seen_at) values (${daemonId}, ${at(nowMs)})
            on conflict on constraint hearing_daemon_pkey do update set seen_at = excluded.seen_at),
          gone as (
            delete from hearing_daemon
            where seen_at < ${at(nowMs - FORGOTTEN_AFTER * lastsMs)} and daemon_id <> ${daemonId}),
          renewed as (
            update hearing_lease set until = ${at(nowMs + lastsMs)}
            where daemon_id = ${daemonId} returning part)
        select coalesce((select jsonb_agg(part order by part) from renewed), '[]') as parts, count(*)::int as others, min(held) as least
        from (select (select count(*)::int from hearing_lease l where l.daemon_id = d.daemon_id and l.until > ${at(nowMs)}) as held
          from hearing_daemon d where d.daemon_id <> ${daemonId} and d.seen_at > ${at(nowMs - lastsMs)}) o`;
      return {
        parts: row?.parts ?? [],
        daemons: (row?.others ?? 0) + 1,
        leastOther: row?.least ?? null,
      };
    },
    async take(daemonId, count, nowMs, lastsMs) {
      const rows = await sql<{ part: number }[]>`
        update hearing_lease set daemon_id = ${daemonId}, until = ${at(nowMs + lastsMs)}
        where part in (
          select part from hearing_lease where daemon_id is null or until <= ${at(nowMs)}
          order by part limit ${count} for update skip locked)
        returning part`;
      return rows.map((row) => row.part);
    },
    async giveBack(daemonId, parts) {
      if (parts.length === 0) return;
      await sql`
        update hearing_lease set daemon_id = null, until = null
        where daemon_id = ${daemonId} and part in ${sql(parts as number[])}`;
    },
    async leave(daemonId) {
      await sql`
        with gone as (delete from hearing_daemon where daemon_id = ${daemonId})
        update hearing_lease set daemon_id = null, until = null where daemon_id = ${daemonId}`;
    },
    async others(daemonId, nowMs, lastsMs) {
      const [row] = await sql<{ count: number }[]>`
        select count(*)::int as count from hearing_daemon
        where daemon_id <> ${daemonId} and seen_at > ${at(nowMs - lastsMs)}`;
      return row?.count ?? 0;
    },
  };
}

/**
 * Creates the function that asks what other daemons know of changes that wait for a scan: in which
 * of their slots a transaction of the account was read, and for which subscribers a payment is on
 * its way.
 */
export function createHeardElsewhere(
  sql: Sql,
): (changes: readonly AwaitedChange[]) => Promise<HeardElsewhere> {
  return async (changes) => {
    if (changes.length === 0) return { told: [], paying: new Set() };
    // `offset 0` has each fact looked up by its key; without it Postgres hashes all facts.
    const asked = changes.flatMap(({ address, slots }) => slots.map((slot) => ({ address, slot })));
    const told = await sql<{ address: string; slot: bigint }[]>`
      with asked as (
        select address, slot from jsonb_to_recordset(${sql.json(asked)})
          as a(address text, slot bigint))
      select a.address, a.slot from asked a where exists (
          select 1 from ${sightingsOf(sql, sql`a.address`)} where s.slot = a.slot and s.status in ('confirmed', 'finalized'))
        or exists (
          select 1 from fact f where f.account = a.address and f.slot = a.slot
            and f.kind in ('tally', 'unknown', 'reckoning') offset 0)`;
    const paying = await sql<{ subscriber_id: string }[]>`
      select distinct subscriber_id from payment
      where subscriber_id = ${among(
        sql,
        changes.map((each) => each.subscriberId),
      )} and state in ('signed', 'sent')`;
    return {
      told: told.map(({ address, slot }) => ({ address, slot: Number(slot) })),
      paying: new Set(paying.map((row) => row.subscriber_id)),
    };
  };
}

/** Creates the function that returns which of these transactions are payments on record. */
export function createPaymentsAmong(
  sql: Sql,
): (signatures: readonly string[]) => Promise<readonly Signature[]> {
  return async (signatures) => {
    if (signatures.length === 0) return [];
    const rows = await sql<{ signature: Signature }[]>`
      select signature from payment where signature = ${among(sql, signatures)}
      union select signature from payment_variant where signature = ${among(sql, signatures)}`;
    return rows.map((row) => row.signature);
  };
}

/** Creates the function that tells every daemon of a subscriber, on one of the channels above. */
export function createPassing(
  sql: Sql,
  channel: typeof DOUBT_CHANNEL | typeof LANE_CHANNEL,
): (subscriberId: string) => Promise<void> {
  return readTogether<string, undefined>(async (ids) => {
    await sql`select pg_notify(${channel}, id) from ${askedIds(sql, ids)}`;
    return ids.map(() => undefined);
  });
}
