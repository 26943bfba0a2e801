// Payment rows: the columns of a payment, and the `Payment` that the core gets from them.

import type { Cover } from '../core/debt.ts';
import type { Address, Signature } from '../core/ids.ts';
import type { Accepted, ListedPayment } from '../core/listed-payment.ts';
import type { CancelRequest, Variant } from '../core/nonce.ts';
import type { PaidTo, Payment, PaymentPlan, PaymentState } from '../core/payment.ts';
import { byRoute } from '../core/payment-route.ts';
import type { SenderTip } from '../core/sender-tip.ts';
import type { Trouble } from '../core/trouble.ts';
import type { VenueName } from '../core/venue-name.ts';
import { type Fragment, type Sql, type Transaction, toJson } from './database.ts';
import { tokenIn } from './tokens.ts';

export type PaymentRow = {
  payment_id: string;
  purpose: Payment['purpose'];
  subscriber_id: string;
  subscription_id: string;
  creator_wallet: Address;
  drift_user: Address;
  sub_account_id: number;
  venue: VenueName;
  mint: Address;
  symbol: string;
  decimals: number;
  amount: bigint;
  withdraw: bigint;
  settle_markets: number[];
  fee_payer: PaymentPlan['feePayer'];
  reimburse: bigint;
  tip: bigint | null;
  tip_account: Address | null;
  create_agent_account: boolean;
  state: PaymentState;
  signature: Signature | null;
  bytes: Uint8Array | null;
  last_valid_block_height: bigint | null;
  blockhash_slot: bigint | null;
  nonce_account: Address | null;
  nonce_value: string | null;
  nonce_slot: bigint | null;
  cancel_asked: boolean;
  cancel_for: CancelRequest[];
};

/**
 * A variant of a payment under a nonce, as jsonb. Its bytes are in base64. A variant without a
 * route of its own has the route of the payment's row.
 */
export type VariantJson = {
  readonly purpose: Variant['purpose'];
  readonly signature: Signature;
  readonly bytes: string;
  readonly price: string;
  readonly at: string;
  readonly user: Address | null;
  readonly sub: number;
  readonly withdraw: string;
  readonly settle: readonly number[];
  readonly passing: boolean;
};

/** A debt that a payment covers, as jsonb. */
export type CoverJson = {
  readonly share: string;
  readonly amount: string;
  readonly attempts: number;
};

const variantOf = ({ purpose, signature, price, at }: VariantJson): Variant => ({
  purpose,
  signature,
  microLamports: BigInt(price),
  signedAtMs: Date.parse(at),
});

const tipOf = ({ tip, tip_account }: PaymentRow): SenderTip | null =>
  tip === null || tip_account === null ? null : { lamports: tip, account: tip_account };

/** The nonce and the variants of a row; nothing for a payment under a blockhash. */
function guardOf(row: PaymentRow, variants: readonly VariantJson[]): Partial<Payment> {
  if (row.nonce_account === null || row.nonce_value === null) return {};
  return {
    nonce: { account: row.nonce_account, value: row.nonce_value, slot: Number(row.nonce_slot) },
    variants: variants.map(variantOf),
    cancelAsked: row.cancel_asked,
    cancelFor: row.cancel_for,
  };
}

/** A recipient of a payment, as jsonb; `covered` is the part that debts to it explain. */
export type RecipientJson = {
  readonly wallet: Address;
  readonly amount: string;
  readonly create: boolean;
  readonly covered: string;
};

/**
 * The recipients of `payment p` in their order, as jsonb. The part that debts explain is looked up
 * only where the payment has an excess.
 */
export const recipientsIn = (sql: Sql | Transaction): Fragment => sql`
  (select coalesce(jsonb_agg(jsonb_build_object('wallet', r.creator_wallet, 'amount', r.amount::text, 'create', r.create_account,
      'covered', case when p.excess = 0 then r.amount else coalesce((select sum(c.amount) from payment_share c
        join profit_share d using (subscriber_id, share_id) where c.subscriber_id = r.subscriber_id and c.payment_id = r.payment_id
          and d.creator_wallet = r.creator_wallet), 0) end::text) order by r.nth), '[]')
    from payment_recipient r where r.subscriber_id = p.subscriber_id and r.payment_id = p.payment_id)`;

/** The recipients of a payment as events tell them. */
export const toldRecipients = (rows: readonly RecipientJson[]) =>
  rows.map(({ wallet, amount }) => ({ wallet, amount: BigInt(amount) }));

/** The part of each recipient that no debt explains. */
export const restsIn = (rows: readonly RecipientJson[]) =>
  rows.map(({ wallet, amount, covered }) => ({
    wallet,
    amount: BigInt(amount) - BigInt(covered),
  }));

const paidToOf = (rows: readonly RecipientJson[]): PaidTo[] =>
  rows.map(({ wallet, amount, create }) => ({
    wallet,
    amount: BigInt(amount),
    createAccount: create,
  }));

