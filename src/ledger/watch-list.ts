// Watch list: stores the watched accounts, and up to which slot the history of each was scanned.

import type { Address } from '../core/ids.ts';
import type { Seen } from '../core/tip.ts';
import { DEFAULT_VENUE, type VenueName } from '../core/venue-name.ts';
import type { Watched, WatchList } from '../core/watch-ports.ts';
import { at, type Sql } from './database.ts';
import { among } from './groups.ts';
import { noteRumours } from './sightings.ts';

/** Postgres notifies this channel when accounts of a subscriber join or leave the watch-list. */
export const WATCH_LIST_CHANNEL = 'bailiff_watch_list';

type WatchedRow = {
  address: Address;
  subscriber_id: string;
  role: Watched['role'];
  venue: VenueName | null;
};
/** The venue is left out where it is the default one. */
const watchedOf = ({ address, subscriber_id: subscriberId, role, venue }: WatchedRow): Watched => ({
  address,
  subscriberId,
  role,
  ...(venue === null || venue === DEFAULT_VENUE ? {} : { venue }),
});

/** Thrown to undo the sightings of a scan that began beyond the cursor. */
class WentBack extends Error {}

/** Creates the watch-list. */
export function createWatchList(sql: Sql): WatchList {
  return {
    async all(subscriberId) {
      const rows = await sql<WatchedRow[]>`
        select address, subscriber_id, role, venue from account join subscriber using (subscriber_id)
        where retired_at is null ${subscriberId === undefined ? sql`` : sql`and subscriber_id = ${subscriberId}`}`;
      return rows.map(watchedOf);
    },
    async since(revision) {
      const [now] = await sql<{ revision: bigint }[]>`select revision from watch_list`;
      if (Number(now?.revision ?? 0n) === revision) return { revision, joined: [], left: [] };
      // One snapshot: the accounts are exactly those of the returned revision.
      return sql.begin('isolation level repeatable read', async (tx) => {
        const [at] = await tx<{ revision: bigint }[]>`select revision from watch_list`;
        const joined = await tx<WatchedRow[]>`
          select address, subscriber_id, role, venue from account join subscriber using (subscriber_id)
          where retired_at is null and listed_revision > ${revision}`;
        const left = await tx<{ subscriber_id: string }[]>`
          select subscriber_id from subscriber where left_revision > greatest(${revision}, 0)`;
        return {
          revision: Number(at?.revision ?? 0n),
          joined: joined.map(watchedOf),
          left: left.map((row) => row.subscriber_id),
        };
      });
    },
    async ofSubscriber(subscriberId) {
      const rows = await sql<
        {
          address: Address;
          role: Watched['role'];
          sub_account_id: number | null;
          cursor_slot: bigint;
          checked_slot: bigint | null;
          gap: boolean;
        }[]
      >`
        select a.address, a.role, a.sub_account_id, a.cursor_slot, (c.baseline->>'slot')::bigint as checked_slot,
          c.difference is not null as gap
        from account a left join account_check c using (address)
        where a.subscriber_id = ${subscriberId} order by a.role, a.sub_account_id nulls first`;
      return rows.map((row) => ({
        address: row.address,
        subscriberId,
        role: row.role,
        subAccountId: row.sub_account_id,
        scannedSlot: Number(row.cursor_slot),
        checkedSlot: row.checked_slot === null ? null : Number(row.checked_slot),
        hasGap: row.gap,
      }));
    },
    async cursors(addresses) {
      const rows = await sql<{ address: Address; cursor_slot: bigint; listed_revision: bigint }[]>`
        select address, cursor_slot, listed_revision from account join subscriber using (subscriber_id)
        where retired_at is null ${addresses === undefined ? sql`` : sql`and address = ${among(sql, addresses)}`}
        order by cursor_slot`;
      return rows.map((row) => ({
        address: row.address,
        slot: Number(row.cursor_slot),
        listedRevision: Number(row.listed_revision),
      }));
    },
    async walked() {
      const rows = await sql<{ address: Address; at: Date; slot: bigint; pulse: Buffer }[]>`
        select address, walked_at as at, walked_slot as slot, walked_pulse as pulse
        from account join subscriber using (subscriber_id) where retired_at is null and walked_at is not null`;
      return rows.map((row) => ({
        address: row.address,
        atMs: row.at.getTime(),
        slot: Number(row.slot),
        pulse: row.pulse.toString('latin1'),
      }));
    },
    async openAccounts(subscriberId, role) {
      const [row] = await sql<{ count: bigint }[]>`
        select count(*) from account a left join account_check c using (address)
        where a.subscriber_id = ${subscriberId} and a.role = ${role}
          and coalesce(coalesce(c.candidate, c.baseline) -> 'hints' ->> 'exists', 'true') = 'true'`;
      return Number(row?.count ?? 0n);
    },
    async scanned(address, { from, upto, walked }, rumours, naming) {
      const kept =
        walked === undefined
          ? sql``
          : sql`, walked_at = ${at(walked.atMs)}, walked_slot = ${walked.slot}, walked_pulse = ${Buffer.from(walked.pulse, 'latin1')}`;
      try {
        await sql.begin(async (tx) => {
          await noteRumours(tx, rumours, naming);
          const moved = await tx`
            update account set cursor_slot = greatest(cursor_slot, ${upto}), cursor_at = now() ${kept}
            where address = ${address} and cursor_slot >= ${from} returning 1`;
          if (moved.length === 0) throw new WentBack();
        });
        return true;
      } catch (thrown) {
        if (thrown instanceof WentBack) return false;
        throw thrown;
      }
    },
    async adopt({ address, subscriberId, subAccountId, venue = null, fromSlot, nowMs }) {
      const added = await sql`
        with followed as (delete from unfollowed where address = ${address})
        insert into account (address, subscriber_id, role, sub_account_id, venue, cursor_slot, watched_at)
        values (${address}, ${subscriberId}, ${subAccountId === null ? 'agent_token_account' : 'drift_user'}, ${subAccountId}, ${venue},
          ${fromSlot}, ${at(nowMs)})
        on conflict (address) do nothing returning address`;
      if (added.length > 0) await sql`select pg_notify(${WATCH_LIST_CHANNEL}, ${subscriberId})`;
      return added.length > 0;
    },
  };
}

/**
 * The slot up to which the history of some account was recorded last, and when; null before the
 * first. The chain had reached that slot by then.
 */
export async function newestCursor(sql: Sql): Promise<Seen | null> {
  const [row] = await sql<{ slot: bigint; at: Date }[]>`
    select cursor_slot as slot, cursor_at as at from account order by cursor_slot desc limit 1`;
  return row === undefined ? null : { slot: Number(row.slot), atMs: row.at.getTime() };
}
