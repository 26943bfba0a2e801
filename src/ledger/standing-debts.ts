// Standing debts: reads, for several subscribers at once, the amounts owed from which their
// standings are judged: of booked closes, of closes that are not booked yet, and of debts that were
// brought from another system.
import { bookingsOf, tabsAfter } from '../core/accrual.ts';
import type { Address, Signature } from '../core/ids.ts';
import type { BaseUnits } from '../core/money.ts';
import type { Share } from '../core/share.ts';
import { countedOf } from '../core/share-due.ts';
import type { StandingEvent } from '../core/standing.ts';
import type { Subscription } from '../core/subscription.ts';
import { USDC } from '../core/token.ts';
import type { Fragment, Transaction } from './database.ts';
import { type Place, positionOf } from './fact-places.ts';
import { readBody } from './facts.ts';
import { askedIds, grouped } from './groups.ts';
import { type Before, readHistories } from './movements.ts';
import { type TabRow, tabsIn } from './tabs.ts';

/** A booked share, with its amounts as decimal text. */
type BookedJson = Pick<Share, 'status' | 'observed'> & {
  readonly creator: Address;
  readonly mint: Address;
  readonly amount: string;
  readonly paid: string;
};
export type RealisedRow = Place & {
  kind: 'close' | 'reckoning';
  /** The shares that are booked for this fact; null when it is not booked. */
  shares: BookedJson[] | null;
  /** Of a fact that is not booked: the tabs of its subscription then. Null for a booked one. */
  tabs: TabRow<string>[] | null;
  /** The mint of the account's venue. */
  mint: Address;
  /** The place from which on a reckoning is owed, where it is not that of the fact; else null. */
  owed_from: (Pick<Place, 'block_index' | 'signature' | 'ordinal'> & { slot: number }) | null;
};
/**
 * The place from which on a reckoning `f` is owed: the first transaction that could not be read and
 * may have traded, and in it the first such call, of those between the two states. Any of these
 * transactions may have made the profit. Value that left after the first of them counts as taken by
 * a debtor, although a later one may have made the profit. Places before the first terms, or from
 * before the books of an import, owe nothing.
 */
const owedFrom = (tx: Transaction): Fragment => tx`
  (select jsonb_build_object('slot', u.slot, 'block_index', u.block_index, 'signature', u.signature,
      'ordinal', coalesce((u.body->>'tradedFrom')::int, (u.body->>'tradedAt')::int))
    from fact u where u.account = f.account and u.subscriber_id = f.subscriber_id and u.kind = 'unknown' and u.finality <> 'withdrawn'
      and u.slot > (f.body->>'afterSlot')::bigint and u.slot <= (f.body->>'uptoSlot')::bigint and u.body->>'tradedAt' is not null
      and u.slot >= (select greatest(n.books_from, min(t.from_slot)) from subscription n join subscription_terms t using (subscriber_id, subscription_id)
        where n.drift_account = f.account group by n.books_from)
    order by u.slot, u.block_index nulls last, u.signature limit 1)`;

/**
 * The tabs of the subscription of fact `f`. They are read in the statement that reads which facts
 * are booked: with a tab of a later moment, a close that was booked in between would count twice.
 */
const tabsThen = (tx: Transaction): Fragment => tx`
  (select coalesce(jsonb_agg(jsonb_build_object('mark_slot', t.mark_slot::text, 'carry', t.carry::text, 'deficit', t.deficit::text,
      'counted_since', t.counted_since::text, 'hurdled', t.hurdled::text, 'owed', t.owed::text, 'dealt', t.dealt::text)), '[]')
    from subscription n join tab t using (subscriber_id, subscription_id) where n.drift_account = f.account)`;

/** The closes and reckonings of these subscribers, with the shares that are booked for them. */
export const realised = (
  tx: Transaction,
  ids: readonly string[],
): Promise<readonly RealisedRow[]> => tx<RealisedRow[]>`
    select f.subscriber_id, f.account, f.signature, f.slot, f.block_index, f.ordinal, f.kind, f.body, a.shares,
      coalesce((select v.mint from account n join venue v on v.name = n.venue where n.address = f.account), ${USDC.mint}) as mint,
      case when f.kind = 'reckoning' then ${owedFrom(tx)} end as owed_from,
      case when a.shares is null then ${tabsThen(tx)} end as tabs
    from ${askedIds(tx, ids)} cross join lateral (
      select * from fact where subscriber_id = asked.id and kind in ('close', 'reckoning') and finality <> 'withdrawn' offset 0) f
    left join lateral (
      select coalesce(jsonb_agg(jsonb_build_object('creator', s.creator_wallet, 'mint', s.mint,
          'status', s.status, 'observed', s.observed, 'amount', s.amount::text, 'paid', s.paid::text)
          order by s.terms_slot, s.recipient) filter (where s.share_id is not null), '[]') as shares
      from accrual a left join lateral (
        select * from profit_share where subscriber_id = a.subscriber_id and subscription_id = a.subscription_id and signature = a.signature offset 0) s
        on (s.slot, s.ordinal, s.terms_slot) = (a.slot, a.ordinal, a.terms_slot)
      where a.subscriber_id = f.subscriber_id and a.signature = f.signature and a.slot = f.slot and a.ordinal = f.ordinal
        and a.account = f.account having count(*) > 0) a on true
    order by f.slot, f.block_index nulls last, f.signature, f.ordinal`;

