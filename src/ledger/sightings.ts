// Sightings: stores the transactions that a source has named, until they are read. Which source
// named one, how often and in which order does not change its facts, which readings.ts records.

import type { Sighting, Sightings } from '../core/hearing-ports.ts';
import type { Address, Signature } from '../core/ids.ts';
import { evidenceOf } from '../core/naming.ts';
import type { NamedBy } from '../core/source.ts';
import type { Naming, Rumour } from '../core/watch-ports.ts';
import { at, type Sql, type Transaction } from './database.ts';
import { array } from './groups.ts';
import { createReadings } from './readings.ts';
import { isWaiting, sightingsOf } from './unread.ts';

/** Transactions that one statement writes. */
const CHUNK = 1_000;
/**
 * The first 200 transactions of an account are due at once; further ones follow one every 50 ms.
 */
const AT_ONCE = 200;
const PACE_MS = 50;

/**
 * When a transaction is due: after its account's queue, or after the shortest queue when it touches
 * several accounts. Milliseconds since 1970.
 */
function dueOf(
  queues: Map<Address, number>,
  { accounts, urgent, waitMs: given = 0 }: Rumour,
  nowMs: number,
): number {
  let waitMs = Number.POSITIVE_INFINITY;
  for (const account of accounts) {
    const before = queues.get(account) ?? 0;
    queues.set(account, before + 1);
    waitMs = Math.min(waitMs, Math.max(0, before - AT_ONCE) * PACE_MS);
  }
  if (urgent === true) return nowMs + Math.min(0, given);
  const queuedMs = accounts.length === 0 ? 0 : waitMs;
  // A sighting that may go ahead of others, or may wait, keeps its place in a long queue of its
  // account.
  return nowMs + (queuedMs > 0 ? Math.max(queuedMs, given) : given);
}

async function noteChunk(
  tx: Transaction,
  rumours: readonly (Rumour & { readonly dueMs: number })[],
  naming: Naming,
): Promise<void> {
  const { source, nowMs, listedRevision } = naming;
  const rows = rumours.map((rumour) => {
    const { blockIndex, rank, namedSlot, namedFinal } = evidenceOf(rumour, naming);
    return {
      signature: rumour.signature,
      block_index: blockIndex,
      rank,
      named_slot: namedSlot,
      named_final: namedFinal,
      due_at: at(rumour.dueMs).toISOString(),
      accounts_known: rumour.accounts.length > 0,
    };
  });
  const again = tx`(sighting.status in ('dropped', 'unfound') or ${naming.again ?? false}::boolean
    or (sighting.read_at is not null and coalesce(sighting.read_revision, -1) < ${listedRevision ?? null}::bigint))`;
  const noting = tx`
    insert into sighting (signature, block_index, source, first_seen_at, wanted_at, due_at, rank, named_slot, named_final, accounts_known)
    select signature, block_index, ${source}, ${at(nowMs)}, ${at(nowMs)}, due_at, rank, named_slot, named_final, accounts_known
    from jsonb_to_recordset(${tx.json(rows)}) as r(signature text, block_index integer, rank smallint, named_slot bigint, named_final boolean,
      due_at timestamptz, accounts_known boolean)
    on conflict (signature) do update set
      block_index = coalesce(sighting.block_index, excluded.block_index),
      rank = least(sighting.rank, excluded.rank),
      named_slot = case when excluded.named_final then excluded.named_slot else coalesce(sighting.named_slot, excluded.named_slot) end,
      named_final = sighting.named_final or excluded.named_final,
      finalized_at = case when sighting.status = 'finalized' then coalesce(sighting.finalized_at, sighting.read_at)
        else sighting.finalized_at end,
      status = case when ${again} then 'wanted' else sighting.status end,
      attempts = case when ${again} then 0 else sighting.attempts end,
      wanted_at = case when ${again} then excluded.wanted_at else sighting.wanted_at end,
      absent_at = case when ${again} then null else sighting.absent_at end,
      read_at = case when ${again} then null else sighting.read_at end,
      due_at = case when ${again} then excluded.due_at else least(sighting.due_at, excluded.due_at) end
    where ${again} or (sighting.status in ('wanted', 'confirmed') and (excluded.rank < sighting.rank
        or (excluded.named_final and not sighting.named_final) or (sighting.named_slot is null and excluded.named_slot is not null)))
      or (sighting.block_index is null and excluded.block_index is not null)`.execute();
  const pairs = rumours.flatMap(({ signature, accounts }) =>
    accounts.map((account) => ({ signature, account })),
  );
  const pairing =
    pairs.length === 0
      ? null
      : tx`
    insert into sighting_account (account, signature, subscriber_id)
    select p.account, p.signature, a.subscriber_id
    from jsonb_to_recordset(${tx.json(pairs)}) as p(account text, signature text)
    cross join lateral (select 1 from sighting s where s.signature = p.signature and ${isWaiting(tx)} offset 0) s
    join account a on a.address = p.account
    on conflict do nothing`;
  await Promise.all([noting, pairing]);
}

