// Accruals: books finalized closes as profit shares, each part of a close once, together with the
// figures of its computation.
import { createHash } from 'node:crypto';
import type { Booking } from '../core/accrual.ts';
import type { Shares, UnaccruedClose } from '../core/debt-ports.ts';
import type { Fact } from '../core/fact.ts';
import { type Address, base58Text, type Signature } from '../core/ids.ts';
import { shareIdFrom, sharePreimage } from '../core/receipt.ts';
import { incurred } from '../core/share.ts';
import type { Basis } from '../core/terms.ts';
import { holdDebtsOf, waitAgain } from './credits.ts';
import type { Fragment, Sql, Transaction } from './database.ts';
import { readBody } from './facts.ts';
import { grouped } from './groups.ts';
import { readHistories } from './movements.ts';
import { tellAll } from './outbox.ts';
import { applyToShares } from './share-changes.ts';
import { readSubscriptions } from './subscriptions.ts';
import { type TokenRow, tokenIn, tokenOfAccount } from './tokens.ts';

type FactRow = {
  subscriber_id: string;
  account: Address;
  signature: Signature;
  slot: bigint;
  ordinal: number;
  kind: 'close' | 'reckoning';
  block_index: number | null;
  body: unknown;
  subscription_id: string;
  vouched: boolean;
};
/** Stands for a block index that is not known: it sorts after every known one. */
const LAST = 2_147_483_647;

/**
 * The id of a share, derived from the subscription, the fact and the terms. Booking the same part
 * of a close again gives the same id, so it cannot create a second share.
 */
export function shareIdOf(subscriptionId: string, fact: Fact, termsSlot: number): string {
  const { slot, ordinal } = fact.position;
  const { account, signature } = fact;
  const preimage = sharePreimage({
    subscription: subscriptionId,
    ...{ account, signature, slot, ordinal, termsSlot },
  });
  return shareIdFrom(base58Text(createHash('sha256').update(preimage).digest()));
}
/** The slot from which the terms of a booking hold; -1 for a booking without terms. */
export const termsSlotOf = ({ terms }: Pick<Booking, 'terms'>): number => terms?.fromSlot ?? -1;

/**
 * Thrown when another daemon has booked this close or changed a tab since it was read. `book` then
 * returns false, and the close is read again.
 */
class Overtaken extends Error {}

/**
 * Writes the tab that a booking leaves. Throws `Overtaken` when the tab is not the one that the
 * booking was computed from.
 */
async function keepTab(
  tx: Transaction,
  subscription: { id: string; subscriberId: string },
  { terms, before, after }: Booking,
): Promise<void> {
  if (terms === null) return;
  const kept = await tx`
    insert into tab (subscriber_id, subscription_id, mark_slot, carry, deficit)
    values (${subscription.subscriberId}, ${subscription.id}, ${terms.markSlot}, ${after.carry}, ${after.deficit})
    on conflict (subscriber_id, subscription_id, mark_slot) do update set carry = excluded.carry, deficit = excluded.deficit
      where tab.carry = ${before.carry} and tab.deficit = ${before.deficit} returning 1`;
  if (kept.length === 0) throw new Overtaken();
}

/**
 * Creates the functions that book closes. With `observing`, new shares are marked as observed and
 * are not payable until a person adopts them.
 */
