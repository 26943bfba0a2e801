// Shares: reads profit shares. booking.ts and imported-debts.ts insert them, share-changes.ts
// changes them.

import { NO_TRIES, type Tries } from '../core/aftermath.ts';
import type { Debt } from '../core/debt.ts';
import type { Shares } from '../core/debt-ports.ts';
import type { Address } from '../core/ids.ts';
import type { Share, ShareStatus } from '../core/share.ts';
import { isApart, isAsked, isDue, isUnpaid } from '../core/share-due.ts';
import { DEFAULT_VENUE, type VenueName } from '../core/venue-name.ts';
import { createAccruals } from './accruals.ts';
import { type Fragment, plannedEach, type Sql } from './database.ts';
import { among, askedIds, grouped, readTogether } from './groups.ts';
import { conditionsOf } from './lists.ts';
import { createShareActs } from './share-acts.ts';
import { type ShareRow, shareOf } from './share-rows.ts';
import { type TokenRow, tokenIn } from './tokens.ts';
import { readUncovered } from './uncovered.ts';

/** The columns of `dueBy`. */
type DueBy = {
  subscriber_id: string;
  status: ShareStatus;
  observed: boolean;
  retry_at: Date | null;
  held_until: Date | null;
  halted: boolean;
  now: Date;
};
type DueRow = DueBy & {
  share_id: string;
  subscription_id: string;
  creator_wallet: Address;
  drift_account: Address;
  sub_account_id: number;
  venue: VenueName;
  mint: Address;
  symbol: string;
  decimals: number;
  owed: bigint;
  attempts: number;
  slot: bigint;
  minimum_payment: bigint;
  hastened: boolean;
  delinquent: boolean;
  ended: boolean;
  dropped: boolean;
  failed_together: number;
};
type OldestRow = { subscriber_id: string; slot: bigint } & Pick<Share, 'status' | 'observed'>;
const isDueNow = ({ status, observed, halted, now, ...row }: DueBy): boolean =>
  isDue({ status, observed, retryAtMs: row.retry_at?.getTime() ?? null }, now.getTime(), {
    heldUntilMs: row.held_until?.getTime() ?? null,
    halted,
  });
const debtOf = (row: DueRow): Debt => ({
  shareId: row.share_id,
  subscriptionId: row.subscription_id,
  creatorWallet: row.creator_wallet,
  driftUser: row.drift_account,
  subAccountId: row.sub_account_id,
  venue: row.venue,
  token: tokenIn(row),
  owed: row.owed,
  attempts: row.attempts,
  slot: Number(row.slot),
  minimum: isAsked(row) ? 0n : row.minimum_payment,
  asked: isAsked(row),
  ...(isApart({ ...row, failedTogether: row.failed_together }) ? { apart: true } : {}),
});

/**
 * Creates the store of profit shares. `now` is the database's clock, unless a test passes another.
 */