/**
 * Notes transactions that a source names. For a known sighting only better information is stored. A
 * known transaction is read again in three cases: it had been given up or dropped; it was read
 * before one of its accounts was watched; or `again` is set. Recorded facts stay.
 */
export async function noteRumours(
  sql: Sql | Transaction,
  rumours: readonly Rumour[],
  naming: Naming,
): Promise<void> {
  if (rumours.length === 0) return;
  const merged = new Map<Signature, Rumour>();
  for (const each of rumours) {
    const known = merged.get(each.signature);
    const accounts = new Set([...(known?.accounts ?? []), ...each.accounts]);
    const waitMs = Math.min(known?.waitMs ?? each.waitMs ?? 0, each.waitMs ?? 0);
    merged.set(each.signature, { ...each, waitMs, accounts: [...accounts] });
  }
  const named = [...new Set([...merged.values()].flatMap((each) => each.accounts))];
  const queues = new Map<Address, number>();
  if (named.length > 0) {
    const counts = await sql<{ account: Address; waiting: number }[]>`
      select account, waiting from jsonb_array_elements_text(${sql.json(named)}) as named(account)
      cross join lateral (select count(*)::int as waiting from sighting_account m where m.account = named.account) as m`;
    for (const { account, waiting } of counts) queues.set(account, waiting);
  }
  const due = [...merged.values()].map((each) => ({
    ...each,
    dueMs: dueOf(queues, each, naming.nowMs),
  }));
  // All daemons write in the same order, so that two of them cannot deadlock.
  due.sort((a, b) => (a.signature < b.signature ? -1 : 1));
  for (let from = 0; from < due.length; from += CHUNK) {
    const chunk = due.slice(from, from + CHUNK);
    if ('begin' in sql) await sql.begin((tx) => noteChunk(tx, chunk, naming));
    else await noteChunk(sql, chunk, naming);
  }
}

type Row = {
  signature: Signature;
  status: Sighting['status'];
  slot: bigint | null;
  named_slot: bigint | null;
  block_index: number | null;
  rank: number;
  final: boolean;
  named_final: boolean;
  source: NamedBy;
  attempts: number;
  wanted_at: Date;
  was_due_at: Date;
  absent_at: Date | null;
  named_for: { accounts: Address[]; ended: boolean };
};

const sightingOf = (row: Row): Sighting => ({
  signature: row.signature,
  status: row.status,
  slot: row.slot === null ? null : Number(row.slot),
  namedSlot: row.named_slot === null ? null : Number(row.named_slot),
  blockIndex: row.block_index,
  named: row.named_final ? 'finalized' : row.rank < 2 ? 'confirmed' : 'rumour',
  final: row.final,
  source: row.source,
  accounts: row.named_for.accounts,
  attempts: row.attempts,
  putOffMs: row.attempts > 1 ? 0 : Math.max(0, row.was_due_at.getTime() - row.wanted_at.getTime()),
  ended: row.named_for.ended,
  wantedMs: row.wanted_at.getTime(),
  absentMs: row.absent_at?.getTime() ?? null,
});

