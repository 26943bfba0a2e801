// Payments: stores payments. Each function is one conditional transition of core/payment.ts. False
// means that the payment was not in the state from which the transition starts, because another
// daemon was faster; nothing was changed then.

import type { PaymentRecord, Payments } from '../core/debt-ports.ts';
import type { Address, Signature } from '../core/ids.ts';
import type { Cover, Payment, PaymentState, Trouble } from '../core/payment.ts';
import { at, type Fragment, type Sql, type Transaction, toJson, violates } from './database.ts';
import { discharge } from './discharge.ts';
import { conditionsOf } from './lists.ts';
import { identityOf } from './mark.ts';
import { tell } from './outbox.ts';
import { applyToShares } from './share-changes.ts';
import { type End, endUnpaid } from './unpaid.ts';

type Row = {
  payment_id: string;
  purpose: Payment['purpose'];
  subscriber_id: string;
  subscription_id: string;
  creator_wallet: Address;
  drift_user: Address;
  sub_account_id: number;
  amount: bigint;
  withdraw: bigint;
  settle_markets: number[];
  fee_payer: 'agent' | 'sponsor';
  reimburse: bigint;
  create_agent_account: boolean;
  create_creator_account: boolean;
  state: PaymentState;
  signature: Signature | null;
  bytes: Uint8Array | null;
  last_valid_block_height: bigint | null;
  blockhash_slot: bigint | null;
};

function paymentOf(row: Row, covers: Payment['plan']['covers'], attempts: number): Payment {
  const signed = row.signature === null || row.bytes === null;
  return {
    id: row.payment_id,
    purpose: row.purpose,
    subscriberId: row.subscriber_id,
    subscriptionId: row.subscription_id,
    creatorWallet: row.creator_wallet,
    driftUser: row.drift_user,
    subAccountId: row.sub_account_id,
    attempts,
    state: row.state,
    plan: {
      amount: row.amount,
      withdraw: row.withdraw,
      settleMarkets: row.settle_markets,
      feePayer: row.fee_payer,
      reimburse: row.reimburse,
      createAgentAccount: row.create_agent_account,
      createCreatorAccount: row.create_creator_account,
      covers,
    },
    signed: signed
      ? null
      : {
          signature: row.signature as Signature,
          bytes: row.bytes as Uint8Array,
          lastValidBlockHeight: Number(row.last_valid_block_height),
          blockhashSlot: Number(row.blockhash_slot),
        },
  };
}

type LandedRow = Pick<
  Row,
  'payment_id' | 'subscriber_id' | 'creator_wallet' | 'amount' | 'signature' | 'purpose'
>;
type RecordRow = Row & {
  executed_slot: bigint | null;
  trouble: Trouble | null;
  planned_at: Date;
  ended_at: Date | null;
};

const recordOf = (row: RecordRow): PaymentRecord => ({
  id: row.payment_id,
  purpose: row.purpose,
  subscriberId: row.subscriber_id,
  creatorWallet: row.creator_wallet,
  amount: row.amount,
  withdrawn: row.withdraw,
  feePayer: row.fee_payer,
  state: row.state,
  signature: row.signature,
  slot: row.executed_slot === null ? null : Number(row.executed_slot),
  trouble: row.trouble,
  plannedAtMs: row.planned_at.getTime(),
  endedAtMs: row.ended_at?.getTime() ?? null,
});

