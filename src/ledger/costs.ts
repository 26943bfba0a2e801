// Costs: stores how much payments cost their fee payer according to the chain, and sums the costs
// of the last 24 hours. Lamports.

import type { Costs, UnreadCost } from '../core/cost-ports.ts';
import type { Address, Signature } from '../core/ids.ts';
import type { Spent, TransactionCost } from '../core/spending.ts';
import type { Sql } from './database.ts';
import { among, readTogether } from './groups.ts';

/** Costs are read for payments that ended within this time. Older ones keep the planned figures. */
const READ_WITHIN = '2 days';

/** Creates the store of payment costs. */
export function createCosts(sql: Sql): Costs {
  const ended = sql`(p.state = 'landed' or (p.state = 'failed' and p.signature is not null))
    and not p.restored and p.ended_at > now() - ${READ_WITHIN}::interval`;
  const signedToday = readTogether<
    { readonly subscriberId: string; readonly mint: string },
    bigint
  >(async (asked) => {
    const rows = await sql<{ subscriber_id: string; mint: string; amount: bigint }[]>`
      select subscriber_id, mint, sum(amount + reimburse)::bigint as amount from payment
      where subscriber_id in ${among(
        sql,
        asked.map((each) => each.subscriberId),
      )} and signature is not null
        and state in ('signed', 'sent', 'landed') and planned_at > now() - interval '1 day'
      group by subscriber_id, mint`;
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
      creator_wallet: payment.creatorWallet,
      payer: cost.payer,
      failed: cost.failed,
      fee: String(cost.fee),
      rent: String(cost.opened.reduce((sum, each) => sum + each.lamports, 0n)),
      creator_opened: cost.opened.some((each) => each.owner === payment.creatorWallet),
    }));
    await sql`
      insert into payment_cost (subscriber_id, payment_id, creator_wallet, payer, failed, fee, rent, creator_opened)
      select subscriber_id, payment_id, creator_wallet, payer, failed, fee, rent, creator_opened
      from jsonb_to_recordset(${sql.json(rows)}) as c(subscriber_id text, payment_id text, creator_wallet text,
        payer text, failed boolean, fee bigint, rent bigint, creator_opened boolean)
      order by subscriber_id, payment_id
      on conflict do nothing`;
    return given.map(() => undefined);
  });
  return {
    async unread(limit) {
      const rows = await sql<
        {
          payment_id: string;
          subscriber_id: string;
          creator_wallet: Address;
          signature: Signature;
        }[]
      >`
        select p.payment_id, p.subscriber_id, p.creator_wallet, p.signature
        from payment p left join payment_cost c using (subscriber_id, payment_id)
        where c.payment_id is null and ${ended} order by p.ended_at limit ${limit}`;
      return rows.map((row) => ({
        paymentId: row.payment_id,
        subscriberId: row.subscriber_id,
        creatorWallet: row.creator_wallet,
        signature: row.signature,
      }));
    },
    record: (payment, cost) => record({ payment, cost }),
    async openings(creatorWallet, mint) {
      const [row] = await sql<{ known: bigint; unread: bigint }[]>`
        select count(*) filter (where c.creator_opened or (c.payment_id is null and not (${ended}))) as known,
               count(*) filter (where c.payment_id is null and ${ended}) as unread
        from payment p left join payment_cost c using (subscriber_id, payment_id)
        where p.creator_wallet = ${creatorWallet} and p.mint = ${mint} and p.state = 'landed' and (p.create_creator_account or c.creator_opened)`;
      return { known: Number(row?.known ?? 0n), unread: Number(row?.unread ?? 0n) };
    },
    async ofSponsor(sponsor, subscriberId, creatorWallet) {
      const [row] = await sql<Record<string, bigint>[]>`
        with spent as (
          select subscriber_id, creator_wallet, fee + rent as lamports, failed, false as unread
          from payment_cost where payer = ${sponsor} and at > now() - interval '1 day'
          union all
          select subscriber_id, null, rent, false, false
          from nonce where authority = ${sponsor} and asked_at > now() - interval '1 day'
          union all
          select p.subscriber_id, p.creator_wallet, 0, false, true
          from payment p left join payment_cost c using (subscriber_id, payment_id)
          where p.fee_payer = 'sponsor' and c.payment_id is null
            and (p.state in ('planned', 'signed', 'sent') or (${ended})))
        select coalesce(sum(lamports), 0)::bigint as all_lamports, count(*) filter (where unread) as all_unread,
          coalesce(sum(lamports) filter (where subscriber_id = ${subscriberId}), 0)::bigint as subscriber_lamports,
          count(*) filter (where unread and subscriber_id = ${subscriberId}) as subscriber_unread,
          coalesce(sum(lamports) filter (where creator_wallet = ${creatorWallet}), 0)::bigint as creator_lamports,
          count(*) filter (where unread and creator_wallet = ${creatorWallet}) as creator_unread,
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
