// Sightings: transactions that somebody mentioned, and the facts that reading them produced. Recording is idempotent,
// and says the same whoever mentioned the transaction, how often, and in what order.
import type { Fact } from '../core/fact.ts';
import type { Rumour, Sightings } from '../core/hearing-ports.ts';
import type { Signature } from '../core/ids.ts';
import { at, type Sql, type Transaction, toJson } from './database.ts';

/** How long a daemon may go on with a watch-list that another one has added to. */
const WATCH_LIST_AGE_MS_MOST = 15_000;

/**
 * Notes rumours. One that is known only learns its place in the block, unless it was given up, or was read before the
 * account that tells of it was watched: then it is wanted again. Facts that are there already stay.
 */
export async function noteRumours(
  tx: Sql | Transaction,
  rumours: readonly Rumour[],
  source: string,
  nowMs: number,
  watchedSinceMs?: number,
): Promise<void> {
  if (rumours.length === 0) return;
  const unique = [...new Map(rumours.map((each) => [each.signature, each])).values()].sort(
    (a, b) => (a.signature < b.signature ? -1 : 1),
  );
  const rows = unique.map(({ signature, blockIndex }) => ({
    signature,
    block_index: blockIndex,
    source,
    first_seen_at: at(nowMs),
    due_at: at(nowMs),
  }));
  // Another daemon may have read with an older watch-list for a while.
  const readBefore =
    watchedSinceMs === undefined ? null : at(watchedSinceMs + WATCH_LIST_AGE_MS_MOST);
  await tx`
    insert into sighting ${tx(rows)}
    on conflict (signature) do update set
      block_index = coalesce(sighting.block_index, excluded.block_index),
      status = case when sighting.status in ('dropped', 'unfound') or sighting.settled_at < ${readBefore}::timestamptz
        then 'wanted' else sighting.status end,
      settled_at = case when sighting.settled_at < ${readBefore}::timestamptz then null else sighting.settled_at end,
      due_at = case when sighting.status in ('dropped', 'unfound') or sighting.settled_at < ${readBefore}::timestamptz
        then excluded.due_at else sighting.due_at end
    where sighting.status in ('dropped', 'unfound') or sighting.settled_at < ${readBefore}::timestamptz
       or (sighting.block_index is null and excluded.block_index is not null)`;
}

type Row = {
  signature: Signature;
  status: 'wanted' | 'confirmed';
  slot: bigint | null;
  block_index: number | null;
  attempts: number;
  first_seen_at: Date;
};

async function putFact(tx: Transaction, fact: Fact, finality: string): Promise<boolean> {
  const { kind, ...body } = fact.body;
  const { slot, ordinal, blockIndex } = fact.position;
  const rows = await tx`
    insert into fact (subscriber_id, account, signature, slot, ordinal, block_index, kind, finality, body)
    values (${fact.subscriberId}, ${fact.account}, ${fact.signature}, ${slot}, ${ordinal}, ${blockIndex}, ${kind}, ${finality}, ${tx.json(toJson(body))})
    on conflict (subscriber_id, signature, slot, ordinal, account) do update
      set finality = excluded.finality, block_index = coalesce(fact.block_index, excluded.block_index)
      where (fact.finality <> 'finalized' and fact.finality <> excluded.finality)
         or (fact.block_index is null and excluded.block_index is not null)
    returning subscriber_id`;
  return rows.length > 0;
}

const COUNTED: ReadonlySet<string> = new Set(['close', 'tally', 'unknown']);

/**
 * How a finalized reading has told of each account's counters: by records, or as unknown. It stays at that. A node with a
 * longer log, or a newer decoder, must not add a close to profit that account state has proven already: it would be paid twice.
 */
async function countedAlready(
  tx: Transaction,
  signature: Signature,
): Promise<Map<string, ReadonlySet<string>>> {
  const rows = await tx<{ account: string; kind: string }[]>`
    select account, kind from fact
    where signature = ${signature} and finality = 'finalized' and kind in ('tally', 'unknown')`;
  return new Map(
    rows.map(({ account, kind }) => [
      account,
      new Set(kind === 'unknown' ? ['unknown'] : ['close', 'tally']),
    ]),
  );
}

