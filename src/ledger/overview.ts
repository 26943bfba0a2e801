// Overview: reads the sums that an operator sees first, each by one statement over an index.
import type { Address, Signature } from '../core/ids.ts';
import { AGES, type OverviewBook } from '../core/overview-ports.ts';
import type { ShareStatus } from '../core/share.ts';
import { readWhole, type Sql } from './database.ts';
import { type TokenRow, tokenIn } from './tokens.ts';

const FLIGHTS_MOST = 100;
const DELINQUENT_MOST = 100;
const [HOUR, DAY, WEEK] = AGES.map((each) => each.mostMs ?? 0);

/** Creates the reader of overviews. */
export function createOverview(sql: Sql): OverviewBook {
  return {
    read: () =>
      readWhole(sql, async (tx) => {
        const debts = await tx<
          (TokenRow & {
            status: ShareStatus;
            reason: string | null;
            observed: boolean;
            age: number;
            debts: bigint;
            left: bigint;
          })[]
        >`
          select k.*, status, reason, observed, age, count(*) as debts, sum(left_)::bigint as left from (
            select mint, status, reason ->> 'code' as reason, observed, amount - paid as left_,
              case when ms < ${HOUR ?? 0} then 0 when ms < ${DAY ?? 0} then 1 when ms < ${WEEK ?? 0} then 2 else 3 end as age
            from (select *, extract(epoch from now() - coalesce(closed_at, accrued_at)) * 1000 as ms from profit_share
                  where status in ('pending', 'processing', 'failed')) aged) s
          join token k using (mint) group by k.mint, status, reason, observed, age order by sum(left_) desc`;
        const flights = await tx<
          (TokenRow & {
            payment_id: string;
            subscriber_id: string;
            creator_wallet: Address;
            recipients: bigint;
            amount: bigint;
            state: string;
            signature: Signature | null;
            planned_at: Date;
            trouble: string | null;
          })[]
        >`
          select k.*, payment_id, subscriber_id, creator_wallet, amount, state, signature, planned_at, trouble ->> 'code' as trouble,
            (select count(*) from payment_recipient r where (r.subscriber_id, r.payment_id) = (payment.subscriber_id, payment.payment_id)) as recipients
          from payment join token k using (mint) where state in ('planned', 'signed', 'sent')
          order by planned_at limit ${FLIGHTS_MOST}`;
        const hours = await tx<{ hour: Date; payments: bigint; median: number | null }[]>`
          select date_trunc('hour', p.ended_at) as hour, count(*) as payments,
            percentile_cont(0.5) within group (order by extract(epoch from p.ended_at - c.closed_at) * 1000) as median
          from payment p left join lateral (
            select min(s.closed_at) as closed_at from payment_share ps join profit_share s using (subscriber_id, share_id)
            where ps.subscriber_id = p.subscriber_id and ps.payment_id = p.payment_id) c on true
          where p.state = 'landed' and p.ended_at > now() - interval '24 hours' group by 1 order by 1`;
        const standings = await tx<{ standing: string; count: bigint }[]>`
          select standing, count(*) from standing group by standing order by standing`;
        const delinquent = await tx<{ subscriber_id: string; reason: string }[]>`
          select subscriber_id, reason from standing where standing = 'delinquent' order by revision desc limit ${DELINQUENT_MOST}`;
        const [waiting] = await tx<
          { failed: bigint; unexplained: bigint; lost: bigint; disabled: bigint }[]
        >`
          select (select count(*) from profit_share where status = 'failed') as failed,
            (select count(*) from payment where excess > 0 and accepted is null) as unexplained,
            (select count(*) from lost_act where reviewed is null) as lost,
            (select count(*) from endpoint where disabled_at is not null) as disabled`;
        return {
          debts: debts.map((row) => ({
            token: tokenIn(row),
            status: row.status,
            reason: row.reason,
            observed: row.observed,
            age: row.age,
            debts: Number(row.debts),
            left: row.left,
          })),
          flights: flights.map((row) => ({
            id: row.payment_id,
            subscriberId: row.subscriber_id,
            creatorWallet: row.creator_wallet,
            recipients: Number(row.recipients),
            token: tokenIn(row),
            amount: row.amount,
            state: row.state,
            signature: row.signature,
            plannedAtMs: row.planned_at.getTime(),
            trouble: row.trouble,
          })),
          hours: hours.map((row) => ({
            atMs: row.hour.getTime(),
            payments: Number(row.payments),
            medianMs: row.median === null ? null : Math.round(Number(row.median)),
          })),
          standings: Object.fromEntries(standings.map((row) => [row.standing, Number(row.count)])),
          delinquent: delinquent.map((row) => ({
            subscriberId: row.subscriber_id,
            reason: row.reason,
          })),
          waiting: {
            failedDebts: Number(waiting?.failed ?? 0n),
            unexplainedPayments: Number(waiting?.unexplained ?? 0n),
            lostActs: Number(waiting?.lost ?? 0n),
            disabledEndpoints: Number(waiting?.disabled ?? 0n),
          },
        };
      }),
    async spentInAWeek(payer) {
      const [row] = await sql<{ spent: bigint }[]>`
        select coalesce(sum(fee + rent + tip), 0)::bigint as spent from payment_cost
        where payer = ${payer} and at > now() - interval '7 days'`;
      return row?.spent ?? 0n;
    },
  };
}