class NotClaimed extends Error {}

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
  /** Stores which debts a payment covers, and how much of each. */
  const cover = async (
    tx: Transaction,
    subscriberId: string,
    id: string,
    covers: readonly Cover[],
  ): Promise<void> => {
    const rows = covers.map(({ shareId, amount }) => ({
      subscriber_id: subscriberId,
      payment_id: id,
      share_id: shareId,
      amount,
    }));
    await tx`insert into payment_share ${tx(rows)}`;
  };
  return {
    async live(subscriberId) {
      const [row] = await sql<Row[]>`
        select * from payment where subscriber_id = ${subscriberId} and state in ('planned', 'signed', 'sent')`;
      if (row === undefined) return null;
      const covers = await sql<{ share_id: string; amount: bigint; attempts: number }[]>`
        select ps.share_id, ps.amount, s.attempts
        from payment_share ps join profit_share s using (subscriber_id, share_id)
        where ps.subscriber_id = ${subscriberId} and ps.payment_id = ${row.payment_id}`;
      return paymentOf(
        row,
        covers.map((each) => ({ shareId: each.share_id, amount: each.amount })),
        Math.max(0, ...covers.map((each) => each.attempts)),
      );
    },
    async open(payment) {
      const { plan } = payment;
      try {
        await sql.begin(async (tx) => {
          await tx`
            insert into payment (payment_id, purpose, subscriber_id, subscription_id, creator_wallet, drift_user, sub_account_id,
              amount, withdraw, settle_markets, fee_payer, reimburse, create_agent_account, create_creator_account, planned_at)
            values (${payment.id}, ${payment.purpose}, ${payment.subscriberId}, ${payment.subscriptionId}, ${payment.creatorWallet},
              ${payment.driftUser}, ${payment.subAccountId}, ${plan.amount}, ${plan.withdraw}, ${tx.json([...plan.settleMarkets])},
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
          returning payment_id, subscriber_id, creator_wallet, amount, signature, purpose`;
        if (row === undefined) return false;
        const { subscriber_id, creator_wallet: creatorWallet, signature, purpose } = row;
        const told = { payment: paymentId, creatorWallet, signature, slot };
        await tell(tx, 'payment.landed', subscriber_id, { ...told, purpose, amount: row.amount });
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
        select * from payment
        where ${conditionsOf(sql).payments(filter)} and (${before ?? null}::text is null or (planned_at, payment_id) <
            (select planned_at, payment_id from payment where payment_id = ${before ?? null}))
        order by planned_at desc, payment_id desc limit ${limit}`;
      return rows.map(recordOf);
    },
    async find(id) {
      const [row] = await sql<RecordRow[]>`select * from payment where payment_id = ${id}`;
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
        where signature in ${sql([...signatures])} and state in ('signed', 'sent', 'landed')`;
      const known = new Set(rows.map((row) => row.signature));
      return signatures.filter((each) => !known.has(each));
    },
    async overpaidBy(paymentId) {
      const [row] = await sql<{ overpaid: bigint }[]>`
        select coalesce(sum(s.overpaid), 0)::bigint as overpaid
        from payment_share ps join profit_share s using (subscriber_id, share_id) where ps.payment_id = ${paymentId}`;
      return row?.overpaid ?? 0n;
    },
    restore: (subscriberId, paid, covers) =>
      sql.begin(async (tx) => {
        const { signature, slot, creatorWallet } = paid;
        // The ledger has a row of this payment, in whatever state: its own covers say which debts
        // it pays.
        const own = await tx`
          update payment set state = 'landed', restored = true, signature = ${signature}, sent_at = coalesce(sent_at, now()),
            executed_slot = ${slot}, ended_at = now()
          where payment_id = ${paid.id} and subscriber_id = ${subscriberId} and amount = ${paid.amount}
            and creator_wallet = ${creatorWallet} and state <> 'landed' and (signature is null or signature = ${signature})
          returning 1`;
        const told = { payment: paid.id, creatorWallet, signature, slot };
        if (own.length > 0) {
          await discharge(tx, now, told, 'recall');
          return true;
        }
        const [first] = covers;
        if (first === undefined)
          throw new RangeError('a payment that covers nothing is not restored');
        // A memo is only text: two transactions may carry the same id, and each of them has paid.
        const [taken] = await tx`select 1 from payment where payment_id = ${paid.id}`;
        const id = taken === undefined ? paid.id : `${paid.id}.${signature}`;
        const rows = await tx`
          insert into payment (payment_id, subscriber_id, subscription_id, creator_wallet, drift_user, sub_account_id, amount,
            withdraw, settle_markets, fee_payer, create_agent_account, state, signature, sent_at, executed_slot, ended_at, restored)
          select ${id}, s.subscriber_id, s.subscription_id, ${creatorWallet}, n.drift_account, a.sub_account_id, ${paid.amount},
            0, '[]', 'agent', false, 'landed', ${signature}, now(), ${slot}, now(), true
          from profit_share s join subscription n using (subscriber_id, subscription_id) join account a on a.address = n.drift_account
          where s.subscriber_id = ${subscriberId} and s.share_id = ${first.shareId}
          on conflict do nothing returning 1`;
        if (rows.length === 0) return false;
        await cover(tx, subscriberId, id, covers);
        await discharge(tx, now, { ...told, payment: id }, 'recall');
        return true;
      }),
  };
}
