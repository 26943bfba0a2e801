// Payments: stores payments. Each function is one conditional transition of core/payment.ts;
// payment-steps.ts has those of a payment that goes well. False means that the payment was not in
// the state from which the transition starts, because another daemon was faster; nothing was
// changed then.

import type { Payment, PaymentState } from '../core/payment.ts';
import type { Payments } from '../core/payment-ports.ts';
import type { Trouble } from '../core/trouble.ts';
import { DEFAULT_VENUE } from '../core/venue-name.ts';
import { type Fragment, plannedEach, type Sql, toJson } from './database.ts';
import { createFoundPayments } from './found-payments.ts';
import { askedIds, readTogether } from './groups.ts';
import { conditionsOf } from './lists.ts';
import {
  type CoverJson,
  type ListedRow,
  listedOf,
  type PaymentRow,
  paymentOf,
  type RecipientJson,
  recipientsIn,
  type VariantJson,
} from './payment-rows.ts';
import { createPaymentSteps } from './payment-steps.ts';
import { createPaymentVariants, executedVariant, holdsBytes } from './payment-variants.ts';
import { applyToShares } from './share-changes.ts';
import { type End, endUnpaid } from './unpaid.ts';

/** Creates the store of payments. `now` is the database's clock, unless a test passes another. */
export function createPayments(sql: Sql, now: Fragment = sql`now()`): Payments {
  const listed = plannedEach(sql);
  /** Ends a payment that did not pay. False when it is not in the state `from`. */
  const end = (
    paymentId: string,
    from: PaymentState,
    change: Fragment,
    how: End,
    condition: Fragment = sql`true`,
  ): Promise<boolean> =>
    sql.begin(async (tx) => {
      const where = tx`p.payment_id = ${paymentId} and ${condition}`;
      return (await endUnpaid(tx, now, { from, where, change }, how)) > 0;
    });
  /** Records on a live payment and on its debts what holds it up; null: nothing does. */
  const note = (
    paymentId: string,
    condition: Fragment,
    trouble: Trouble | null,
  ): Promise<boolean> =>
    sql.begin(async (tx) => {
      const reason = trouble && tx.json(toJson(trouble));
      const rows = await tx`
        update payment set trouble = ${reason} where payment_id = ${paymentId} and ${condition} returning 1`;
      if (rows.length === 0) return false;
      const join = tx`join payment_share ps using (subscriber_id, share_id)`;
      const where = tx`ps.payment_id = ${paymentId}`;
      await applyToShares(tx, { now, join, where }, () => ({ do: 'wait', trouble }));
      return true;
    });
  return {
    live: readTogether<string, Payment | null>(async (ids) => {
      const rows = await sql<
        (PaymentRow & {
          covers: CoverJson[];
          variants: VariantJson[];
          recipients: RecipientJson[];
        })[]
      >`
          select p.*, k.symbol, k.decimals, coalesce(a.venue, ${DEFAULT_VENUE}) as venue, ${recipientsIn(sql)} as recipients,
            case when p.nonce_account is null then '[]' else
              (select coalesce(jsonb_agg(jsonb_build_object('purpose', v.purpose, 'signature', v.signature,
                 'bytes', encode(v.bytes, 'base64'), 'price', v.micro_lamports::text, 'at', v.signed_at,
                 'user', v.drift_user, 'sub', v.sub_account_id, 'withdraw', v.withdraw::text, 'settle', v.settle_markets,
                 'passing', v.create_agent_account) order by v.number), '[]')
               from payment_variant v where (v.subscriber_id, v.payment_id) = (p.subscriber_id, p.payment_id)) end as variants,
            (select coalesce(jsonb_agg(jsonb_build_object('share', ps.share_id, 'amount', ps.amount::text, 'attempts', s.attempts)), '[]')
              from payment_share ps join profit_share s using (subscriber_id, share_id)
              where ps.subscriber_id = p.subscriber_id and ps.payment_id = p.payment_id) as covers
          from ${askedIds(sql, ids)} cross join lateral (
              select * from payment where subscriber_id = asked.id and state in ('planned', 'signed', 'sent') offset 0) p
            join token k using (mint) left join account a on a.address = p.drift_user`;
      const found = new Map(rows.map((row) => [row.subscriber_id, row]));
      return ids.map((id) => {
        const row = found.get(id);
        return row === undefined ? null : paymentOf(row, row.covers, row.variants);
      });
    }),
    ...createPaymentSteps(sql, now),
    ...createPaymentVariants(sql, now),
    waits: (paymentId, trouble) => note(paymentId, sql`state = 'planned'`, trouble),
    hindered: (paymentId, trouble) => note(paymentId, sql`state in ('signed', 'sent')`, trouble),
    refused: (paymentId, trouble, retryInMs, countsAsAttempt) => {
      const change = sql`state = 'failed', trouble = ${sql.json(toJson(trouble))}`;
      return end(paymentId, 'planned', change, {
        trouble,
        retryInMs,
        countsAsAttempt,
        how: 'refused',
      });
    },
    failed: (paymentId, slot, trouble, retryInMs, countsAsAttempt, signature) => {
      const change = sql`state = 'failed', trouble = ${sql.json(toJson(trouble))}, executed_slot = ${slot}
        , ${executedVariant(sql, sql`${signature}`)}`;
      const ended = { trouble, retryInMs, countsAsAttempt, how: 'failed_on_chain' } as const;
      const isOwn = holdsBytes(sql, sql`${signature}`);
      return end(paymentId, 'sent', change, { ...ended, by: signature }, isOwn);
    },
    overtaken: (paymentId, by, trouble, retryInMs) => {
      const change = sql`state = 'dead', trouble = null, evidence = ${sql.json({ moved: by })}`;
      const ended = { trouble, retryInMs, countsAsAttempt: true, how: 'expired' } as const;
      const how: End = { ...ended, by: by.signature };
      const isOther = sql`not exists (
        select 1 from payment_variant v where (v.subscriber_id, v.payment_id) = (p.subscriber_id, p.payment_id)
          and v.signature = ${by.signature} and (v.purpose = 'payment' or not ${by.own}))`;
      return end(paymentId, 'sent', change, how, isOther);
    },
    dead: (paymentId, signature, evidence, trouble, retryInMs) => {
      const change = sql`state = 'dead', trouble = null, evidence = ${sql.json(toJson({ rounds: evidence }))}`;
      const how: End = { trouble, retryInMs, countsAsAttempt: true, how: 'expired' };
      return end(paymentId, 'sent', change, how, sql`p.signature = ${signature}`);
    },
    async list({ limit, before, ...filter }) {
      const rows = await listed<ListedRow[]>`
        select p.*, k.symbol, k.decimals, ${recipientsIn(sql)} as recipients from payment p join token k using (mint)
        where ${conditionsOf(sql).payments(filter)} and (${before ?? null}::text is null or (planned_at, payment_id) <
            (select planned_at, payment_id from payment where payment_id = ${before ?? null}))
        order by planned_at desc, payment_id desc limit ${limit}`;
      return rows.map(listedOf);
    },
    async find(id) {
      const [row] = await sql<ListedRow[]>`
        select p.*, k.symbol, k.decimals, ${recipientsIn(sql)} as recipients from payment p join token k using (mint) where payment_id = ${id}`;
      return row === undefined ? null : listedOf(row);
    },
    async bySignature(signature) {
      const [row] = await sql<ListedRow[]>`
        select p.*, k.symbol, k.decimals, ${recipientsIn(sql)} as recipients from payment p join token k using (mint)
        where p.payment_id in (
          select payment_id from payment where signature = ${signature}
          union all select payment_id from payment_variant where signature = ${signature} and purpose = 'payment')
        order by p.signature = ${signature} desc limit 1`;
      return row === undefined ? null : listedOf(row);
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
          and (excess = 0 or accepted is not null)
        union all
        select v.signature from payment_variant v join payment p using (subscriber_id, payment_id)
        where v.signature in ${sql([...signatures])} and v.purpose = 'payment' and p.state = 'sent'`;
      const known = new Set(rows.map((row) => row.signature));
      return signatures.filter((each) => !known.has(each));
    },
    ...createFoundPayments(sql, now),
  };
}
