// Booking: writes closes as profit shares, with the figures of their computation. Closes that are
// booked at the same time, each of another subscriber, share a transaction; where that fails, each
// is booked in one of its own, so that a bad row fails the booking of its own subscriber only.
import { createHash } from 'node:crypto';
import type { Accrued, Booking } from '../core/accrual.ts';
import type { UnaccruedClose } from '../core/debt-ports.ts';
import type { EventKind, EventOf } from '../core/event.ts';
import type { Fact } from '../core/fact.ts';
import { upToDistinct } from '../core/gather.ts';
import { type Address, base58Text, type Slot } from '../core/ids.ts';
import { shareIdFrom, sharePreimage } from '../core/receipt.ts';
import { incurred } from '../core/share-transition.ts';
import type { Token } from '../core/token.ts';
import { holdDebtsOf, type NewDebt, waitAgain } from './credits.ts';
import { type Fragment, type Sql, type Transaction, toJson } from './database.ts';
import { among, together } from './groups.ts';
import { tellAll } from './outbox.ts';
import { applyToShares } from './share-changes.ts';
import { countedColumns, keepTabs, Overtaken } from './tabs.ts';
import { tokensOfAccounts } from './tokens.ts';

export type Close = { readonly close: UnaccruedClose; readonly accrued: Accrued };
/** One part of a close, under one version of the terms. */
type Part = Close & { readonly booking: Booking };

/** The most closes that are booked in one transaction. */
const BOOKED_TOGETHER = 32;

/**
 * The id of a share, derived from the subscription, the fact, the terms and the recipient. Booking
 * the same part of a close again gives the same ids, so it cannot create a second share.
 */
export function shareIdOf(
  subscriptionId: string,
  fact: Fact,
  termsSlot: number,
  recipient: number,
): string {
  const { slot, ordinal } = fact.position;
  const { account, signature } = fact;
  const preimage = sharePreimage({
    subscription: subscriptionId,
    account,
    signature,
    slot,
    ordinal,
    termsSlot,
    recipient,
  });
  return shareIdFrom(base58Text(createHash('sha256').update(preimage).digest()));
}
/** The slot from which the terms of a booking hold; -1 for a booking without terms. */
export const termsSlotOf = ({ terms }: Pick<Booking, 'terms'>): number => terms?.fromSlot ?? -1;
/** The slot that `termsSlotOf` gave for a row; null for a booking without terms. */
export const termsSlotIn = (column: bigint): Slot | null => (column < 0n ? null : Number(column));

type KeepOptions = {
  readonly now: Fragment;
  readonly observing: boolean;
  /** The quote tokens of the accounts of the closes. */
  readonly tokens: ReadonlyMap<Address, Token>;
};

const isOwing = ({ terms, amount }: Booking): boolean => terms !== null && amount > 0n;

/** The place of a close in the tables `unbooked` and `accrual`. */
const placeOf = ({ close: { fact, subscription } }: Close) => ({
  subscriber_id: fact.subscriberId,
  subscription_id: subscription.id,
  account: fact.account,
  signature: fact.signature,
  slot: fact.position.slot,
  ordinal: fact.position.ordinal,
});

/**
 * Takes closes from those that wait to be booked. Returns those that waited and are not booked: a
 * daemon of an earlier release books a close and leaves its row waiting.
 */
async function taken(tx: Transaction, closes: readonly Close[]): Promise<Close[]> {
  const places = tx`jsonb_to_recordset(${tx.json(closes.map(placeOf))}) as c(subscriber_id text, subscription_id text,
    account text, signature text, slot bigint, ordinal int)`;
  // All daemons lock the rows in the same order, so that two of them cannot deadlock.
  const rows = await tx<{ subscriber_id: string; booked: boolean }[]>`
    with given as (select * from ${places}),
    due as (
      select u.* from unbooked u join given using (subscriber_id, account, signature, slot, ordinal)
      order by u.account, u.slot, u.signature, u.ordinal, u.subscriber_id for update of u),
    gone as (
      delete from unbooked u using due d where u.account = d.account and u.slot = d.slot and u.signature = d.signature
        and u.ordinal = d.ordinal and u.subscriber_id = d.subscriber_id
      returning u.subscriber_id)
    select g.subscriber_id, exists (select 1 from accrual a where a.subscriber_id = g.subscriber_id
      and a.subscription_id = g.subscription_id and a.signature = g.signature and a.slot = g.slot and a.ordinal = g.ordinal offset 0) as booked
    from gone join given g using (subscriber_id)`;
  const waited = new Set(rows.filter((row) => !row.booked).map((row) => row.subscriber_id));
  return closes.filter(({ close }) => waited.has(close.fact.subscriberId));
}

