// Found payments: stores payments that the chain shows and that this ledger had lost, and the parts
// of them that no debt explains.
import type { Cover } from '../core/debt.ts';
import type { Address, Signature } from '../core/ids.ts';
import type { ListedPayment } from '../core/listed-payment.ts';
import type { PaymentState } from '../core/payment.ts';
import type { Payments } from '../core/payment-ports.ts';
import { type PaidOnChain, type Received, receivedBy } from '../core/rebuild.ts';
import {
  type PaymentOnRecord,
  type Restoring,
  requireRest,
  restoring,
  subscriptionOf,
} from '../core/restoring.ts';
import { DEFAULT_VENUE } from '../core/venue-name.ts';
import { type Fragment, type Sql, type Transaction, toJson } from './database.ts';
import { discharge } from './discharge.ts';
import { among, grouped, readTogether } from './groups.ts';
import { tell } from './outbox.ts';
import {
  cover,
  type ListedRow,
  listedOf,
  type RecipientJson,
  recipientsIn,
  restsIn,
  toldRecipients,
} from './payment-rows.ts';
import { executedVariant } from './payment-variants.ts';
import { requireUncovered } from './uncovered.ts';

/** A payment on chain of a subscriber, and the parts of debts that it pays. */
type Found = {
  readonly subscriberId: string;
  readonly paid: PaidOnChain;
  readonly covers: readonly Cover[];
};

/** The payments that have the id or the signature of one on chain. Their rows are locked. */
async function onRecord(tx: Transaction, paid: PaidOnChain): Promise<PaymentOnRecord[]> {
  const rows = await tx<
    {
      payment_id: string;
      subscriber_id: string;
      mint: Address;
      state: PaymentState;
      signature: Signature | null;
      excess: bigint;
      is_accepted: boolean;
      variants: Signature[];
      recipients: RecipientJson[];
    }[]
  >`
    select p.payment_id, p.subscriber_id, p.mint, p.state, p.signature, p.excess, p.accepted is not null as is_accepted,
      (select coalesce(jsonb_agg(v.signature), '[]') from payment_variant v
        where (v.subscriber_id, v.payment_id) = (p.subscriber_id, p.payment_id) and v.purpose = 'payment') as variants, ${recipientsIn(tx)} as recipients
    from payment p where p.payment_id = ${paid.id} or p.signature = ${paid.signature} order by p.payment_id for update of p`;
  return rows.map((row) => ({
    id: row.payment_id,
    subscriberId: row.subscriber_id,
    mint: row.mint,
    state: row.state,
    received: toldRecipients(row.recipients),
    signature: row.signature,
    variants: row.variants,
    excess: row.excess,
    isAccepted: row.is_accepted,
  }));
}

/**
 * The part of each recipient of a payment that no debt explains. A statement sees the covers that
 * were committed before it began, so it is sent once the payment is locked.
 */
async function restsOf(tx: Transaction, paymentId: string): Promise<Received[]> {
  const [row] = await tx<{ recipients: RecipientJson[] }[]>`
    select ${recipientsIn(tx)} as recipients from payment p where p.payment_id = ${paymentId}`;
  return restsIn(row?.recipients ?? []);
}

/** The id of the subscription under which a payment is booked; null where there is none. */
async function bookedUnder(
  tx: Transaction,
  subscriberId: string,
  paid: PaidOnChain,
  covers: readonly Cover[],
): Promise<string | null> {
  const rows = await tx<{ id: string; mint: Address; recipients: Address[] }[]>`
    select n.subscription_id as id, v.mint, (select coalesce(jsonb_agg(t.creator_wallet), '[]') from terms_recipient t
      where t.subscriber_id = n.subscriber_id and t.subscription_id = n.subscription_id) as recipients
    from subscription n join account a on a.address = n.drift_account join venue v on v.name = coalesce(a.venue, ${DEFAULT_VENUE})
    where n.subscriber_id = ${subscriberId}`;
  const [first] = covers;
  if (first === undefined) return subscriptionOf(paid, null, rows);
  const [debt] = await tx<{ subscription_id: string }[]>`
    select subscription_id from profit_share where subscriber_id = ${subscriberId} and share_id = ${first.shareId}`;
  return debt === undefined ? null : subscriptionOf(paid, debt.subscription_id, rows);
}

/**
 * Inserts a payment that the ledger had lost, as landed. False where no subscription names one of
 * its recipients, or where a payment of another subscriber has its signature.
 */