export function createSightings(sql: Sql): Sightings {
  return {
    note: (rumours, source, nowMs, watchedSinceMs) =>
      noteRumours(sql, rumours, source, nowMs, watchedSinceMs),
    async claim(nowMs, leaseMs, limit) {
      const rows = await sql<Row[]>`
        update sighting set due_at = ${at(nowMs + leaseMs)}, attempts = attempts + 1
        where signature in (
          select signature from sighting
          where status in ('wanted', 'confirmed') and due_at <= ${at(nowMs)}
          order by due_at, signature limit ${limit} for update skip locked)
        returning signature, status, slot, block_index, attempts, first_seen_at`;
      return rows.map((row) => ({
        signature: row.signature,
        status: row.status,
        slot: row.slot === null ? null : Number(row.slot),
        blockIndex: row.block_index,
        attempts: row.attempts,
        firstSeenMs: row.first_seen_at.getTime(),
      }));
    },
    async postpone(signature, dueMs) {
      await sql`update sighting set due_at = ${at(dueMs)} where signature = ${signature} and status in ('wanted', 'confirmed')`;
    },
    async giveUp(signature) {
      await sql`update sighting set status = 'unfound' where signature = ${signature} and status = 'wanted'`;
    },
    settle: ({ signature, slot, finality, facts, dueMs, nowMs }) =>
      sql.begin(async (tx) => {
        const changed = new Set<string>();
        await tx`select 1 from sighting where signature = ${signature} for update`;
        const kept = new Set(
          facts.map((fact) => `${fact.subscriberId}/${fact.position.ordinal}/${fact.account}`),
        );
        const known = await tx<
          { subscriber_id: string; slot: bigint; ordinal: number; account: string }[]
        >`
          select subscriber_id, slot, ordinal, account from fact
          where signature = ${signature} and finality = 'confirmed'`;
        for (const row of known) {
          if (
            Number(row.slot) === slot &&
            kept.has(`${row.subscriber_id}/${row.ordinal}/${row.account}`)
          )
            continue;
          await tx`
            update fact set finality = 'withdrawn'
            where subscriber_id = ${row.subscriber_id} and signature = ${signature} and slot = ${row.slot}
              and ordinal = ${row.ordinal} and account = ${row.account}`;
          changed.add(row.subscriber_id);
        }
        const told = await countedAlready(tx, signature);
        for (const fact of facts) {
          if (COUNTED.has(fact.body.kind) && told.get(fact.account)?.has(fact.body.kind) === false)
            continue;
          if (await putFact(tx, fact, finality)) changed.add(fact.subscriberId);
        }
        await tx`
          update sighting set status = ${finality}, slot = ${slot}, due_at = ${at(dueMs)}, settled_at = ${at(nowMs)}
          where signature = ${signature} and status <> 'finalized'`;
        return [...changed];
      }),
    drop: (signature) =>
      sql.begin(async (tx) => {
        const rows = await tx<{ subscriber_id: string }[]>`
          update fact set finality = 'withdrawn' where signature = ${signature} and finality = 'confirmed'
          returning subscriber_id`;
        await tx`update sighting set status = 'dropped' where signature = ${signature} and status <> 'finalized'`;
        return [...new Set(rows.map((row) => row.subscriber_id))];
      }),
    async backlog() {
      const [row] = await sql<
        { wanted: bigint; confirmed: bigint; oldest: Date | null; unread: Date | null }[]
      >`
        select count(*) filter (where status = 'wanted') as wanted,
               count(*) filter (where status = 'confirmed') as confirmed,
               min(first_seen_at) as oldest,
               min(first_seen_at) filter (where status = 'wanted' and attempts = 0) as unread
        from sighting where status in ('wanted', 'confirmed')`;
      return {
        wanted: Number(row?.wanted ?? 0),
        confirmed: Number(row?.confirmed ?? 0),
        oldestMs: row?.oldest?.getTime() ?? null,
        unreadSinceMs: row?.unread?.getTime() ?? null,
      };
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