/** Writes the figures of parts. Throws `Overtaken` when one of them is on record. */
async function keepFigures(tx: Transaction, parts: readonly Part[]): Promise<void> {
  const rows = parts.map(({ booking, ...part }) => {
    const { terms, before, after } = booking;
    const { body } = part.close.fact;
    return {
      ...placeOf(part),
      terms_slot: termsSlotOf(booking),
      basis: terms?.basis ?? 'per_close',
      base: booking.base,
      opened_slot: booking.openedSlot,
      entry: booking.entry,
      opening_fee: booking.openingFee,
      net_pnl: booking.netPnl,
      share_bps: terms?.shareBps ?? 0,
      charged: booking.charged,
      amount: booking.amount,
      carry_before: before.carry,
      carry_after: after.carry,
      deficit_before: before.deficit,
      deficit_after: after.deficit,
      profit: terms?.profit ?? 'net',
      fees: booking.fees,
      hurdled: booking.hurdled,
      allowed: booking.allowed,
      ...countedColumns(before, after),
      market: body.kind === 'close' ? body.market : null,
      flat: part.accrued.flat,
    };
  });
  const kept = await tx`
    insert into accrual (subscriber_id, subscription_id, account, signature, slot, ordinal, terms_slot, basis, base, opened_slot,
      entry, opening_fee, net_pnl, share_bps, charged, amount, carry_before, carry_after, deficit_before, deficit_after, market, flat,
      profit, fees, hurdled, allowed, since_before, since_after, hurdled_before, hurdled_after, owed_before, owed_after,
      dealt_before, dealt_after)
    select subscriber_id, subscription_id, account, signature, slot, ordinal, terms_slot, basis, base, opened_slot,
      entry, opening_fee, net_pnl, share_bps, charged, amount, carry_before, carry_after, deficit_before, deficit_after, market, flat,
      profit, fees, hurdled, allowed, since_before, since_after, hurdled_before, hurdled_after, owed_before, owed_after,
      dealt_before, dealt_after
    from jsonb_to_recordset(${tx.json(toJson(rows))}) as a(subscriber_id text, subscription_id text, account text, signature text,
      slot bigint, ordinal int, terms_slot bigint, basis text, base bigint, opened_slot bigint, entry bigint, opening_fee bigint,
      net_pnl bigint, share_bps int, charged bigint, amount bigint, carry_before bigint, carry_after bigint, deficit_before bigint,
      deficit_after bigint, market int, flat boolean, profit text, fees bigint, hurdled bigint, allowed bigint, since_before bigint,
      since_after bigint, hurdled_before bigint, hurdled_after bigint, owed_before bigint, owed_after bigint, dealt_before bigint,
      dealt_after bigint)
    on conflict do nothing returning 1`;
  if (kept.length < parts.length) throw new Overtaken();
}

/**
 * Throws `Overtaken` when a subscription has other terms up to the slot of its close than those
 * that the close was computed under: they were changed since it was read. The rows of `keepFigures`
 * hold up a further change until the commit, so this statement is sent after them.
 */
async function requireTerms(tx: Transaction, closes: readonly Close[]): Promise<void> {
  const known = closes.map(({ close: { fact, subscription } }) => ({
    subscription_id: subscription.id,
    slot: fact.position.slot,
    terms: subscription.terms.filter((each) => each.fromSlot <= fact.position.slot).length,
  }));
  const changed = await tx`
    select 1 from jsonb_to_recordset(${tx.json(known)}) as g(subscription_id text, slot bigint, terms int)
    where g.terms <> (select count(*) from subscription_terms t where t.subscription_id = g.subscription_id and t.from_slot <= g.slot) limit 1`;
  if (changed.length > 0) throw new Overtaken();
}

/**
 * Inserts the shares of parts that owe something, with their events. A transfer that Bailiff did
 * not make may have paid such a debt before its close was booked: it waits for a match again.
 */
