// Sightings: transactions that a source has named, until they are read. Which source named one, how often and in what order
// makes no difference to what is recorded of it; readings.ts records that.
import type { Rumour, Sightings } from '../core/hearing-ports.ts';
import type { Signature } from '../core/ids.ts';
import { at, type Sql, type Transaction } from './database.ts';
import { createReadings } from './readings.ts';

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
      finalized_at = case when sighting.status = 'finalized' then coalesce(sighting.finalized_at, sighting.settled_at) else sighting.finalized_at end,
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
  final: boolean;
  attempts: number;
  first_seen_at: Date;
};

export function createSightings(sql: Sql): Sightings {
  return {
    ...createReadings(sql),
    note: (rumours, source, nowMs, watchedSinceMs) =>
      noteRumours(sql, rumours, source, nowMs, watchedSinceMs),
    async claim(nowMs, leaseMs, limit) {
      const rows = await sql<Row[]>`
        update sighting set due_at = ${at(nowMs + leaseMs)}, attempts = attempts + 1
        where signature in (
          select signature from sighting
          where status in ('wanted', 'confirmed') and due_at <= ${at(nowMs)}
          order by due_at, signature limit ${limit} for update skip locked)
        returning signature, status, slot, block_index, finalized_at is not null as final, attempts, first_seen_at`;
      return rows.map((row) => ({
        signature: row.signature,
        status: row.status,
        slot: row.slot === null ? null : Number(row.slot),
        blockIndex: row.block_index,
        final: row.final,
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