/** Creates the store of sightings. */
export function createSightings(sql: Sql): Sightings {
  /**
   * A sighting that is still to be read. A rumour that no history named and no node has is left
   * out.
   */
  const unread = () => sql`s.status = 'wanted' and (s.rank < 2 or s.absent_at is null)`;
  return {
    ...createReadings(sql),
    note: (rumours, naming) => noteRumours(sql, rumours, naming),
    async claim(nowMs, leaseMs, limit) {
      // Sightings that a history named and rumours take turns, so that neither kind keeps the
      // other waiting.
      const rows = await sql<Row[]>`
        with named as (
            select signature, rank, due_at from sighting
            where status in ('wanted', 'confirmed') and rank <= 1 and due_at <= ${at(nowMs)}
            order by rank, due_at, signature limit ${limit} for update skip locked),
          rumoured as (
            select signature, rank, due_at from sighting
            where status in ('wanted', 'confirmed') and rank = 2 and due_at <= ${at(nowMs)}
            order by rank, due_at, signature limit ${limit} for update skip locked),
          turn as (
            select signature, rank, due_at, row_number() over (order by rank, due_at, signature) as nth from named
            union all
            select signature, rank, due_at, row_number() over (order by due_at, signature) as nth from rumoured
            order by nth, rank limit ${limit})
        update sighting s set due_at = ${at(nowMs + leaseMs)}, attempts = attempts + 1
        from turn t where s.signature = t.signature
        returning s.signature, status, slot, named_slot, block_index, s.rank, t.due_at as was_due_at, finalized_at is not null as final, named_final, source,
          attempts, wanted_at, absent_at,
          (select jsonb_build_object('accounts', coalesce(jsonb_agg(m.account), '[]'), 'ended', coalesce(bool_and(m.ended_at is not null), false))
            from sighting_account m where m.signature = s.signature) as named_for`;
      return rows
        .sort((a, b) => a.rank - b.rank || a.wanted_at.getTime() - b.wanted_at.getTime())
        .map(sightingOf);
    },
    async postpone(signature, dueMs, absentMs) {
      const absent =
        absentMs === undefined
          ? sql`absent_at`
          : sql`coalesce(absent_at, ${at(absentMs)}::timestamptz)`;
      await sql`
        update sighting set due_at = ${at(dueMs)}, absent_at = ${absent}
        where signature = ${signature} and status in ('wanted', 'confirmed')`;
    },
    async becameFinal(slot, nowMs) {
      await sql`
        update sighting set due_at = ${at(nowMs)}
        where status = 'confirmed' and attempts = 0 and slot <= ${slot} and due_at > ${at(nowMs)}`;
    },
    async giveUp(signature) {
      await sql.begin(async (tx) => {
        const rows = await tx`
          update sighting s set status = 'unfound'
          where s.signature = ${signature} and s.rank = 2 and (s.status = 'wanted' or (s.status = 'confirmed'
            and s.finalized_at is null
            and not exists (select 1 from sighting_account m where m.signature = s.signature)
            and not exists (select 1 from fact f where f.signature = s.signature and f.finality <> 'withdrawn')))
          returning 1`;
        if (rows.length > 0) await tx`delete from sighting_account where signature = ${signature}`;
      });
    },
    async accountsOf(signature) {
      const rows = await sql<{ account: Address }[]>`
        select account from sighting_account where signature = ${signature}
        union select account from fact where signature = ${signature} and finality <> 'withdrawn'`;
      return rows.map((row) => row.account);
    },
    async backlog() {
      const [row] = await sql<{ wanted: bigint; confirmed: bigint; oldest: Date | null }[]>`
        select count(*) filter (where status = 'wanted') as wanted,
               count(*) filter (where status = 'confirmed') as confirmed,
               min(wanted_at) as oldest
        from sighting where status in ('wanted', 'confirmed')`;
      return {
        wanted: Number(row?.wanted ?? 0),
        confirmed: Number(row?.confirmed ?? 0),
        oldestMs: row?.oldest?.getTime() ?? null,
      };
    },
    async unread(beforeMs) {
      const rows = await sql<{ subscriber_id: string }[]>`
        select distinct m.subscriber_id from sighting s
        cross join lateral (select * from sighting_account where signature = s.signature offset 0) m
        where ${unread()} and m.ended_at is null and s.wanted_at <= ${at(beforeMs)}`;
      const [oldest] = await sql<{ since: Date | null }[]>`
        select min(s.wanted_at) as since from sighting s where ${unread()} and not s.accounts_known
          and s.wanted_at <= ${at(beforeMs)}`;
      return {
        subscribers: rows.map((row) => row.subscriber_id),
        unattributedSinceMs: oldest?.since?.getTime() ?? null,
      };
    },
    async unreadAmong(accounts) {
      const rows = await sql<{ account: Address }[]>`
        select a.account from unnest(${array(sql, accounts)}) a(account)
        where exists (select 1 from ${sightingsOf(sql, sql`a.account`)}
          where ${isWaiting(sql)} and ${unread()} and m.ended_at is null)`;
      return rows.map((row) => row.account);
    },
    async lastHeard() {
      const [row] = await sql<{ webhook: Date | null; other: Date | null }[]>`
        select (select received_at from delivery order by delivery_id desc limit 1) as webhook,
               (select max(first_seen_at) from sighting where status in ('confirmed', 'finalized')
                and source <> 'webhook') as other`;
      return {
        webhookMs: row?.webhook?.getTime() ?? null,
        otherMs: row?.other?.getTime() ?? null,
      };
    },
  };
}