export function createShares(
  sql: Sql,
  now: Fragment = sql`now()`,
  observing: boolean = false,
): Shares {
  const listed = plannedEach(sql);
  const chosen = (where: Fragment): Fragment => sql`
    select s.share_id, s.subscriber_id, s.subscription_id, s.creator_wallet, k.mint, k.symbol, k.decimals, s.signature, s.slot, s.brought, a.net_pnl, s.recipient,
           case when a.share_bps is null then null else (select r.share_bps from terms_recipient r where r.subscriber_id = s.subscriber_id
             and r.subscription_id = s.subscription_id and r.from_slot = s.terms_slot and r.nth = s.recipient) end as share_bps,
           (select x.label from terms_split x where x.subscriber_id = s.subscriber_id and x.subscription_id = s.subscription_id
             and x.from_slot = s.terms_slot and x.nth = s.recipient) as label,
           s.amount, s.paid, s.status, s.reason, s.attempts, s.voided,
           case when s.status = 'pending' then greatest(s.retry_at, s.held_until) else s.retry_at end as retry_at,
           (select coalesce(jsonb_agg(p.signature), '[]') from payment_share ps join payment p using (subscriber_id, payment_id)
                 where ps.subscriber_id = s.subscriber_id and ps.share_id = s.share_id and p.state = 'landed') as paid_by,
           s.observed, (select coalesce(sum(c.amount), 0)::bigint from credit_share c
                 where c.subscriber_id = s.subscriber_id and c.share_id = s.share_id) as credited,
           (select coalesce(jsonb_agg(c.signature), '[]') from credit_share c
                 where c.subscriber_id = s.subscriber_id and c.share_id = s.share_id) as credited_by
    from profit_share s join token k on k.mint = s.mint
      left join accrual a using (subscriber_id, subscription_id, signature, slot, ordinal, terms_slot)
    ${where}`;
  const select = (where: Fragment) => sql<ShareRow[]>`${chosen(where)}`;

  /** The order of the chain, oldest first; of one close, the creator's debt first. */
  const byAge = sql`
    order by s.slot, (select f.block_index from fact f where f.subscriber_id = s.subscriber_id and f.signature = s.signature
      and f.slot = s.slot and f.ordinal = s.ordinal limit 1) nulls last, s.ordinal, s.recipient, s.share_id`;

  /**
   * The condition by which an index finds the debts that may be due. `isDue` of core/share-due.ts
   * decides.
   */
  const mayBeDue = sql`
    s.status = 'pending' and not s.observed and (s.retry_at is null or s.retry_at <= ${now})`;
  /** The columns by which `isDue` decides about the debts of the rows `s`. */
  const dueBy = sql`s.status, s.observed, s.retry_at, (select max(h.held_until) from profit_share h
      where h.subscriber_id = s.subscriber_id and h.held_until is not null and h.status = 'pending') as held_until,
    exists (select 1 from halt h where h.scope in ('all', 'creator:' || s.creator_wallet, 'subscriber:' || s.subscriber_id)) as halted,
    ${now} as now`;
  /** Of each subscriber, the oldest slot of its open debts by status. */
  const oldestSlots = readTogether<string, readonly OldestRow[]>(async (ids) => {
    const rows = await sql<OldestRow[]>`
      select subscriber_id, status, observed, min(slot) as slot from profit_share
      where subscriber_id = ${among(sql, ids)} and status in ('pending', 'processing', 'failed') group by subscriber_id, status, observed`;
    const found = grouped(rows, (row) => row.subscriber_id);
    return ids.map((id) => found.get(id) ?? []);
  });
  return {
    ...createAccruals(sql, now, observing),
    ...createShareActs(sql, now),
    due: readTogether<string, Debt[]>(async (ids) => {
      const rows = await sql<DueRow[]>`
          select s.subscriber_id, s.share_id, s.subscription_id, s.creator_wallet, n.drift_account, a.sub_account_id,
            coalesce(a.venue, ${DEFAULT_VENUE}) as venue, k.mint, k.symbol, k.decimals, s.amount - s.paid as owed,
            s.attempts, s.slot,
            t.minimum_payment,
            (select coalesce(max((select count(*) from payment_recipient r where r.subscriber_id = p.subscriber_id and r.payment_id = p.payment_id)), 0)::int
              from payment_share ps join payment p using (subscriber_id, payment_id)
              where ps.subscriber_id = s.subscriber_id and ps.share_id = s.share_id and p.state = 'failed') as failed_together,
            ${dueBy},
            s.hastened, d.standing = 'delinquent' as delinquent, (select ended from subscription_terms u
                where u.subscription_id = s.subscription_id order by from_slot desc limit 1) as ended,
            not exists (select 1 from terms_recipient r where r.subscriber_id = s.subscriber_id and r.subscription_id = s.subscription_id
              and r.from_slot = (select max(u.from_slot) from subscription_terms u where u.subscriber_id = s.subscriber_id and u.subscription_id = s.subscription_id)
              and r.creator_wallet = s.creator_wallet and r.share_bps > 0 offset 0) as dropped
          from ${askedIds(sql, ids)} cross join lateral (
            select * from profit_share s where subscriber_id = asked.id and ${mayBeDue} offset 0) s join token k on k.mint = s.mint
          join subscription n using (subscriber_id, subscription_id)
          join terms_recipient t on t.subscriber_id = s.subscriber_id and t.subscription_id = s.subscription_id
            and t.from_slot = s.terms_slot and t.nth = s.recipient
          join account a on a.address = n.drift_account
          join standing d on d.subscriber_id = s.subscriber_id
          ${byAge}`;
      const found = grouped(rows, (row) => row.subscriber_id);
      return ids.map((id) => (found.get(id) ?? []).filter(isDueNow).map(debtOf));
    }),
    async subscribersWithWork() {
      const paying = await sql<{ subscriber_id: string }[]>`
        select subscriber_id from payment where state in ('planned', 'signed', 'sent')`;
      // Debts of one subscriber to one creator are due by the same rule at the earliest `retry_at`.
      const owing = await sql<DueBy[]>`
        select s.subscriber_id, ${dueBy} from (
          select subscriber_id, creator_wallet, status, observed, case when bool_and(retry_at is not null) then min(retry_at) end as retry_at
          from profit_share s where ${mayBeDue} group by subscriber_id, creator_wallet, status, observed) s`;
      return [
        ...new Set([...paying, ...owing.filter(isDueNow)].map((row) => row.subscriber_id)),
      ].sort();
    },
    async tries(subscriberId, shareIds) {
      if (shareIds.length === 0) return NO_TRIES;
      const [row] = await sql<Tries[]>`
        select coalesce(max(unexpected), 0)::int as unexpected, coalesce(max(failures), 0)::int as failures,
          coalesce(max(expiries), 0)::int as expiries
        from profit_share where subscriber_id = ${subscriberId} and share_id in ${sql([...shareIds])}`;
      return row ?? NO_TRIES;
    },
    async list({ limit, before, ...filter }) {
      const where = sql`
        where ${conditionsOf(sql).shares(filter)} and (${before ?? null}::text is null or (s.slot, s.share_id) < (select slot, share_id from profit_share where share_id = ${before ?? null}))
        order by s.slot desc, s.share_id desc limit ${limit}`;
      const rows = await listed<ShareRow[]>`${chosen(where)}`;
      return rows.map(shareOf);
    },
    async open(subscriberId) {
      const rows = await select(sql`
        where s.subscriber_id = ${subscriberId} and s.status in ('pending', 'processing', 'failed')
        ${byAge}`);
      return rows.map(shareOf);
    },
    async waitingFor(trouble) {
      // Two queries, so that each can use its index.
      const named =
        'class' in trouble
          ? sql`s.reason ->> 'class' = ${trouble.class}`
          : sql`s.reason ->> 'code' = ${trouble.code}`;
      const rows = await sql<{ subscriber_id: string; drift_account: Address }[]>`
        select distinct on (s.subscriber_id) s.subscriber_id, n.drift_account
        from profit_share s join subscription n using (subscriber_id, subscription_id)
        join account a on a.address = n.drift_account
        where s.status = 'pending' and ${named}
          ${trouble.venue === undefined ? sql`` : sql`and coalesce(a.venue, ${DEFAULT_VENUE}) = ${trouble.venue}`}`;
      return {
        driftUser: rows[0]?.drift_account ?? null,
        subscribers: rows.map((row) => row.subscriber_id),
      };
    },
    async owedTo(creatorWallet, mint) {
      const rows = await sql<(Pick<Share, 'status' | 'observed'> & { owed: bigint })[]>`
        select status, observed, sum(amount - paid)::bigint as owed from profit_share
        where creator_wallet = ${creatorWallet} and creator_wallet > '' and mint = ${mint}
          and status in ('pending', 'processing', 'failed') group by status, observed`;
      return rows.reduce((sum, row) => (isUnpaid(row, 'payable') ? sum + row.owed : sum), 0n);
    },
    async oldestOpenSlot(subscriberId, which) {
      const rows = (await oldestSlots(subscriberId)).filter((row) => isUnpaid(row, which));
      return rows.length === 0 ? null : Math.min(...rows.map((row) => Number(row.slot))) - 1;
    },
    uncovered: (subscriberId) => readUncovered(sql, subscriberId, byAge),
    async observed() {
      const rows = await sql<(TokenRow & { count: bigint; left: bigint })[]>`
        select k.*, count(*), sum(amount - paid)::bigint as left from profit_share join token k using (mint)
        where observed and status in ('pending', 'failed') group by k.mint order by k.mint`;
      return {
        count: rows.reduce((sum, row) => sum + Number(row.count), 0),
        left: rows.map((row) => ({ ...tokenIn(row), amount: row.left })),
      };
    },
    async find(id) {
      const [row] = await select(sql`where s.share_id = ${id}`);
      return row === undefined ? null : shareOf(row);
    },
  };
}
