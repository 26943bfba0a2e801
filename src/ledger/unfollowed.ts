// Unfollowed: stores token accounts that should be watched and are not, because their owner has too
// many.
import type { UnfollowedAccounts } from '../core/doubt-ports.ts';
import type { Address } from '../core/ids.ts';
import { at, type Sql } from './database.ts';

/** Creates the store of unfollowed accounts. */
export function createUnfollowed(sql: Sql): UnfollowedAccounts {
  return {
    async add({ address, subscriberId, fromSlot }, nowMs) {
      await sql`
        insert into unfollowed (address, subscriber_id, from_slot, since)
        values (${address}, ${subscriberId}, ${fromSlot}, ${at(nowMs)}) on conflict do nothing`;
    },
    async list(limit) {
      const rows = await sql<
        { address: Address; subscriber_id: string; from_slot: bigint; since: Date }[]
      >`
        select address, subscriber_id, from_slot, since from unfollowed join subscriber using (subscriber_id)
        where retired_at is null order by since, address limit ${limit}`;
      return rows.map((row) => ({
        address: row.address,
        subscriberId: row.subscriber_id,
        fromSlot: Number(row.from_slot),
        sinceMs: row.since.getTime(),
      }));
    },
    async remove(address) {
      return (await sql`delete from unfollowed where address = ${address} returning 1`).length > 0;
    },
  };
}
