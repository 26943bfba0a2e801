// Costs: stores how much payments cost their fee payer according to the chain, and sums the costs
// of the last 24 hours. Lamports.

import type { Costs, UnreadCost } from '../core/cost-ports.ts';
import type { Signature } from '../core/ids.ts';
import type { TransactionCost } from '../core/payment-cost.ts';
import type { Spent } from '../core/spending-limits.ts';
import { readWhole, type Sql } from './database.ts';
import { askedIds, readTogether } from './groups.ts';

/** Costs are read for payments that ended within this time. Older ones keep the planned figures. */
const READ_WITHIN = '2 days';

/** Creates the store of payment costs. */
export function createCosts(sql: Sql): Costs {
  const ended = sql`(p.state = 'landed' or (p.state = 'failed' and p.signature is not null))
    and not p.restored and p.ended_at > now() - ${READ_WITHIN}::interval`;
  // The transaction that cancelled a payment under a nonce costs the sponsor its fee.
  const cancelled = sql`p.state = 'dead' and p.evidence -> 'moved' -> 'own' = 'true'
    and p.ended_at > now() - ${READ_WITHIN}::interval`;
  const signedToday = readTogether<
    { readonly subscriberId: string; readonly mint: string },
    bigint
  >(async (asked) => {
    // Each subscriber stands in the list once; otherwise the sum would count its payments once for
    // each question.
    const ids = [...new Set(asked.map((each) => each.subscriberId))];
    // A payment that may still land counts at any age, because under a nonce it may land more than
    // a day after it was planned. Both parts find the payments of one subscriber by an index.
    const rows = await sql<{ subscriber_id: string; mint: string; amount: bigint }[]>`
      select p.subscriber_id, p.mint, sum(p.amount + p.reimburse)::bigint as amount
      from ${askedIds(sql, ids)} cross join lateral (
        select subscriber_id, mint, amount, reimburse from payment
        where subscriber_id = asked.id and state in ('signed', 'sent')
        union all
        select subscriber_id, mint, amount, reimburse from payment
        where subscriber_id = asked.id and state = 'landed' and ended_at > now() - interval '1 day') p
      group by p.subscriber_id, p.mint`;
    return asked.map(
      ({ subscriberId, mint }) =>
        rows.find((row) => row.subscriber_id === subscriberId && row.mint === mint)?.amount ?? 0n,
    );
  });
  const record = readTogether<
    { readonly payment: UnreadCost; readonly cost: TransactionCost },
    undefined
  >(async (given) => {
    const rows = given.map(({ payment, cost }) => ({
      subscriber_id: payment.subscriberId,
      payment_id: payment.paymentId,
      payer: cost.payer,
      failed: cost.failed,
      fee: String(cost.fee),
      rent: String(cost.opened.reduce((sum, each) => sum + each.lamports, 0n)),
      opened: cost.opened.map(({ owner, lamports }) => ({ owner, lamports: String(lamports) })),
    }));
    await sql`
      with given as (
        select * from jsonb_to_recordset(${sql.json(rows)}) as c(subscriber_id text, payment_id text,
          payer text, failed boolean, fee bigint, rent bigint, opened jsonb)),
      added as (
        insert into payment_cost (subscriber_id, payment_id, payer, failed, fee, rent, tip)
        select g.subscriber_id, g.payment_id, g.payer, g.failed, g.fee, g.rent, coalesce(p.tip, 0)
        from given g left join payment p on (p.subscriber_id, p.payment_id) = (g.subscriber_id, g.payment_id)
          and p.state = 'landed'
        order by g.subscriber_id, g.payment_id
        on conflict do nothing returning subscriber_id, payment_id)
      update payment_recipient r set rent = coalesce(r.rent, (select sum((o ->> 'lamports')::bigint)
        from jsonb_array_elements(g.opened) o where o ->> 'owner' = r.creator_wallet), 0)
      from added a join given g using (subscriber_id, payment_id)
      where (r.subscriber_id, r.payment_id) = (a.subscriber_id, a.payment_id)`;
    return given.map(() => undefined);
  });
  return {
    async unread(limit, after = null) {
      const beyond =
        after === null
          ? sql``
          : sql`and (e.ended_at, payment_id) > (select ended_at, payment_id from payment where payment_id = ${after.paymentId})`;
      const rows = await readWhole(
        sql,
        (tx) => tx<
          {
            payment_id: string;
            subscriber_id: string;
            signature: Signature;
          }[]
        >`
        select payment_id, subscriber_id, e.signature from (
          select p.payment_id, p.subscriber_id, p.signature, p.ended_at from payment p where ${ended}
          union all
          select p.payment_id, p.subscriber_id, p.evidence -> 'moved' ->> 'signature', p.ended_at from payment p where ${cancelled}) e
        left join payment_cost c using (subscriber_id, payment_id)
        where c.payment_id is null ${beyond} order by e.ended_at, payment_id limit ${limit}`,
      );
      return rows.map((row) => ({
        paymentId: row.payment_id,
        subscriberId: row.subscriber_id,
        signature: row.signature,
      }));
    },
    record: (payment, cost) => record({ payment, cost }),
    async openings(creatorWallet, mint) {
      const [row] = await sql<{ known: bigint; unread: bigint }[]>`
        select count(*) filter (where r.rent > 0 or (c.payment_id is null and not (${ended}))) as known,
               count(*) filter (where c.payment_id is null and ${ended}) as unread
        from payment_recipient r join payment p using (subscriber_id, payment_id) left join payment_cost c using (subscriber_id, payment_id)
        where r.creator_wallet = ${creatorWallet} and p.mint = ${mint} and p.state = 'landed' and (r.create_account or r.rent > 0)`;
      return { known: Number(row?.known ?? 0n), unread: Number(row?.unread ?? 0n) };
    },
    async ofSponsor(sponsor, subscriberId, creatorWallet) {
      const [row] = await sql<Record<string, bigint>[]>`
        with spent as (
          select c.subscriber_id, c.fee + c.rent + c.tip as lamports,
            case when r.amount is null then null else c.fee + r.rent + c.tip end as creator_lamports, failed, false as unread
          from payment_cost c left join payment_recipient r on (r.subscriber_id, r.payment_id) = (c.subscriber_id, c.payment_id)
            and r.creator_wallet = ${creatorWallet}
          where c.payer = ${sponsor} and c.at > now() - interval '1 day'
          union all
          select subscriber_id, rent, null, false, false
          from nonce where authority = ${sponsor} and asked_at > now() - interval '1 day'
          union all
          select p.subscriber_id, coalesce(p.tip, 0), case when exists (select 1 from payment_recipient r where (r.subscriber_id, r.payment_id)
            = (p.subscriber_id, p.payment_id) and r.creator_wallet = ${creatorWallet} offset 0) then coalesce(p.tip, 0) end, false, true
          from payment p left join payment_cost c using (subscriber_id, payment_id)
          where p.fee_payer = 'sponsor' and c.payment_id is null
            and (p.state in ('planned', 'signed', 'sent') or (${ended}))
          union all
          select p.subscriber_id, 0, null, false, true
          from payment p left join payment_cost c using (subscriber_id, payment_id)
          where c.payment_id is null and ${cancelled})
        select coalesce(sum(lamports), 0)::bigint as all_lamports, count(*) filter (where unread) as all_unread,
          coalesce(sum(lamports) filter (where subscriber_id = ${subscriberId}), 0)::bigint as subscriber_lamports,
          count(*) filter (where unread and subscriber_id = ${subscriberId}) as subscriber_unread,
          coalesce(sum(creator_lamports), 0)::bigint as creator_lamports,
          count(*) filter (where unread and creator_lamports is not null) as creator_unread,
          count(*) filter (where failed and subscriber_id = ${subscriberId}) as failures
        from spent`;
      const of = (whose: string): Spent => ({
        lamports: row?.[`${whose}_lamports`] ?? 0n,
        unread: Number(row?.[`${whose}_unread`] ?? 0n),
      });
      return {
        all: of('all'),
        subscriber: of('subscriber'),
        creator: of('creator'),
        failures: Number(row?.failures ?? 0n),
      };
    },
    signedToday: (subscriberId, mint) => signedToday({ subscriberId, mint }),
  };
}
