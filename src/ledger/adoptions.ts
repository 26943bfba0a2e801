// Adoptions: debts that were booked while only observing become payable when a person says so.
import type { Shares } from '../core/debt-ports.ts';
import type { Sql } from './database.ts';
import { tell } from './outbox.ts';

export function createAdoptions(sql: Sql): Pick<Shares, 'adopt' | 'observed'> {
  return {
    adopt: (fromSlot) =>
      sql.begin(async (tx) => {
        const rows = await tx<{ share_id: string; subscriber_id: string; left: bigint }[]>`
          update profit_share set observed = false, retry_at = null
          where observed and slot >= ${fromSlot} and status in ('pending', 'failed')
          returning share_id, subscriber_id, amount - paid as left`;
        const adopted = rows.map((row) => ({
          shareId: row.share_id,
          subscriberId: row.subscriber_id,
          left: row.left,
        }));
        for (const { shareId: share, subscriberId, left } of adopted)
          await tell(tx, 'share.adopted', subscriberId, { share, left });
        return adopted;
      }),
    async observed() {
      const [row] = await sql<{ count: bigint; left: bigint }[]>`
        select count(*), coalesce(sum(amount - paid), 0)::bigint as left from profit_share
        where observed and status in ('pending', 'failed')`;
      return { count: Number(row?.count ?? 0n), left: row?.left ?? 0n };
    },
  };
}
