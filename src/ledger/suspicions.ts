// Suspicions: sums the notices of each subscriber since the last review, in each token by itself,
// stores those above the limit, and stores the reviews that end them.

import type { Signature } from '../core/ids.ts';
import type { Suspicions } from '../core/standing-ports.ts';
import { SUSPICIONS, type Suspicion, type SuspicionKind } from '../core/suspicion.ts';
import { DEFAULT_VENUE } from '../core/venue-name.ts';
import { at, type Sql } from './database.ts';
import { tell } from './outbox.ts';
import { type TokenRow, tokenIn } from './tokens.ts';

type Row = TokenRow & {
  subscriber_id: string;
  amount: bigint;
  notices: number;
  kinds: SuspicionKind[];
  signature: Signature;
  slot: bigint;
};
const suspicionOf = (row: Row): Suspicion => ({
  subscriberId: row.subscriber_id,
  amount: row.amount,
  token: tokenIn(row),
  notices: row.notices,
  kinds: row.kinds,
  signature: row.signature,
  slot: Number(row.slot),
});

/** Creates the store of suspicions. */
export function createSuspicions(sql: Sql): Suspicions {
  // These kinds stand in the text of the statement. Were they parameters, Postgres could not know
  // that the index `fact_suspicions` holds all these notices, and would read every fact.
  const summed = sql.unsafe(`(${SUSPICIONS.map((each) => `'${each}'`).join()})`);
  const list = async (): Promise<Suspicion[]> =>
    (
      await sql<Row[]>`
        select s.*, k.symbol, k.decimals from suspicion s join token k using (mint)
        order by s.amount desc, s.subscriber_id`
    ).map(suspicionOf);
  return {
    list,
    async refresh(amountMost) {
      await sql.begin(async (tx) => {
        // A review that ended while the notices are read would be undone, and two daemons that
        // write suspicions in other orders would deadlock.
        await tx`lock table suspicion in share row exclusive mode`;
        // One change of owner of an agent's token account is enough for a suspicion: copying never
        // requires it. So is one swap whose size nothing tells.
        const found = await tx<Row[]>`
          with notice as (
            select f.subscriber_id, f.body->>'what' as what, f.slot, f.signature, v.mint,
              case when f.body->>'what' in ${summed} then coalesce((f.body->>'amount')::numeric, 0) else 0 end as amount,
              f.body->>'what' = 'token_authority_changed' or (f.body->>'what' = 'swap_loss' and f.body->>'amount' is null) as enough
            from fact f join subscriber s using (subscriber_id)
            left join account a on a.address = f.account
            join venue v on v.name = coalesce(a.venue, ${DEFAULT_VENUE})
            left join (select subscriber_id, max(upto_slot) as upto from suspicion_review group by 1) r
              on r.subscriber_id = f.subscriber_id
            where f.kind = 'notice' and f.finality <> 'withdrawn' and s.retired_at is null and f.slot > coalesce(r.upto, -1)
              and (f.body->>'what' in ${summed}
                or (f.body->>'what' = 'token_authority_changed' and f.body->>'detail' = 'The owner of the token account.'))
          ), largest as (
            select distinct on (subscriber_id) subscriber_id, mint, sum(amount)::bigint as amount from notice
            group by subscriber_id, mint order by subscriber_id, 3 desc, mint
          )
          select n.subscriber_id, l.amount, k.mint, k.symbol, k.decimals,
            count(*)::int as notices, jsonb_agg(distinct n.what) as kinds, max(n.slot) as slot,
            (array_agg(n.signature order by n.slot desc, n.signature))[1] as signature
          from notice n join largest l using (subscriber_id) join token k on k.mint = l.mint
          group by n.subscriber_id, l.amount, k.mint, k.symbol, k.decimals
          having l.amount > ${amountMost} or bool_or(n.enough)`;
        const ids = found.map((row) => row.subscriber_id);
        await tx`delete from suspicion where not (${tx.json(ids)}::jsonb ? subscriber_id)`;
        for (const row of found) {
          const [saved] = await tx<{ news: boolean }[]>`
            insert into suspicion as s (subscriber_id, amount, mint, notices, kinds, signature, slot)
            values (${row.subscriber_id}, ${row.amount}, ${row.mint}, ${row.notices}, ${tx.json(row.kinds)}, ${row.signature}, ${row.slot})
            on conflict (subscriber_id) do update set amount = excluded.amount, mint = excluded.mint, notices = excluded.notices, kinds = excluded.kinds,
              signature = excluded.signature, slot = excluded.slot
            returning xmax = 0 as news`;
          if (saved?.news === true) {
            const { subscriberId, ...told } = suspicionOf(row);
            await tell(tx, 'subscriber.suspected', subscriberId, told);
          }
        }
      });
      return list();
    },
    review: (subscriberId, reason, nowMs) =>
      sql.begin(async (tx) => {
        const rows = await tx<{ slot: bigint }[]>`
          delete from suspicion where subscriber_id = ${subscriberId} returning slot`;
        const [row] = rows;
        if (row === undefined) return false;
        await tx`
          insert into suspicion_review (subscriber_id, upto_slot, reason, at)
          values (${subscriberId}, ${row.slot}, ${reason}, ${at(nowMs)}) on conflict do nothing`;
        return true;
      }),
  };
}
