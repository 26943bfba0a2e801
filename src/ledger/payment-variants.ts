// Payment variants: stores the transactions that were signed for a payment under a nonce after its
// first one, which payment-steps.ts stores. All are signed under one value of the nonce, so that at
// most one is executed.
import type { Payments } from '../core/payment-ports.ts';
import { type Fragment, type Sql, type Transaction, toJson } from './database.ts';
import { identityOf } from './database-state.ts';

/**
 * The change by which `payment p` takes over the bytes and the route of its variant with this
 * signature, which was executed. Without such a variant the payment keeps its own. A payment
 * without a signature, because the ledger lost its signing, gets this one.
 */
export const executedVariant = (sql: Sql | Transaction, signature: Fragment): Fragment => sql`
  (signature, bytes, drift_user, sub_account_id, withdraw, settle_markets, create_agent_account) = (
    select coalesce(v.signature, p.signature, ${signature}), coalesce(v.bytes, p.bytes), coalesce(v.drift_user, p.drift_user),
      coalesce(v.sub_account_id, p.sub_account_id), coalesce(v.withdraw, p.withdraw),
      coalesce(v.settle_markets, p.settle_markets), coalesce(v.create_agent_account, p.create_agent_account)
    from (select 1) one left join payment_variant v
      on (v.subscriber_id, v.payment_id) = (p.subscriber_id, p.payment_id) and v.signature = ${signature})`;

/** Whether `payment p` holds the bytes with this signature, as its own or as those of a variant. */
export const holdsBytes = (sql: Sql | Transaction, signature: Fragment): Fragment => sql`
  (p.signature = ${signature} or p.nonce_value is not null and exists (
    select 1 from payment_variant v
    where (v.subscriber_id, v.payment_id) = (p.subscriber_id, p.payment_id) and v.signature = ${signature}))`;

/** Creates the part of the store of payments that keeps variants. */
export const createPaymentVariants = (
  sql: Sql,
  now: Fragment,
): Pick<Payments, 'varied' | 'cancel'> => ({
  async varied(paymentId, { purpose, bytes, route }, after, under = null) {
    // The lock on the payment orders two daemons that sign a variant at the same time.
    const rows = await sql`
      with held as (
        select p.subscriber_id, p.payment_id from payment p
        where p.payment_id = ${paymentId} and p.state = 'sent' and p.nonce_value is not null
          ${under === null ? sql`` : sql`and ${identityOf(sql)} = ${under}`} for update)
      insert into payment_variant (subscriber_id, payment_id, number, purpose, signature, bytes, micro_lamports, signed_at,
        drift_user, sub_account_id, withdraw, settle_markets, create_agent_account)
      select subscriber_id, payment_id, ${after + 1}, ${purpose}, ${bytes.signature}, ${Buffer.from(bytes.bytes)},
        ${bytes.microLamports ?? 0n}, ${now}, ${route?.driftUser ?? null}, ${route?.subAccountId ?? null},
        ${route?.withdraw ?? null}, ${route === null ? null : sql.json(route.settleMarkets)}, ${route?.createAgentAccount ?? null} from held
      where (select count(*) from payment_variant v where (v.subscriber_id, v.payment_id) = (held.subscriber_id, held.payment_id)) = ${after}
        and not exists (select 1 from payment_variant v where (v.subscriber_id, v.payment_id) = (held.subscriber_id, held.payment_id) and v.purpose = 'cancel')
      on conflict do nothing returning 1`;
    return rows.length > 0;
  },
  async cancel(paymentId, request) {
    const asked = sql.json(toJson(request));
    const rows = await sql`
      update payment set cancel_asked = true, cancel_for = case
        when exists (select 1 from jsonb_array_elements(cancel_for) f where f -> 'shareId' = ${asked}::jsonb -> 'shareId')
          then cancel_for else cancel_for || ${asked}::jsonb end
      where payment_id = ${paymentId} and state in ('signed', 'sent') and nonce_value is not null returning 1`;
    return rows.length > 0;
  },
});
