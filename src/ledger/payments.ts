// Payments: stores payments. Each function is one conditional transition of core/payment.ts. False
// means that the payment was not in the state from which the transition starts, because another
// daemon was faster; nothing was changed then.

import type { Payments } from '../core/debt-ports.ts';
import { createGatherer, upTo } from '../core/gather.ts';
import type { Payment, PaymentState } from '../core/payment.ts';
import { DEFAULT_VENUE } from '../core/venue.ts';
import {
  at,
  type Fragment,
  isOfOne,
  type Sql,
  type Transaction,
  toJson,
  violates,
} from './database.ts';
import { identityOf } from './database-state.ts';
import { discharge } from './discharge.ts';
import { createFoundPayments } from './found-payments.ts';
import { among } from './groups.ts';
import { conditionsOf } from './lists.ts';
import { tell } from './outbox.ts';
import {
  type CoverJson,
  cover,
  type LandedRow,
  type PaymentRow,
  paymentOf,
  type RecordRow,
  recordOf,
} from './payment-rows.ts';
import { applyToShares } from './share-changes.ts';
import { type End, endUnpaid } from './unpaid.ts';

class NotClaimed extends Error {}

/** Live payments of at most so many subscribers are read in one query. */
const READ_TOGETHER = 64;

/** Creates the store of payments. `now` is the database's clock, unless a test passes another. */
export function createPayments(sql: Sql, now: Fragment = sql`now()`): Payments {
  /** Ends a payment that did not pay. False when it is not in the state `from`. */
  const end = (
    paymentId: string,
    from: PaymentState,
    change: Fragment,
    how: End,
  ): Promise<boolean> =>
    sql.begin(async (tx) => {
      const where = tx`p.payment_id = ${paymentId}`;
      return (await endUnpaid(tx, now, { from, where, change }, how)) > 0;
    });
  /**
   * Claims every debt that a payment covers. Throws `NotClaimed` when one of them cannot be claimed
   * any more.
   */
  const claim = async (tx: Transaction, { id, subscriberId, plan }: Payment): Promise<void> => {
    const amounts = new Map(plan.covers.map((each) => [each.shareId, each.amount]));
    const where = tx`s.subscriber_id = ${subscriberId} and s.share_id in ${tx([...amounts.keys()])}`;
    const claimed = await applyToShares(tx, { now, where }, ({ share }) => ({
      do: 'claim',
      amount: amounts.get(share.id) ?? 0n,
    }));
    if (claimed.length < amounts.size) throw new NotClaimed();
    await cover(tx, subscriberId, id, plan.covers);
  };
  return {
    live: createGatherer<string, Payment | null>(
      async (ids) => {
        const rows = await sql<(PaymentRow & { covers: CoverJson[] })[]>`
          select p.*, k.symbol, k.decimals, coalesce(a.venue, ${DEFAULT_VENUE}) as venue,
            (select coalesce(jsonb_agg(jsonb_build_object('share', ps.share_id, 'amount', ps.amount::text, 'attempts', s.attempts)), '[]')
              from payment_share ps join profit_share s using (subscriber_id, share_id)
              where ps.subscriber_id = p.subscriber_id and ps.payment_id = p.payment_id) as covers
          from payment p join token k using (mint) left join account a on a.address = p.drift_user
          where p.subscriber_id in ${among(sql, ids)} and p.state in ('planned', 'signed', 'sent')`;
        const found = new Map(rows.map((row) => [row.subscriber_id, row]));
        return ids.map((id) => {
          const row = found.get(id);
          return row === undefined ? null : paymentOf(row, row.covers);
        });
      },
      { count: upTo(READ_TOGETHER), atOnce: 2, apart: isOfOne },
    ),
    async open(payment) {
      const { plan } = payment;
      try {
        await sql.begin(async (tx) => {
          await tx`
            insert into payment (payment_id, purpose, subscriber_id, subscription_id, creator_wallet, drift_user, sub_account_id, mint,
              amount, withdraw, settle_markets, fee_payer, reimburse, create_agent_account, create_creator_account, planned_at)
            values (${payment.id}, ${payment.purpose}, ${payment.subscriberId}, ${payment.subscriptionId}, ${payment.creatorWallet},
              ${payment.driftUser}, ${payment.subAccountId}, ${payment.token.mint}, ${plan.amount}, ${plan.withdraw}, ${tx.json([...plan.settleMarkets])},
              ${plan.feePayer}, ${plan.reimburse}, ${plan.createAgentAccount}, ${plan.createCreatorAccount}, ${now})`;
          if (plan.covers.length > 0) await claim(tx, payment);
        });
        return true;
      } catch (thrown) {
        if (thrown instanceof NotClaimed || violates(thrown, 'payment_one_live')) return false;
        throw thrown;
      }
    },
    async signed(paymentId, signed, under = null) {
      const rows = await sql`
        with done as (
          update payment set state = 'signed', signature = ${signed.signature}, bytes = ${Buffer.from(signed.bytes)},
            last_valid_block_height = ${signed.lastValidBlockHeight}, blockhash_slot = ${signed.blockhashSlot}, trouble = null
          where payment_id = ${paymentId} and state = 'planned'
            ${under === null ? sql`` : sql`and ${identityOf(sql)} = ${under}`} returning subscriber_id, payment_id),
        cleared as (
          update profit_share s set reason = null from payment_share ps join done using (subscriber_id, payment_id)
          where s.subscriber_id = ps.subscriber_id and s.share_id = ps.share_id and s.reason is not null returning 1)
        select 1 from done`;
      return rows.length > 0;
    },
    waits: (paymentId, trouble) =>
      sql.begin(async (tx) => {
        const reason = tx.json(toJson(trouble));
        const rows = await tx`
          update payment set trouble = ${reason} where payment_id = ${paymentId} and state = 'planned' returning 1`;
        await tx`
          update profit_share s set reason = ${reason} from payment_share ps
          where ${rows.length > 0} and ps.payment_id = ${paymentId} and s.subscriber_id = ps.subscriber_id
            and s.share_id = ps.share_id and s.status = 'processing'`;
        return rows.length > 0;
      }),
    async sent(paymentId, nowMs) {
      const rows = await sql`
        update payment set state = 'sent', sent_at = ${at(nowMs)}
        where payment_id = ${paymentId} and state = 'signed' returning 1`;
      return rows.length > 0;
    },
    landed: (paymentId, slot) =>
      sql.begin(async (tx) => {
        const [row] = await tx<LandedRow[]>`
          update payment set state = 'landed', executed_slot = ${slot}, ended_at = now()
          where payment_id = ${paymentId} and state = 'sent'
          returning payment_id, subscriber_id, creator_wallet, mint, amount, signature, purpose,
            (select symbol from token k where k.mint = payment.mint) as symbol`;
        if (row === undefined) return false;
        const { subscriber_id, creator_wallet: creatorWallet, signature, purpose } = row;
        const { mint, symbol, amount } = row;
        const told = { payment: paymentId, creatorWallet, signature, slot };
        await tell(tx, 'payment.landed', subscriber_id, {
          ...{ ...told, purpose },
          ...{ mint, symbol, amount },
        });
        await discharge(tx, now, told, 'land');
        return true;
      }),
    refused: (paymentId, trouble, retryInMs, countsAsAttempt) => {
      const change = sql`state = 'failed', trouble = ${sql.json(toJson(trouble))}`;
      return end(paymentId, 'planned', change, {
        trouble,
        retryInMs,
        countsAsAttempt,
        how: 'refused',
      });
    },
    failed: (paymentId, slot, trouble, retryInMs, countsAsAttempt) => {
      const change = sql`state = 'failed', trouble = ${sql.json(toJson(trouble))}, executed_slot = ${slot}`;
      return end(paymentId, 'sent', change, {
        trouble,
        retryInMs,
        countsAsAttempt,
        how: 'failed_on_chain',
      });
    },
    dead: (paymentId, evidence, trouble, retryInMs) => {
      const change = sql`state = 'dead', evidence = ${sql.json(toJson({ rounds: evidence }))}`;
      const how: End = { trouble, retryInMs, countsAsAttempt: true, how: 'expired' };
      return end(paymentId, 'sent', change, how);
    },
    async list({ limit, before, ...filter }) {
      const rows = await sql<RecordRow[]>`
        select payment.*, k.symbol, k.decimals from payment join token k using (mint)
        where ${conditionsOf(sql).payments(filter)} and (${before ?? null}::text is null or (planned_at, payment_id) <
            (select planned_at, payment_id from payment where payment_id = ${before ?? null}))
        order by planned_at desc, payment_id desc limit ${limit}`;
      return rows.map(recordOf);
    },
    async find(id) {
      const [row] = await sql<RecordRow[]>`
        select p.*, k.symbol, k.decimals from payment p join token k using (mint) where payment_id = ${id}`;
      return row === undefined ? null : recordOf(row);
    },
    async bySignature(signature) {
      const [row] = await sql<RecordRow[]>`
        select p.*, k.symbol, k.decimals from payment p join token k using (mint) where signature = ${signature}`;
      return row === undefined ? null : recordOf(row);
    },
    async toppedUpWithin(subscriberId, ms) {
      const rows = await sql`
        select 1 from payment
        where subscriber_id = ${subscriberId} and purpose = 'top_up'
          and planned_at > ${now} - ${ms} * interval '1 millisecond' limit 1`;
      return rows.length > 0;
    },
    async unknown(signatures) {
      if (signatures.length === 0) return [];
      const rows = await sql<{ signature: string }[]>`
        select signature from payment
        where signature in ${sql([...signatures])} and state in ('signed', 'sent', 'landed')
          and (excess = 0 or accepted is not null)`;
      const known = new Set(rows.map((row) => row.signature));
      return signatures.filter((each) => !known.has(each));
    },
    async overpaidBy(paymentId) {
      const [row] = await sql<{ overpaid: bigint }[]>`
        select coalesce(sum(s.overpaid), 0)::bigint as overpaid
        from payment_share ps join profit_share s using (subscriber_id, share_id) where ps.payment_id = ${paymentId}`;
      return row?.overpaid ?? 0n;
    },
    ...createFoundPayments(sql, now),
  };
}
