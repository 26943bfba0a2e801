// Found payments: stores payments that the chain shows and that this ledger had lost, and the parts
// of them that no debt explains.
import type { Payments } from '../core/payment-ports.ts';
import { receivedBy } from '../core/rebuild.ts';
import { DEFAULT_VENUE } from '../core/venue.ts';
import { type Fragment, type Sql, toJson } from './database.ts';
import { discharge } from './discharge.ts';
import { tell } from './outbox.ts';
import { cover, type ListedRow, listedOf, recipientsIn } from './payment-rows.ts';

/** Creates the part of the store of payments that takes what was found on chain. */
export const createFoundPayments = (
  sql: Sql,
  now: Fragment,
): Pick<Payments, 'restore' | 'accept' | 'unexplained'> => ({
  restore: (subscriberId, paid, covers) =>
    sql.begin(async (tx) => {
      const { signature, slot, creatorWallet } = paid;
      const received = tx.json(toJson(receivedBy(paid).map((each, nth) => ({ nth, ...each }))));
      const parts = tx`jsonb_to_recordset(${received}) as r(nth int, wallet text, amount bigint)`;
      const coversOf = (id: string) => covers.map((each) => ({ ...each, id, subscriberId }));
      // The ledger has a row of this payment, in any state. The covers in that row say which debts
      // it pays.
      const own = await tx`
          update payment p set state = 'landed', restored = true, signature = ${signature},
            bytes = coalesce((select v.bytes from payment_variant v where (v.subscriber_id, v.payment_id) = (p.subscriber_id, p.payment_id) and v.signature = ${signature}), bytes), sent_at = coalesce(sent_at, now()),
            executed_slot = ${slot}, ended_at = now()
          where payment_id = ${paid.id} and subscriber_id = ${subscriberId} and amount = ${paid.amount}
            and not exists (select 1 from ${parts} full join (select o.creator_wallet as wallet, o.amount from payment_recipient o
              where (o.subscriber_id, o.payment_id) = (p.subscriber_id, p.payment_id)) known using (wallet, amount)
              where r.nth is null or known is null) and mint = ${paid.token.mint} and state <> 'landed' and (signature is null or signature = ${signature}
              or exists (select 1 from payment_variant v where (v.subscriber_id, v.payment_id) = (p.subscriber_id, p.payment_id) and v.signature = ${signature}))
          returning 1`;
      const told = { payment: paid.id, signature, slot };
      if (own.length > 0) {
        await discharge(tx, now, [{ subscriberId, landing: told }], 'recall');
        return true;
      }
      const explained = covers.reduce((sum, each) => sum + each.amount, 0n);
      // The ledger has booked a part of this payment, and debts that it knows now explain more.
      const [known] = await tx<{ payment_id: string; open: boolean }[]>`
          select payment_id, excess > 0 and accepted is null as open from payment
          where signature = ${signature} and subscriber_id = ${subscriberId} for update`;
      if (known !== undefined) {
        if (!known.open || explained === 0n) return false;
        await tx`update payment set excess = excess - ${explained} where payment_id = ${known.payment_id}`;
        await cover(tx, coversOf(known.payment_id));
        await discharge(
          tx,
          now,
          [{ subscriberId, landing: { ...told, payment: known.payment_id } }],
          'recall',
        );
        return true;
      }
      // A memo is only text: two transactions may carry the same id, and each of them has paid.
      const [taken] = await tx`select 1 from payment where payment_id = ${paid.id}`;
      const id = taken === undefined ? paid.id : `${paid.id}.${signature}`;
      const rows = await tx`
          with booked as (insert into payment (payment_id, subscriber_id, subscription_id, creator_wallet, drift_user, sub_account_id, mint, amount,
            withdraw, settle_markets, fee_payer, create_agent_account, state, signature, sent_at, executed_slot, ended_at, restored, excess, planned_at)
          select ${id}, n.subscriber_id, n.subscription_id, ${creatorWallet}, n.drift_account, a.sub_account_id, v.mint, ${paid.amount},
            0, '[]', 'agent', false, 'landed', ${signature}, now(), ${slot}, now(), true, ${paid.amount - explained}, ${now}
          from subscription n join account a on a.address = n.drift_account
            join venue v on v.name = coalesce(a.venue, ${DEFAULT_VENUE}) and v.mint = ${paid.token.mint}
          where n.subscriber_id = ${subscriberId} and case when ${covers.length > 0}
            then n.subscription_id = (select subscription_id from profit_share
              where subscriber_id = ${subscriberId} and share_id = ${covers[0]?.shareId ?? ''})
            else exists (select 1 from terms_recipient t where t.subscriber_id = n.subscriber_id
              and t.subscription_id = n.subscription_id and t.creator_wallet in (select r.wallet from ${parts})) end
          order by n.subscription_id limit 1
          on conflict do nothing returning subscriber_id, payment_id)
          insert into payment_recipient (subscriber_id, payment_id, creator_wallet, nth, amount, create_account)
          select b.subscriber_id, b.payment_id, r.wallet, r.nth, r.amount, false from booked b cross join ${parts} returning 1`;
      if (rows.length === 0) return false;
      await cover(tx, coversOf(id));
      await discharge(tx, now, [{ subscriberId, landing: { ...told, payment: id } }], 'recall');
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
        ...{ mint: found.token.mint, symbol: found.token.symbol },
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
});
