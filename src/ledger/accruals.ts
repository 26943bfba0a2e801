// Accruals: books finalized closes as profit shares, each part of a close once, together with the
// figures of its computation. booking.ts writes them.
import { isBookable, isVouched } from '../core/bookable.ts';
import type { Shares, UnaccruedClose } from '../core/debt-ports.ts';
import type { Accrual } from '../core/explanation.ts';
import type { Address, Signature } from '../core/ids.ts';
import type { Basis, Profit } from '../core/terms.ts';
import { createBooking } from './booking.ts';
import type { Fragment, Sql } from './database.ts';
import { factOf, readBody } from './facts.ts';
import { among, grouped } from './groups.ts';
import { readHistories } from './movements.ts';
import { readSubscriptions } from './subscriptions.ts';
import { type TokenRow, tokenIn } from './tokens.ts';

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
  proven_slot: bigint | null;
};
/** Stands for a block index that is not known: it sorts after every known one. */
const LAST = 2_147_483_647;

/**
 * Creates the functions that book closes. With `observing`, new shares are marked as observed and
 * are not payable until a person adopts them.
 */
export function createAccruals(
  sql: Sql,
  now: Fragment,
  observing: boolean,
): Pick<Shares, 'unaccrued' | 'book' | 'accruals'> {
  const book = createBooking(sql, now, observing);
  return {
    async unaccrued(limit, after = null) {
      const beyond =
        after === null
          ? sql``
          : sql`and (f.slot, coalesce(f.block_index, ${LAST}), f.signature, f.ordinal)
              > (${after.position.slot}::bigint, ${after.position.blockIndex ?? LAST}::int, ${after.signature}, ${after.position.ordinal}::int)`;
      // The conditions are those of `isBookable`, so that closes which wait take no place of the
      // limit.
      const rows = await sql<FactRow[]>`
        select f.subscriber_id, f.account, f.signature, f.slot, f.ordinal, f.block_index, f.kind, f.body, s.subscription_id,
          (c.baseline->>'slot')::bigint as proven_slot
        from unbooked u cross join lateral (
          select * from fact where signature = u.signature and subscriber_id = u.subscriber_id and slot = u.slot
            and ordinal = u.ordinal and account = u.account offset 0) f
        join subscription s on s.drift_account = f.account and s.subscriber_id = f.subscriber_id
        left join account_check c on c.address = f.account
        where f.slot >= (select min(from_slot) from subscription_terms t where t.subscription_id = s.subscription_id)
          and f.slot >= s.books_from
          and ((s.held = '[]' and s.open_at_start <> 'from_slot' and (select count(*) = 1 and min(basis) = 'per_close' and count(cap_per_period) = 0 from subscription_terms t
                where t.subscription_id = s.subscription_id))
            or f.slot <= (c.baseline->>'slot')::bigint)
          ${beyond}
        order by f.slot, coalesce(f.block_index, ${LAST}), f.signature, f.ordinal limit ${limit}`;
      // The accrue loop asks this in every run, and usually no close waits.
      if (rows.length === 0) return [];
      const closes = rows.map((row) => ({
        subscriptionId: row.subscription_id,
        provenSlot: row.proven_slot === null ? null : Number(row.proven_slot),
        fact: factOf(row),
      }));
      const found = new Map<UnaccruedClose['fact'], UnaccruedClose>();
      const bySubscription = grouped(closes, (each) => each.subscriptionId);
      const ids = [...bySubscription.keys()];
      const subscriptions = await readSubscriptions(sql, { subscriptions: ids });
      const asked = subscriptions.map((subscription) => ({
        account: subscription.driftAccount,
        since: subscription.held.slot,
        closes: (bySubscription.get(subscription.id) ?? []).map((each) => each.fact),
      }));
      const histories = await readHistories(sql, asked);
      for (const [nth, subscription] of subscriptions.entries())
        for (const [index, { fact, provenSlot }] of (
          bySubscription.get(subscription.id) ?? []
        ).entries()) {
          const { slot: closedSlot } = fact.position;
          if (!isBookable(subscription, closedSlot, provenSlot)) continue;
          const vouched = isVouched(closedSlot, provenSlot);
          const { realised = fact.body, moves: history = [] } = histories[nth]?.[index] ?? {};
          const read = { ...fact, body: realised };
          found.set(fact, { subscription, fact: read, vouched, history });
        }
      return closes.flatMap(({ fact }) => found.get(fact) ?? []);
    },
    book: (close, accrued) => book({ close, accrued }),
    async accruals(ids) {
      if (ids.length === 0) return new Map();
      const rows = await sql<
        ({
          share_id: string;
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
          profit: Profit;
          fees: bigint;
          recipient: number;
          dealt_before: bigint;
          dealt_after: bigint;
          recipients: { nth: number; wallet: Address; shareBps: number }[];
          hurdled: bigint;
          allowed: bigint | null;
          credits: { signature: Signature; slot: number; amount: string }[];
        } & TokenRow)[]
      >`
        select s.share_id, a.signature, a.slot, a.ordinal, f.kind, f.body, a.terms_slot, a.basis, a.base, a.opened_slot, a.entry, a.opening_fee, a.net_pnl, a.share_bps, a.charged,
          a.amount, a.carry_before, a.carry_after, a.deficit_before, a.deficit_after, a.profit, a.fees, a.hurdled, a.allowed, s.recipient,
          a.dealt_before, a.dealt_after, (select jsonb_agg(jsonb_build_object('nth', r.nth, 'wallet', r.creator_wallet, 'shareBps', r.share_bps)
            order by r.nth) from terms_recipient r where r.subscriber_id = s.subscriber_id and r.subscription_id = s.subscription_id
            and r.from_slot = s.terms_slot) as recipients,
          coalesce((select jsonb_agg(jsonb_build_object('signature', c.signature, 'slot', c.slot, 'amount', c.amount::text) order by c.slot, c.signature)
            from credit_share c where c.subscriber_id = s.subscriber_id and c.share_id = s.share_id), '[]') as credits, k.mint, k.symbol, k.decimals
        from profit_share s join token k on k.mint = s.mint
        join accrual a using (subscriber_id, subscription_id, signature, slot, ordinal, terms_slot)
        join fact f on f.subscriber_id = a.subscriber_id and f.signature = a.signature and f.slot = a.slot
          and f.ordinal = a.ordinal and f.account = a.account
        where s.share_id = ${among(sql, ids)}`;
      return new Map(
        rows.map((row): [string, Accrual] => [
          row.share_id,
          {
            token: tokenIn(row),
            credits: row.credits.map((each) => ({ ...each, amount: BigInt(each.amount) })),
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
            profit: row.profit,
            fees: row.fees,
            hurdled: row.hurdled,
            allowed: row.allowed,
            shareBps: row.share_bps,
            charged: row.charged,
            amount: row.amount,
            recipients: row.recipients,
            recipient: row.recipient,
            before: {
              carry: row.carry_before,
              deficit: row.deficit_before,
              dealt: row.dealt_before,
            },
            after: { carry: row.carry_after, deficit: row.deficit_after, dealt: row.dealt_after },
          },
        ]),
      );
    },
  };
}