/**
 * The amounts owed: booked shares, and for closes that are not booked yet the shares that they will
 * make. Of a voided share, and of an observed one where those do not count, only the paid part
 * counts in `owed`. `claims` holds the whole amounts, which count for transfers to the creator.
 */
export function owedEvents(
  rows: readonly RealisedRow[],
  own: readonly Subscription[],
  histories: ReadonlyMap<RealisedRow, Before>,
  observing: boolean,
): { owed: StandingEvent[]; claims: StandingEvent[] } {
  let subscriptions = own;
  const events: StandingEvent[] = [];
  const claims: StandingEvent[] = [];
  for (const row of rows) {
    let owed = (row.shares ?? []).map(({ creator, mint, ...booked }) => {
      const share = { ...booked, amount: BigInt(booked.amount), paid: BigInt(booked.paid) };
      return { creator, mint, amount: countedOf(share, observing), claim: share.amount };
    });
    const subscription = subscriptions.find((each) => each.driftAccount === row.account);
    if (row.shares === null && subscription !== undefined) {
      const before = histories.get(row);
      const { realised = readBody(row.kind, row.body), moves = [] } = before ?? {};
      const bookings = bookingsOf(realised, positionOf(row).slot, subscription, moves);
      owed = bookings.flatMap((each) =>
        each.owed.map(({ wallet: creator, amount }) => ({
          creator,
          mint: row.mint,
          amount,
          claim: amount,
        })),
      );
      const after = { ...subscription, tabs: tabsAfter(subscription.tabs, bookings) };
      subscriptions = subscriptions.map((each) => (each === subscription ? after : each));
    }
    const at = positionOf(
      row.owed_from === null ? row : { ...row.owed_from, slot: BigInt(row.owed_from.slot) },
    );
    for (const { creator, mint, amount, claim } of owed) {
      if (amount > 0n) events.push({ kind: 'owed', at, amount, creator, mint });
      if (claim > 0n) claims.push({ kind: 'owed', at, amount: claim, creator, mint });
    }
  }
  return { owed: events, claims };
}

type BroughtRow = Pick<Share, 'status' | 'observed' | 'amount' | 'paid'> & {
  subscriber_id: string;
  share_id: string;
  slot: bigint;
  creator: Address;
  mint: Address;
};
/** The debts that were brought from another system. */
export const broughtDebts = (
  tx: Transaction,
  ids: readonly string[],
): Promise<readonly BroughtRow[]> => tx<BroughtRow[]>`
    select subscriber_id, share_id, slot, creator_wallet as creator, mint, status, observed, amount, paid
    from ${askedIds(tx, ids)} cross join lateral (
      select * from profit_share where subscriber_id = asked.id and brought is not null offset 0) s order by share_id`;

/** The amounts of such debts that are owed, and those that count for transfers to the creator. */
export function broughtEvents(
  rows: readonly BroughtRow[],
  observing: boolean,
): { owed: StandingEvent[]; claims: StandingEvent[] } {
  const events = (of: (row: BroughtRow) => BaseUnits): StandingEvent[] =>
    rows
      .filter((row) => of(row) > 0n)
      .map((row) => ({
        kind: 'owed',
        at: {
          slot: Number(row.slot),
          blockIndex: null,
          ordinal: 0,
          signature: row.share_id as Signature,
        },
        amount: of(row),
        creator: row.creator,
        mint: row.mint,
      }));
  return { owed: events((row) => countedOf(row, observing)), claims: events((row) => row.amount) };
}

/** These subscriptions with the tabs that they had when the rows of unbooked closes were read. */
export function asOfRows(
  subscriptions: readonly Subscription[],
  rows: readonly RealisedRow[],
): Subscription[] {
  const tabsOf = new Map(rows.map((row) => [row.account, row.tabs]));
  return subscriptions.map((each) => ({
    ...each,
    tabs: tabsIn(tabsOf.get(each.driftAccount) ?? []),
  }));
}

/** The movements before each of these closes, which are not booked yet. */
export async function unbookedHistories(
  tx: Transaction,
  rows: readonly RealisedRow[],
  subscriptions: readonly Subscription[],
): Promise<ReadonlyMap<RealisedRow, Before>> {
  const byAccount = grouped(rows, (row) => row.account);
  const own = subscriptions.filter(({ driftAccount }) => byAccount.has(driftAccount));
  const closesOf = (account: Address) => byAccount.get(account) ?? [];
  const histories = await readHistories(
    tx,
    own.map(({ driftAccount: account, held }) => ({
      account,
      since: held.slot,
      closes: closesOf(account).map((row) => ({
        signature: row.signature,
        position: positionOf(row),
        body: readBody(row.kind, row.body),
      })),
    })),
  );
  return new Map(
    own.flatMap(({ driftAccount }, nth) =>
      closesOf(driftAccount).flatMap((row, index) => {
        const before = histories[nth]?.[index];
        return before === undefined ? [] : [[row, before] as const];
      }),
    ),
  );
}