async function book(
  tx: Transaction,
  now: Fragment,
  { subscriberId, paid, covers }: Found,
  { id, excess }: Extract<Restoring, { do: 'book' }>,
): Promise<boolean> {
  const subscriptionId = await bookedUnder(tx, subscriberId, paid, covers);
  if (subscriptionId === null) return false;
  const received = tx.json(toJson(receivedBy(paid).map((each, nth) => ({ nth, ...each }))));
  const rows = await tx`
    with booked as (insert into payment (payment_id, subscriber_id, subscription_id, creator_wallet, drift_user, sub_account_id, mint, amount,
        withdraw, settle_markets, fee_payer, create_agent_account, state, signature, sent_at, executed_slot, ended_at, restored, excess, maybe_lost, planned_at)
      select ${id}, n.subscriber_id, n.subscription_id, ${paid.creatorWallet}, n.drift_account, a.sub_account_id, ${paid.token.mint}, ${paid.amount},
        0, '[]', 'agent', false, 'landed', ${paid.signature}, ${now}, ${paid.slot}, ${now}, true, ${excess}, ${paid.maybeLost === true}, ${now}
      from subscription n join account a on a.address = n.drift_account
      where n.subscriber_id = ${subscriberId} and n.subscription_id = ${subscriptionId}
      on conflict do nothing returning subscriber_id, payment_id)
    insert into payment_recipient (subscriber_id, payment_id, creator_wallet, nth, amount, create_account)
    select b.subscriber_id, b.payment_id, r.wallet, r.nth, r.amount, false from booked b
      cross join jsonb_to_recordset(${received}) as r(nth int, wallet text, amount bigint) returning 1`;
  return rows.length > 0;
}

/** Creates the part of the store of payments that takes what was found on chain. */
export const createFoundPayments = (
  sql: Sql,
  now: Fragment,
): Pick<Payments, 'restore' | 'accept' | 'unexplained' | 'unexplainedOf'> => ({
  restore: (subscriberId, paid, covers) =>
    sql.begin(async (tx) => {
      const { signature, slot } = paid;
      const coversOf = (id: string) => covers.map((each) => ({ ...each, id, subscriberId }));
      const known = await onRecord(tx, paid);
      const what = restoring(subscriberId, paid, covers, known);
      // The payment is locked before the debts, as by every other end of a payment.
      const found =
        what.do === 'explain' || what.do === 'book'
          ? await requireUncovered(tx, subscriberId, covers)
          : [];
      switch (what.do) {
        case 'nothing':
          return false;
        case 'land':
          await tx`
            update payment p set state = 'landed', restored = true, ${executedVariant(tx, tx`${signature}`)},
              sent_at = coalesce(sent_at, now()), executed_slot = ${slot}, ended_at = now()
            where payment_id = ${what.id}`;
          break;
        case 'explain':
          requireRest(what.id, await restsOf(tx, what.id), found, covers);
          await tx`update payment set excess = excess - ${what.explained} where payment_id = ${what.id}`;
          await cover(tx, coversOf(what.id));
          break;
        case 'book':
          if (!(await book(tx, now, { subscriberId, paid, covers }, what))) return false;
          await cover(tx, coversOf(what.id));
          break;
      }
      const landing = { payment: what.id, signature, slot };
      await discharge(tx, now, [{ subscriberId, landing }], 'recall');
      return true;
    }),
  accept: (signature, by) =>
    sql.begin(async (tx) => {
      const [{ at: acceptedAt } = { at: new Date(0) }] = await tx<
        { at: Date }[]
      >`select ${now} as at`;
      const accepted = { ...by, at: acceptedAt.toISOString() };
      const [row] = await tx<ListedRow[]>`
          update payment p set accepted = ${tx.json(accepted)}
          where signature = ${signature} and excess > 0 and accepted is null
          returning *, (select symbol from token k where k.mint = p.mint) as symbol,
            (select decimals from token k where k.mint = p.mint) as decimals, ${recipientsIn(tx)} as recipients`;
      if (row === undefined) return null;
      const found = listedOf(row);
      if (found.slot === null) throw new Error(`payment ${found.id} has an excess and no slot`);
      await tell(tx, 'payment.accepted', found.subscriberId, {
        payment: found.id,
        creatorWallet: found.creatorWallet,
        mint: found.token.mint,
        symbol: found.token.symbol,
        amount: found.amount,
        signature,
        recipients: found.recipients.map(({ wallet, amount }) => ({ wallet, amount })),
        slot: found.slot,
        excess: found.excess,
        ...accepted,
      });
      return found;
    }),
  async unexplained(limit) {
    const rows = await sql<ListedRow[]>`
        select p.*, k.symbol, k.decimals, ${recipientsIn(sql)} as recipients from payment p join token k using (mint) where excess > 0 and accepted is null
        order by executed_slot, payment_id limit ${limit}`;
    return rows.map(listedOf);
  },
  unexplainedOf: readTogether<string, ListedPayment[]>(async (ids) => {
    const rows = await sql<ListedRow[]>`
      select p.*, k.symbol, k.decimals, ${recipientsIn(sql)} as recipients from payment p join token k using (mint)
      where p.subscriber_id = ${among(sql, ids)} and excess > 0 and accepted is null order by executed_slot, payment_id`;
    const found = grouped(rows.map(listedOf), (each) => each.subscriberId);
    return ids.map((id) => [...(found.get(id) ?? [])]);
  }),
});