/** The payment of a row, with the debts that it covers and its variants. */
export function paymentOf(
  row: PaymentRow & { readonly recipients: readonly RecipientJson[] },
  covered: readonly CoverJson[],
  variants: readonly VariantJson[],
): Payment {
  const isSigned = row.signature !== null && row.bytes !== null;
  const newest = variants.at(-1);
  const tip = tipOf(row);
  const route = variants.findLast(({ user }) => user !== null);
  const payment: Payment = {
    ...guardOf(row, variants),
    id: row.payment_id,
    purpose: row.purpose,
    subscriberId: row.subscriber_id,
    subscriptionId: row.subscription_id,
    creatorWallet: row.creator_wallet,
    driftUser: row.drift_user,
    subAccountId: row.sub_account_id,
    venue: row.venue,
    token: tokenIn(row),
    attempts: Math.max(0, ...covered.map((each) => each.attempts)),
    state: row.state,
    plan: {
      amount: row.amount,
      withdraw: row.withdraw,
      settleMarkets: row.settle_markets,
      feePayer: row.fee_payer,
      reimburse: row.reimburse,
      createAgentAccount: row.create_agent_account,
      createCreatorAccount: row.recipients[0]?.create === true,
      ...(row.recipients.length > 1 ? { recipients: paidToOf(row.recipients) } : {}),
      ...(tip === null ? {} : { tip }),
      covers: covered.map(({ share, amount }) => ({ shareId: share, amount: BigInt(amount) })),
    },
    signed: isSigned
      ? {
          signature: newest?.signature ?? (row.signature as Signature),
          bytes:
            newest === undefined
              ? (row.bytes as Uint8Array)
              : new Uint8Array(Buffer.from(newest.bytes, 'base64')),
          lastValidBlockHeight: Number(row.last_valid_block_height),
          blockhashSlot: Number(row.blockhash_slot),
        }
      : null,
  };
  if (route === undefined || route.user === null) return payment;
  return byRoute(payment, {
    driftUser: route.user,
    subAccountId: route.sub,
    withdraw: BigInt(route.withdraw),
    settleMarkets: route.settle,
    createAgentAccount: route.passing,
  });
}

export type LandedRow = Pick<
  PaymentRow,
  | ('payment_id' | 'subscriber_id' | 'creator_wallet' | 'mint' | 'symbol')
  | ('amount' | 'signature' | 'purpose')
> & { readonly recipients: readonly RecipientJson[] };
export type ListedRow = PaymentRow & {
  executed_slot: bigint | null;
  trouble: Trouble | null;
  excess: bigint;
  maybe_lost: boolean;
  accepted: (Omit<Accepted, 'atMs'> & { readonly at: string }) | null;
  planned_at: Date;
  ended_at: Date | null;
  recipients: readonly RecipientJson[];
};

/** The record of a payment, as lists show it. */
export const listedOf = (row: ListedRow): ListedPayment => ({
  id: row.payment_id,
  purpose: row.purpose,
  subscriberId: row.subscriber_id,
  creatorWallet: row.creator_wallet,
  token: tokenIn(row),
  amount: row.amount,
  recipients: row.recipients.map(({ wallet, amount, covered }) => ({
    wallet,
    amount: BigInt(amount),
    excess: BigInt(amount) - BigInt(covered),
  })),
  withdrawn: row.withdraw,
  feePayer: row.fee_payer,
  tip: tipOf(row),
  state: row.state,
  guard: row.nonce_account === null ? 'blockhash' : 'nonce',
  cancelAsked: row.cancel_asked,
  signature: row.signature,
  slot: row.executed_slot === null ? null : Number(row.executed_slot),
  trouble: row.trouble,
  excess: row.excess,
  maybeLost: row.maybe_lost,
  accepted: row.accepted && {
    reason: row.accepted.reason,
    actor: row.accepted.actor,
    person: row.accepted.person,
    atMs: Date.parse(row.accepted.at),
  },
  plannedAtMs: row.planned_at.getTime(),
  endedAtMs: row.ended_at?.getTime() ?? null,
});

/** A debt that a payment covers, with the payment's id and its subscriber. */
export type CoverOf = Cover & { readonly id: string; readonly subscriberId: string };

/**
 * Stores which debts payments cover, and how much of each; adds to what they cover already.
 */
export async function cover(tx: Transaction, covers: readonly CoverOf[]): Promise<void> {
  if (covers.length === 0) return;
  const rows = covers.map(({ shareId, amount, id, subscriberId }) => ({
    subscriber_id: subscriberId,
    payment_id: id,
    share_id: shareId,
    amount,
  }));
  await tx`
    insert into payment_share (subscriber_id, payment_id, share_id, amount)
    select subscriber_id, payment_id, share_id, amount
    from jsonb_to_recordset(${tx.json(toJson(rows))}) as c(subscriber_id text, payment_id text, share_id text, amount bigint)
    on conflict on constraint payment_share_pkey do update set amount = payment_share.amount + excluded.amount`;
}
