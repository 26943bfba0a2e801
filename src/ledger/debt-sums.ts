// Debt sums: sums over debts and payments, for metrics and for creators. Amounts in base units.
import type { DebtSums } from '../core/debt-sums.ts';
import type { PaymentState } from '../core/payment.ts';
import type { ProfitShare } from '../core/profit-share.ts';
import { type CreatorSumsRow, claimedOf, sumsIn, sumsOf } from './creator-sums.ts';
import { at, readWhole, type Sql } from './database.ts';
import { type TokenRow, tokenIn } from './tokens.ts';

/** Creates the reader of sums. */
export function createDebtSums(sql: Sql): DebtSums {
  // This condition always holds. Only with it can a statement use the index of open debts by age.
  const byAge = sql`accrued_at > '-infinity'`;
  return {
    async unpaid() {
      const rows = await readWhole(
        sql,
        (tx) => tx<(TokenRow & { status: ProfitShare['status']; count: bigint; left: bigint })[]>`
        select k.mint, k.symbol, k.decimals, s.status, s.count, s.left from token k join (
          select mint, status, count(*), sum(amount - paid)::bigint as left from profit_share
          where status <> 'paid' group by mint, status) s using (mint)`,
      );
      return rows.map((row) => ({
        status: row.status,
        token: tokenIn(row),
        left: row.left,
        count: Number(row.count),
      }));
    },
    async paid() {
      const rows = await readWhole(
        sql,
        (tx) => tx<(TokenRow & { count: bigint })[]>`
        select k.mint, k.symbol, k.decimals, coalesce(s.count, 0) as count from token k left join (
          select mint, count(*) from profit_share where status = 'paid' group by mint) s using (mint)`,
      );
      return rows.map((row) => ({ token: tokenIn(row), count: Number(row.count) }));
    },
    async landed() {
      const [row] = await readWhole(
        sql,
        (tx) => tx<{ count: bigint }[]>`select count(*) from payment where state = 'landed'`,
      );
      return Number(row?.count ?? 0n);
    },
    async debtsOlderThan(nowMs, agesMs) {
      const counts: number[] = [];
      for (const ageMs of agesMs) {
        const [row] = await sql<{ count: bigint }[]>`
          select count(*) from profit_share
          where status in ('pending', 'processing', 'failed') and not observed and ${byAge} and accrued_at < ${at(nowMs - ageMs)}`;
        counts.push(Number(row?.count ?? 0n));
      }
      return counts;
    },
    async closeToPaid(sinceMs) {
      const [row] = await readWhole(
        sql,
        (tx) => tx<{ median: number | null; most: number | null }[]>`
        select percentile_cont(0.5) within group (order by took) as median, percentile_cont(0.95) within group (order by took) as most
        from (select extract(epoch from p.ended_at - f.recorded_at)::float8 * 1000 as took
              from payment p join payment_share ps using (subscriber_id, payment_id)
              join profit_share s using (subscriber_id, share_id)
              join accrual a on (a.subscriber_id, a.subscription_id, a.signature, a.slot, a.ordinal, a.terms_slot)
                = (s.subscriber_id, s.subscription_id, s.signature, s.slot, s.ordinal, s.terms_slot)
              join fact f on f.subscriber_id = s.subscriber_id and f.signature = s.signature and f.slot = s.slot and f.ordinal = s.ordinal
                and f.account = a.account and f.kind in ('close', 'reckoning')
              where p.state = 'landed' and p.ended_at > ${at(sinceMs)} and s.status = 'paid') t`,
      );
      return row?.median == null ? {} : { '0.5': row.median, '0.95': row.most ?? row.median };
    },
    async oldestDebtMs(nowMs) {
      const [row] = await sql<{ since: Date | null }[]>`
        select min(accrued_at) as since from profit_share
        where status in ('pending', 'processing', 'failed') and not observed and ${byAge} and (reason ->> 'class') is distinct from 'accumulating'`;
      return row?.since == null ? null : Math.max(0, nowMs - row.since.getTime());
    },
    async earnings(creatorWallet) {
      const rows = await sql<CreatorSumsRow[]>`
        select ${sumsOf(sql)}
        from (select s.*, ${claimedOf(sql)} from profit_share s where creator_wallet = ${creatorWallet}) s
        join token k using (mint) group by k.mint order by k.mint`;
      return rows.map(sumsIn);
    },
    async payments() {
      const rows = await sql<{ state: PaymentState; class: string; count: bigint }[]>`
        select state, coalesce(trouble ->> 'class', '') as class, count(*) from payment where state <> 'landed' group by 1, 2`;
      return rows.map((row) => ({ ...row, count: Number(row.count) }));
    },
    async paymentsSentBefore(ms) {
      const [row] = await sql<{ count: bigint }[]>`
        select count(*) from payment where state = 'sent' and sent_at < ${at(ms)}`;
      return Number(row?.count ?? 0n);
    },
  };
}
