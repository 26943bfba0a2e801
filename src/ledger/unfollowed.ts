// Unfollowed: stores accounts that should be watched and are not, because their owner has too many.
import type { Unfollowed, UnfollowedAccounts } from '../core/doubt-ports.ts';
import type { Address } from '../core/ids.ts';
import { at, type Sql } from './database.ts';

type Row = {
  address: Address;
  subscriber_id: string;
  from_slot: bigint;
  named_slot: bigint;
  since: Date;
};
const unfollowedOf = (row: Row): Unfollowed => ({
  address: row.address,
  subscriberId: row.subscriber_id,
  fromSlot: Number(row.from_slot),
  namedSlot: Number(row.named_slot),
  sinceMs: row.since.getTime(),
});

/** Creates the store of unfollowed accounts. */
export function createUnfollowed(sql: Sql): UnfollowedAccounts {
  const columns = sql`address, subscriber_id, from_slot, named_slot, since`;
  return {
    async add({ address, subscriberId, fromSlot, namedSlot }, nowMs) {
      const [row] = await sql<{ news: boolean }[]>`
        insert into unfollowed (address, subscriber_id, from_slot, named_slot, since)
        values (${address}, ${subscriberId}, ${fromSlot}, ${namedSlot}, ${at(nowMs)})
        on conflict (address) do update set from_slot = least(unfollowed.from_slot, excluded.from_slot),
          named_slot = greatest(unfollowed.named_slot, excluded.named_slot)
          where unfollowed.from_slot > excluded.from_slot or unfollowed.named_slot < excluded.named_slot
        returning xmax = 0 as news`;
      return row?.news ?? false;
    },
    async find(addresses) {
      const rows = await sql<Row[]>`
        select ${columns} from unfollowed
        where address in ${sql(addresses as Address[])}`;
      return rows.map(unfollowedOf);
    },
    async list(limit) {
      const rows = await sql<Row[]>`
        select ${columns} from unfollowed join subscriber using (subscriber_id)
        where retired_at is null order by since, address limit ${limit}`;
      return rows.map(unfollowedOf);
    },
    async next(limit, after) {
      const rows = await sql<Row[]>`
        select ${columns} from unfollowed join subscriber using (subscriber_id)
        where retired_at is null ${after === null ? sql`` : sql`and address > ${after}`} order by address limit ${limit}`;
      return rows.map(unfollowedOf);
    },
    async remove(address, shownIn) {
      const removed = await sql`
        delete from unfollowed where address = ${address}
          ${shownIn === null ? sql`` : sql`and named_slot <= ${shownIn}`} returning 1`;
      return removed.length > 0;
    },
  };
}
