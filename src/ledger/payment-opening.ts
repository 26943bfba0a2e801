// Payment opening: writes planned payments with their recipients, and claims the debts that they
// cover.
import { mayPayUnder } from '../core/nonce-account.ts';
import type { Payment } from '../core/payment.ts';
import { paidTo } from '../core/payment-recipients.ts';
import { type Fragment, type Transaction, toJson } from './database.ts';
import { among, array } from './groups.ts';
import { lockNonces } from './nonces.ts';
import { cover } from './payment-rows.ts';
import { applyToShares } from './share-changes.ts';

/** Thrown when a debt that a payment covers cannot be claimed any more. Nothing is written then. */
export class NotClaimed extends Error {}

/** The payments whose nonce, where they have one, is open with the value under which they stand. */
async function underOpenNonces(
  tx: Transaction,
  payments: readonly Payment[],
): Promise<readonly Payment[]> {
  const guarded = payments.filter(({ nonce }) => nonce);
  if (guarded.length === 0) return payments;
  const held = await lockNonces(
    tx,
    guarded.map(({ subscriberId }) => subscriberId),
  );
  return payments.filter(
    ({ subscriberId, nonce }) => !nonce || mayPayUnder(held.get(subscriberId) ?? null, nonce),
  );
}

/** Inserts the payments of subscribers who have no live payment. Returns the inserted ones. */
async function insert(
  tx: Transaction,
  payments: readonly Payment[],
  now: Fragment,
): Promise<Payment[]> {
  const rows = payments.map(({ plan, ...payment }) => ({
    payment_id: payment.id,
    purpose: payment.purpose,
    subscriber_id: payment.subscriberId,
    subscription_id: payment.subscriptionId,
    creator_wallet: payment.creatorWallet,
    drift_user: payment.driftUser,
    sub_account_id: payment.subAccountId,
    mint: payment.token.mint,
    amount: plan.amount,
    withdraw: plan.withdraw,
    settle_markets: plan.settleMarkets,
    fee_payer: plan.feePayer,
    reimburse: plan.reimburse,
    tip: plan.tip?.lamports ?? null,
    tip_account: plan.tip?.account ?? null,
    create_agent_account: plan.createAgentAccount,
    nonce_account: payment.nonce?.account ?? null,
    nonce_value: payment.nonce?.value ?? null,
    nonce_slot: payment.nonce?.slot ?? null,
  }));
  const recipients = payments
    .filter(({ purpose }) => purpose === 'share')
    .flatMap((payment) =>
      paidTo(payment).map(({ wallet, amount, createAccount }, nth) => ({
        payment_id: payment.id,
        creator_wallet: wallet,
        nth,
        amount,
        create_account: createAccount,
      })),
    );
  // All daemons write in the same order, so that two of them cannot deadlock.
  const opened = await tx<{ payment_id: string }[]>`
    with opened as (insert into payment (payment_id, purpose, subscriber_id, subscription_id, creator_wallet, drift_user, sub_account_id, mint,
      amount, withdraw, settle_markets, fee_payer, reimburse, tip, tip_account, create_agent_account,
      nonce_account, nonce_value, nonce_slot, planned_at)
    select payment_id, purpose, subscriber_id, subscription_id, creator_wallet, drift_user, sub_account_id, mint,
      amount, withdraw, settle_markets, fee_payer, reimburse, tip, tip_account, create_agent_account,
      nonce_account, nonce_value, nonce_slot, ${now}
    from jsonb_to_recordset(${tx.json(toJson(rows))}) as p(payment_id text, purpose text, subscriber_id text, subscription_id text,
      creator_wallet text, drift_user text, sub_account_id int, mint text, amount bigint, withdraw bigint, settle_markets jsonb,
      fee_payer text, reimburse bigint, tip bigint, tip_account text, create_agent_account boolean,
      nonce_account text, nonce_value text, nonce_slot bigint)
    order by subscriber_id
    on conflict (subscriber_id) where state in ('planned', 'signed', 'sent') do nothing returning subscriber_id, payment_id),
    paid as (insert into payment_recipient (subscriber_id, payment_id, creator_wallet, nth, amount, create_account)
      select o.subscriber_id, o.payment_id, r.creator_wallet, r.nth, r.amount, r.create_account
      from jsonb_to_recordset(${tx.json(toJson(recipients))}) as r(payment_id text, creator_wallet text, nth int, amount bigint, create_account boolean)
      join opened o using (payment_id))
    select payment_id from opened`;
  const ids = new Set(opened.map((row) => row.payment_id));
  return payments.filter(({ id }) => ids.has(id));
}

/**
 * Claims every debt that the payments cover. Throws `NotClaimed` when one of them cannot be claimed
 * any more.
 */
async function claim(tx: Transaction, payments: readonly Payment[], now: Fragment): Promise<void> {
  const covers = payments.flatMap(({ id, subscriberId, plan }) =>
    plan.covers.map((each) => ({ ...each, id, subscriberId })),
  );
  if (covers.length === 0) return;
  const covered = new Map(covers.map((each) => [each.shareId, each]));
  const where = tx`s.subscriber_id = ${among(tx, [...new Set(covers.map((each) => each.subscriberId))])}
    and s.share_id = any(${array(tx, [...covered.keys()])})`;
  const claimed = await applyToShares(tx, { now, where }, ({ share }) => {
    const by = covered.get(share.id);
    return by?.subscriberId === share.subscriberId ? { do: 'claim', amount: by.amount } : null;
  });
  if (claimed.length < covers.length) throw new NotClaimed();
  await cover(tx, covers);
}

/**
 * Opens payments of different subscribers in this transaction. Returns those that were opened: a
 * payment is not opened while its subscriber has a live payment, or when its nonce has moved.
 * Throws `NotClaimed`.
 */
export async function openPayments(
  tx: Transaction,
  payments: readonly Payment[],
  now: Fragment,
): Promise<readonly Payment[]> {
  const opened = await insert(tx, await underOpenNonces(tx, payments), now);
  await claim(tx, opened, now);
  return opened;
}
