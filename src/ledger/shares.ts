// Shares: profit shares, from being owed to the payment that discharges them.

import { type Shares, UNSIGNED_MOST_MS } from '../core/debt-ports.ts';
import type { Address } from '../core/ids.ts';
import { type Debt, NO_TRIES, type Tries, type Trouble } from '../core/payment.ts';
import { createAccruals } from './accruals.ts';
import { createAdoptions } from './adoptions.ts';
import { at, type Fragment, inMs, type Sql, type Transaction, toJson } from './database.ts';
import { conditionsOf } from './lists.ts';
import { tell } from './outbox.ts';
import { type ShareRow, shareOf } from './share-rows.ts';
import { endUnsigned } from './unpaid.ts';

/** Told of a payment that is ended before anything is signed, because a person or a clearance asks. */
export const PLANNED_ANEW: Trouble = {
  class: 'retry_soon',
  code: 'planned_anew',
  detail: 'The debt was asked for before anything was signed, so it is planned anew.',
};

/** `now` is the database's clock, unless a test gives another. */
export function createShares(
  sql: Sql,
  now: Fragment = sql`now()`,
  observing: boolean = false,
): Shares {
  const select = (where: Fragment) => sql<ShareRow[]>`
    select s.share_id, s.subscriber_id, s.subscription_id, s.creator_wallet, s.signature, s.slot, a.net_pnl, a.share_bps,
           s.amount, s.paid, s.status, s.reason, s.attempts, s.voided,
           case when s.status = 'pending' then greatest(s.retry_at, s.held_until) else s.retry_at end as retry_at,
           (select coalesce(jsonb_agg(p.signature), '[]') from payment_share ps join payment p using (subscriber_id, payment_id)
                 where ps.subscriber_id = s.subscriber_id and ps.share_id = s.share_id and p.state = 'landed') as paid_by,
           s.observed, (select coalesce(sum(c.amount), 0)::bigint from credit_share c
                 where c.subscriber_id = s.subscriber_id and c.share_id = s.share_id) as credited,
           (select coalesce(jsonb_agg(c.signature), '[]') from credit_share c
                 where c.subscriber_id = s.subscriber_id and c.share_id = s.share_id) as credited_by
    from profit_share s join accrual a using (subscriber_id, subscription_id, signature, slot, ordinal, terms_slot)
    ${where}`;

  /** Oldest first, as the chain has it: several closes may share a slot. */
  const byAge = sql`
    order by s.slot, (select f.block_index from fact f where f.subscriber_id = s.subscriber_id and f.signature = s.signature
      and f.slot = s.slot and f.ordinal = s.ordinal limit 1) nulls last, s.ordinal, s.share_id`;

  /** Debts whose time has come, and which nothing holds back. */
  const isDue = sql`
    s.status = 'pending' and not s.observed and (s.retry_at is null or s.retry_at <= ${now})
      and not exists (select 1 from profit_share h
        where h.subscriber_id = s.subscriber_id and h.held_until > ${now} and h.status = 'pending')
      and not exists (select 1 from halt h
        where h.scope in ('all', 'creator:' || s.creator_wallet, 'subscriber:' || s.subscriber_id))`;
  /** Ends the payment of a share that nothing is signed of, so that its debts are free. */
  const endUnsignedOf = (tx: Transaction, shareId: string): Promise<void> =>
    endUnsigned(
      tx,
      now,
      tx`exists (select 1 from payment_share ps where ps.subscriber_id = p.subscriber_id
        and ps.payment_id = p.payment_id and ps.share_id = ${shareId})`,
      PLANNED_ANEW,
    );

  return {
    ...createAccruals(sql, now, observing),
    ...createAdoptions(sql),
    async due(subscriberId) {
      const rows = await sql<
        {
          share_id: string;
          subscription_id: string;
          creator_wallet: Address;
          drift_account: Address;
          sub_account_id: number;
          owed: bigint;
          attempts: number;
          slot: bigint;
          minimum_payment: bigint;
          asked: boolean;
        }[]
      >`
        select s.share_id, s.subscription_id, s.creator_wallet, n.drift_account, a.sub_account_id, s.amount - s.paid as owed,
          s.attempts, s.slot,
          t.minimum_payment,
          s.hastened or d.standing = 'delinquent' or (select ended from subscription_terms u
              where u.subscription_id = s.subscription_id order by from_slot desc limit 1) as asked
        from profit_share s
        join subscription n using (subscriber_id, subscription_id)
        join subscription_terms t on t.subscription_id = s.subscription_id and t.from_slot = s.terms_slot
        join account a on a.address = n.drift_account
        join standing d on d.subscriber_id = s.subscriber_id
        where s.subscriber_id = ${subscriberId} and ${isDue}
        ${byAge}`;
      return rows.map(
        (row): Debt => ({
          shareId: row.share_id,
          subscriptionId: row.subscription_id,
          creatorWallet: row.creator_wallet,
          driftUser: row.drift_account,
          subAccountId: row.sub_account_id,
          owed: row.owed,
          attempts: row.attempts,
          slot: Number(row.slot),
          minimum: row.asked ? 0n : row.minimum_payment,
          asked: row.asked,
        }),
      );
    },
    async subscribersWithWork() {
      const rows = await sql<{ subscriber_id: string }[]>`
        select subscriber_id from payment where state in ('planned', 'signed', 'sent')
        union
        select subscriber_id from profit_share s where ${isDue}`;
      return rows.map((row) => row.subscriber_id);
    },
    async tries(subscriberId, shareIds) {
      if (shareIds.length === 0) return NO_TRIES;
      const [row] = await sql<Tries[]>`
        select coalesce(max(unexpected), 0)::int as unexpected, coalesce(max(failures), 0)::int as failures,
          coalesce(max(expiries), 0)::int as expiries
        from profit_share where subscriber_id = ${subscriberId} and share_id in ${sql([...shareIds])}`;
      return row ?? NO_TRIES;
    },
    async rest(subscriberId, shareIds, trouble, retryInMs, countsAsAttempt) {
      const reason = sql.json(toJson(trouble));
      await sql.begin(async (tx) => {
        const [waiting] =
          trouble.class !== 'venue_paused'
            ? []
            : await tx`select 1 from profit_share where reason ->> 'class' = 'venue_paused' and status = 'pending' limit 1`;
        const rows = await tx<{ share_id: string; left: bigint; news: boolean }[]>`
          update profit_share s set
            status = ${retryInMs === null ? 'failed' : 'pending'}, reason = ${reason},
            retry_at = ${inMs(tx, now, retryInMs)}, attempts = s.attempts + ${countsAsAttempt ? 1 : 0},
            unexpected = s.unexpected + ${trouble.class === 'unexpected' ? 1 : 0}
          from profit_share old
          where s.subscriber_id = ${subscriberId} and s.share_id in ${tx(shareIds)} and s.status = 'pending'
            and old.subscriber_id = s.subscriber_id and old.share_id = s.share_id
          returning s.share_id, s.amount - s.paid as left, old.reason ->> 'code' is distinct from ${trouble.code} as news`;
        // What waits on for the same reason is no news.
        const news = rows.filter((row) => row.news);
        if (news.length === 0 || trouble.class === 'accumulating') return;
        for (const { share_id: share, left } of news)
          await tell(tx, 'share.blocked', subscriberId, {
            share,
            left,
            ...trouble,
            waitsForPerson: retryInMs === null,
          });
        if (trouble.class === 'needs_sol')
          await tell(tx, 'agent.needs_sol', subscriberId, { ...trouble });
        if (trouble.class === 'venue_paused' && waiting === undefined)
          await tell(tx, 'venue.paused', null, { ...trouble });
      });
    },
    async list({ limit, before, ...filter }) {
      const rows = await select(sql`
        where ${conditionsOf(sql).shares(filter)} and (${before ?? null}::text is null or (s.slot, s.share_id) < (select slot, share_id from profit_share where share_id = ${before ?? null}))
        order by s.slot desc, s.share_id desc limit ${limit}`);
      return rows.map(shareOf);
    },
    async open(subscriberId) {
      const rows = await select(sql`
        where s.subscriber_id = ${subscriberId} and s.status in ('pending', 'processing', 'failed')
        ${byAge}`);
      return rows.map(shareOf);
    },
    retry: (id) =>
      sql.begin(async (tx) => {
        await endUnsignedOf(tx, id);
        const [row] = await tx<{ subscriber_id: string }[]>`
          update profit_share set status = 'pending', retry_at = null, hastened = true, unexpected = 0, failures = 0
          where share_id = ${id} and status in ('pending', 'failed') and not observed returning subscriber_id`;
        if (row === undefined) return false;
        await tx`
          update profit_share set held_until = null
          where subscriber_id = ${row.subscriber_id} and held_until is not null`;
        return true;
      }),
    async void(id, voiding, nowMs) {
      const voided = { by: 'operator', ...voiding, at: at(nowMs).toISOString() };
      return sql.begin(async (tx) => {
        await endUnsignedOf(tx, id);
        const [row] = await tx<{ subscriber_id: string; left: bigint }[]>`
          update profit_share set status = 'voided', retry_at = null, voided = ${tx.json(voided)}
          where share_id = ${id} and status in ('pending', 'failed') returning subscriber_id, amount - paid as left`;
        if (row === undefined) return false;
        await tell(tx, 'share.voided', row.subscriber_id, { share: id, left: row.left, ...voided });
        return true;
      });
    },
    async hasten(subscriberId) {
      await sql.begin(async (tx) => {
        const stale = tx`p.subscriber_id = ${subscriberId} and p.planned_at < ${now} - ${UNSIGNED_MOST_MS} * interval '1 millisecond'`;
        await endUnsigned(tx, now, stale, PLANNED_ANEW);
        await tx`
          update profit_share set retry_at = null, reason = null, hastened = true
          where subscriber_id = ${subscriberId} and status = 'pending'`;
      });
    },
    async wake(waiting) {
      if (waiting.length === 0) return [];
      return sql.begin(async (tx) => {
        const rows = await tx<{ subscriber_id: string; class: string }[]>`
        update profit_share s set retry_at = null
        from (select subscriber_id, class
              from jsonb_to_recordset(${tx.json(waiting.map((each) => ({ subscriber_id: each.subscriberId, class: each.class })))})
                as w(subscriber_id text, class text)) w
        where s.subscriber_id = w.subscriber_id and s.reason ->> 'class' = w.class and s.status = 'pending'
          and s.retry_at is not null returning s.subscriber_id, w.class`;
        if (rows.some((row) => row.class === 'venue_paused'))
          await tell(tx, 'venue.resumed', null, { waiting: rows.length });
        return [...new Set(rows.map((row) => row.subscriber_id))];
      });
    },
    async waitingWith(code) {
      const rows = await sql<{ subscriber_id: string; drift_account: Address }[]>`
        select distinct on (s.subscriber_id) s.subscriber_id, n.drift_account
        from profit_share s join subscription n using (subscriber_id, subscription_id)
        where s.status = 'pending' and s.reason ->> 'code' = ${code}`;
      return {
        driftUser: rows[0]?.drift_account ?? null,
        subscribers: rows.map((row) => row.subscriber_id),
      };
    },
    async oldestOpenSlot(subscriberId) {
      const [row] = await sql<{ slot: bigint | null }[]>`
        select min(slot) as slot from profit_share
        where subscriber_id = ${subscriberId} and status in ('pending', 'processing', 'failed')`;
      return Math.max(0, Number(row?.slot ?? 0n) - 1);
    },
    async uncovered(subscriberId) {
      const rows = await sql<{ share_id: string; creator_wallet: Address; uncovered: bigint }[]>`
        select s.share_id, s.creator_wallet, case s.status when 'voided' then s.paid else s.amount end - coalesce((select sum(ps.amount)::bigint
            from payment_share ps join payment p using (subscriber_id, payment_id)
            where ps.subscriber_id = s.subscriber_id and ps.share_id = s.share_id and p.state in ('planned', 'signed', 'sent', 'landed')), 0)
          - coalesce((select sum(c.amount)::bigint from credit_share c
            where c.subscriber_id = s.subscriber_id and c.share_id = s.share_id), 0) as uncovered
        from profit_share s where s.subscriber_id = ${subscriberId}
        ${byAge}`;
      return rows.map((row) => ({
        shareId: row.share_id,
        creatorWallet: row.creator_wallet,
        uncovered: row.uncovered,
      }));
    },
    async freeOrphans() {
      const rows = await sql`
        update profit_share s set status = 'pending', retry_at = null
        where s.status = 'processing' and not exists (
          select 1 from payment_share ps join payment p using (subscriber_id, payment_id)
          where ps.subscriber_id = s.subscriber_id and ps.share_id = s.share_id and p.state in ('planned', 'signed', 'sent'))
        returning 1`;
      return rows.length;
    },
    lapse: () =>
      sql.begin(async (tx) => {
        const rows = await tx<{ share_id: string; subscriber_id: string; left: bigint }[]>`
        update profit_share s set status = 'voided', retry_at = null,
          voided = jsonb_build_object('by', 'terms', 'reason', 'lapsed', 'afterMs', t.expires_after_ms,
            'at', to_char(${now} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
        from subscription_terms t
        where s.status in ('pending', 'failed') and t.subscription_id = s.subscription_id and t.expires_after_ms is not null
          and t.from_slot = s.terms_slot
          and s.accrued_at + t.expires_after_ms * interval '1 millisecond' <= ${now}
        returning s.share_id, s.subscriber_id, s.amount - s.paid as left`;
        const lapsed = rows.map((row) => ({
          shareId: row.share_id,
          subscriberId: row.subscriber_id,
          left: row.left,
        }));
        for (const { shareId: share, subscriberId, left } of lapsed)
          await tell(tx, 'share.voided', subscriberId, {
            share,
            left,
            by: 'terms',
            reason: 'lapsed',
          });
        return lapsed;
      }),
    async find(id) {
      const [row] = await select(sql`where s.share_id = ${id}`);
      return row === undefined ? null : shareOf(row);
    },
  };
}
