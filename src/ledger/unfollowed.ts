// Unfollowed: stores accounts that should be watched and are not, because their owner has too many.
import type { Unfollowed, UnfollowedAccounts } from '../core/doubt-ports.ts';
import type { Address } from '../core/ids.ts';
import { at, type Sql } from './database.ts';

type Row = { address: Address; subscriber_id: string; from_slot: bigint; since: Date };
const unfollowedOf = (row: Row): Unfollowed => ({
  address: row.address,
  subscriberId: row.subscriber_id,
  fromSlot: Number(row.from_slot),
  sinceMs: row.since.getTime(),
});

/** Creates the store of unfollowed accounts. */
export function createUnfollowed(sql: Sql): UnfollowedAccounts {
  return {
    async add({ address, subscriberId, fromSlot }, nowMs) {
      const [row] = await sql<{ news: boolean }[]>`
        insert into unfollowed (address, subscriber_id, from_slot, since)
        values (${address}, ${subscriberId}, ${fromSlot}, ${at(nowMs)})
        on conflict (address) do update set from_slot = excluded.from_slot
          where unfollowed.from_slot > excluded.from_slot
        returning xmax = 0 as news`;
      return row?.news ?? false;
    },
    async find(addresses) {
      const rows = await sql<Row[]>`
        select address, subscriber_id, from_slot, since from unfollowed
        where address in ${sql(addresses as Address[])}`;
      return rows.map(unfollowedOf);
    },
    async list(limit) {
      const rows = await sql<Row[]>`
        select address, subscriber_id, from_slot, since from unfollowed join subscriber using (subscriber_id)
        where retired_at is null order by since, address limit ${limit}`;
      return rows.map(unfollowedOf);
    },
    async next(limit, after) {
      const rows = await sql<Row[]>`
        select address, subscriber_id, from_slot, since from unfollowed join subscriber using (subscriber_id)
        where retired_at is null ${after === null ? sql`` : sql`and address > ${after}`} order by address limit ${limit}`;
      return rows.map(unfollowedOf);
    },
    async remove(address) {
      return (await sql`delete from unfollowed where address = ${address} returning 1`).length > 0;
    },
  };
}