export function createAccruals(
  sql: Sql,
  now: Fragment,
  observing: boolean,
): Pick<Shares, 'unaccrued' | 'book' | 'accrual'> {
  return {
    async unaccrued(limit, after) {
      const { slot, blockIndex, ordinal } = after?.position ?? {};
      const rows = await sql<FactRow[]>`
        select f.subscriber_id, f.account, f.signature, f.slot, f.ordinal, f.block_index, f.kind, f.body, s.subscription_id,
          c.address is null or f.slot <= (c.baseline->>'slot')::bigint as vouched
        from unbooked u join fact f using (subscriber_id, signature, slot, ordinal, account)
        join subscription s on s.drift_account = f.account and s.subscriber_id = f.subscriber_id
        left join account_check c on c.address = f.account
        where f.slot >= (select min(from_slot) from subscription_terms t where t.subscription_id = s.subscription_id)
          and f.slot >= s.books_from
          and ((s.held = '[]' and s.open_at_start <> 'from_slot' and (select count(*) = 1 and min(basis) = 'per_close' from subscription_terms t
                where t.subscription_id = s.subscription_id))
            or f.slot <= (c.baseline->>'slot')::bigint)
          and (${slot ?? null}::bigint is null or (f.slot, coalesce(f.block_index, ${LAST}), f.signature, f.ordinal)
            > (${slot ?? null}::bigint, ${blockIndex ?? LAST}::int, ${after?.signature ?? ''}, ${ordinal ?? 0}::int))
        order by f.slot, coalesce(f.block_index, ${LAST}), f.signature, f.ordinal limit ${limit}`;
      const closes = rows.map((row) => ({
        subscriptionId: row.subscription_id,
        vouched: row.vouched,
        fact: {
          subscriberId: row.subscriber_id,
          account: row.account,
          signature: row.signature,
          position: { slot: Number(row.slot), blockIndex: row.block_index, ordinal: row.ordinal },
          body: readBody(row.kind, row.body),
        },
      }));
      const found = new Map<UnaccruedClose['fact'], UnaccruedClose>();
      const bySubscription = grouped(closes, (each) => each.subscriptionId);
      const ids = [...bySubscription.keys()];
      for (const subscription of await readSubscriptions(sql, { subscriptions: ids })) {
        const own = bySubscription.get(subscription.id) ?? [];
        const histories = await readHistories(
          sql,
          subscription.driftAccount,
          subscription.held.slot,
          own.map((each) => each.fact),
        );
        for (const [index, { fact, vouched }] of own.entries())
          found.set(fact, { subscription, fact, vouched, history: histories[index] ?? [] });
      }
      return closes.flatMap(({ fact }) => found.get(fact) ?? []);
    },
    async book({ fact, subscription }, { bookings, flat }) {
      const { slot, ordinal } = fact.position;
      const { subscriberId, signature, account } = fact;
      try {
        return await sql.begin(async (tx) => {
          const waited = await tx`
            delete from unbooked where account = ${account} and slot = ${slot} and signature = ${signature}
              and ordinal = ${ordinal} and subscriber_id = ${subscriberId} returning 1`;
          if (waited.length === 0) throw new Overtaken();
          // A daemon of an earlier release books a close without deleting it from `unbooked`.
          // Nothing is left to book then.
          const already = await tx`
            select 1 from accrual where subscriber_id = ${subscriberId} and subscription_id = ${subscription.id}
              and signature = ${signature} and slot = ${slot} and ordinal = ${ordinal} limit 1`;
          if (already.length > 0) return false;
          const owing = bookings.filter((each) => each.amount > 0n);
          if (owing.length > 0) await holdDebtsOf(tx, subscriberId);
          const token = await tokenOfAccount(tx, account);
          for (const booking of bookings) {
            const { terms, netPnl, charged, amount, base, openedSlot, before, after } = booking;
            const market = fact.body.kind === 'close' ? fact.body.market : null;
            const termsSlot = termsSlotOf(booking);
            const booked = await tx`
              insert into accrual (subscriber_id, subscription_id, account, signature, slot, ordinal, terms_slot, basis, base, opened_slot,
                entry, opening_fee, net_pnl, share_bps, charged, amount, carry_before, carry_after, deficit_before, deficit_after, market, flat)
              values (${subscriberId}, ${subscription.id}, ${account}, ${signature}, ${slot}, ${ordinal}, ${termsSlot},
                ${terms?.basis ?? 'per_close'}, ${base}, ${openedSlot}, ${booking.entry}, ${booking.openingFee}, ${netPnl}, ${terms?.shareBps ?? 0}, ${charged}, ${amount},
                ${before.carry}, ${after.carry}, ${before.deficit}, ${after.deficit}, ${market}, ${flat})
              on conflict do nothing returning 1`;
            if (booked.length === 0) throw new Overtaken();
            await keepTab(tx, subscription, booking);
            if (terms === null || amount === 0n) continue;
            const { creatorWallet, shareBps } = terms;
            const id = shareIdOf(subscription.id, fact, termsSlot);
            const { share, events } = incurred(
              { id, subscriberId, creatorWallet, token, amount, observed: observing },
              { subscription: subscription.id, signature, slot, netPnl, shareBps },
            );
            await tx`
              insert into profit_share (share_id, subscriber_id, subscription_id, signature, slot, ordinal, terms_slot, creator_wallet, mint, amount,
                observed, accrued_at, closed_at)
              values (${id}, ${subscriberId}, ${subscription.id}, ${signature}, ${slot}, ${ordinal},
                ${termsSlot}, ${creatorWallet}, ${token.mint}, ${amount}, ${share.observed}, ${now},
                (select block_at from fact f where f.subscriber_id = ${subscriberId} and f.signature = ${signature} and f.slot = ${slot}
                  and f.ordinal = ${ordinal} and f.account = ${account}))`;
            await tellAll(tx, events);
          }
          // A transfer that Bailiff did not make may have paid this debt before the close was
          // booked.
          for (const creatorWallet of new Set(owing.map((each) => each.terms?.creatorWallet)))
            if (creatorWallet !== undefined)
              await waitAgain(tx, { subscriberId, creatorWallet, mint: token.mint, slot });
          // A new debt makes the older debts due again, so that one payment can cover them
          // together.
          const waiting = tx`s.subscriber_id = ${subscriberId} and s.status = 'pending' and s.retry_at is not null`;
          if (owing.length > 0)
            await applyToShares(tx, { now, where: waiting }, () => ({ do: 'wake' }));
          return true;
        });
      } catch (thrown) {
        if (thrown instanceof Overtaken) return false;
        throw thrown;
      }
    },
    async accrual(id) {
      const [row] = await sql<
        ({
          signature: Signature;
          slot: bigint;
          ordinal: number;
          kind: 'close' | 'reckoning';
          body: unknown;
          terms_slot: bigint;
          basis: Basis;
          entry: bigint | null;
          opening_fee: bigint;
          base: bigint | null;
          opened_slot: bigint | null;
          net_pnl: bigint;
          share_bps: number;
          charged: bigint;
          amount: bigint;
          carry_before: bigint;
          carry_after: bigint;
          deficit_before: bigint;
          deficit_after: bigint;
        } & TokenRow)[]
      >`
        select a.signature, a.slot, a.ordinal, f.kind, f.body, a.terms_slot, a.basis, a.base, a.opened_slot, a.entry, a.opening_fee, a.net_pnl, a.share_bps, a.charged,
          a.amount, a.carry_before, a.carry_after, a.deficit_before, a.deficit_after, k.mint, k.symbol, k.decimals
        from profit_share s join token k on k.mint = s.mint
        join accrual a using (subscriber_id, subscription_id, signature, slot, ordinal, terms_slot)
        join fact f on f.subscriber_id = a.subscriber_id and f.signature = a.signature and f.slot = a.slot
          and f.ordinal = a.ordinal and f.account = a.account
        where s.share_id = ${id}`;
      if (row === undefined) return null;
      const credits = await sql<{ signature: Signature; slot: bigint; amount: bigint }[]>`
        select c.signature, c.slot, c.amount from credit_share c join profit_share s using (subscriber_id, share_id)
        where s.share_id = ${id} order by c.slot, c.signature`;
      return {
        token: tokenIn(row),
        credits: credits.map((each) => ({ ...each, slot: Number(each.slot) })),
        signature: row.signature,
        slot: Number(row.slot),
        ordinal: row.ordinal,
        realised: readBody(row.kind, row.body),
        termsSlot: Number(row.terms_slot),
        basis: row.basis,
        base: row.base,
        openedSlot: row.opened_slot === null ? null : Number(row.opened_slot),
        entry: row.entry,
        openingFee: row.opening_fee,
        netPnl: row.net_pnl,
        shareBps: row.share_bps,
        charged: row.charged,
        amount: row.amount,
        before: { carry: row.carry_before, deficit: row.deficit_before },
        after: { carry: row.carry_after, deficit: row.deficit_after },
      };
    },
  };
}