async function keepShares(
  tx: Transaction,
  parts: readonly Part[],
  { now, observing, tokens }: KeepOptions,
): Promise<void> {
  const rows: object[] = [];
  const debts: NewDebt[] = [];
  const all: EventOf<EventKind>[] = [];
  for (const { close, accrued, booking } of parts) {
    const { fact, subscription } = close;
    const { terms, netPnl } = booking;
    const token = tokens.get(fact.account);
    if (token === undefined) throw new Error(`account ${fact.account} is not watched`);
    if (terms === null) continue;
    const { subscriberId, signature, position } = fact;
    for (const { nth, wallet: creatorWallet, shareBps, amount } of booking.owed) {
      const id = shareIdOf(subscription.id, fact, termsSlotOf(booking), nth);
      const { share, events } = incurred(
        { id, subscriberId, creatorWallet, token, amount, observed: observing },
        { subscription: subscription.id, signature, slot: position.slot, netPnl, shareBps },
      );
      rows.push({
        ...placeOf({ close, accrued }),
        share_id: id,
        terms_slot: termsSlotOf(booking),
        recipient: nth,
        creator_wallet: creatorWallet,
        mint: token.mint,
        amount,
        observed: share.observed,
      });
      debts.push({ subscriberId, creatorWallet, mint: token.mint, slot: position.slot });
      all.push(...events);
    }
  }
  const inserting = tx`
    insert into profit_share (share_id, subscriber_id, subscription_id, signature, slot, ordinal, terms_slot, recipient, creator_wallet, mint, amount,
      observed, accrued_at, closed_at)
    select share_id, subscriber_id, subscription_id, signature, slot, ordinal, terms_slot, recipient, creator_wallet, mint, amount, observed, ${now},
      (select block_at from fact f where f.subscriber_id = s.subscriber_id and f.signature = s.signature and f.slot = s.slot
        and f.ordinal = s.ordinal and f.account = s.account)
    from jsonb_to_recordset(${tx.json(toJson(rows))}) as s(share_id text, subscriber_id text, subscription_id text, account text,
      signature text, slot bigint, ordinal int, terms_slot bigint, recipient int, creator_wallet text, mint text, amount bigint, observed boolean)`.execute();
  await Promise.all([inserting, tellAll(tx, all), waitAgain(tx, debts)]);
}

/**
 * Creates the function that books a close. It answers false when another daemon has booked the
 * close, or changed its tab, or its terms were changed, since it was read.
 */
export function createBooking(
  sql: Sql,
  now: Fragment,
  observing: boolean,
): (close: Close) => Promise<boolean> {
  const bookTogether = (closes: readonly Close[]): Promise<boolean[]> =>
    sql.begin(async (tx) => {
      const found = await taken(tx, closes);
      const booked = new Set(found);
      const all = found.flatMap((each) =>
        each.accrued.bookings.map((booking): Part => ({ ...each, booking })),
      );
      const owing = all.filter(({ booking }) => isOwing(booking));
      const owers = [...new Set(owing.map(({ close }) => close.fact.subscriberId))];
      const nthParts = (nth: number): Part[] =>
        found.flatMap((each) => {
          const booking = each.accrued.bookings[nth];
          return booking === undefined ? [] : [{ ...each, booking }];
        });
      const accounts = owing.map(({ close }) => close.fact.account);
      // One statement each, sent together: the debts are held before the others are answered.
      const [, , , , tokens] = await Promise.all([
        owers.length > 0 ? holdDebtsOf(tx, owers) : null,
        all.length > 0 ? keepFigures(tx, all) : null,
        all.length > 0 ? requireTerms(tx, found) : null,
        keepTabs(tx, nthParts(0)),
        accounts.length > 0 ? tokensOfAccounts(tx, accounts) : new Map<Address, Token>(),
      ]);
      // Further parts of a close may change the tab that its first part changed.
      for (let nth = 1; ; nth++) {
        const parts = nthParts(nth);
        if (parts.length === 0) break;
        await keepTabs(tx, parts);
      }
      if (owing.length > 0) {
        await keepShares(tx, owing, { now, observing, tokens });
        // A new debt makes the older debts due again, so that one payment can cover them together.
        const waiting = tx`s.subscriber_id = ${among(tx, owers)} and s.status = 'pending' and s.retry_at is not null`;
        await applyToShares(tx, { now, where: waiting }, () => ({ do: 'wake' }));
      }
      return closes.map((each) => booked.has(each));
    });
  return together<Close, boolean>(
    async (closes) => {
      try {
        return await bookTogether(closes);
      } catch (thrown) {
        // When one of several closes was overtaken, each is booked alone, so that only that one
        // fails.
        if (closes.length > 1 || !(thrown instanceof Overtaken)) throw thrown;
        return [false];
      }
    },
    {
      count: upToDistinct(BOOKED_TOGETHER, ({ close }) => close.fact.subscriberId),
    },
  );
}
