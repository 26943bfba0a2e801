// Subscriptions: stores which Drift account copies which creator, with all terms and the slots from
// which they hold.
import { Fault } from '../core/fault.ts';
import type { OpenAtStart } from '../core/held.ts';
import type { Address } from '../core/ids.ts';
import type { Subscriptions } from '../core/ports.ts';
import { recipientsOf, type Split } from '../core/split.ts';
import type { Subscription } from '../core/subscription.ts';
import { type Basis, type Profit, sameTerms, type Terms } from '../core/terms.ts';
import { type Fragment, type Sql, type Transaction, toJson, violates } from './database.ts';
import { heldOf } from './facts.ts';
import { among, grouped } from './groups.ts';
import { type TabRow, tabsIn } from './tabs.ts';

type Row = {
  subscription_id: string;
  subscriber_id: string;
  drift_account: Address;
  held: unknown;
  held_slot: bigint;
  open_at_start: OpenAtStart;
  books_from: bigint;
};
type TermsRow = {
  subscription_id: string;
  from_slot: bigint;
  creator_wallet: Address;
  share_bps: number;
  basis: Basis;
  minimum_payment: bigint;
  off_curve: boolean;
  expires_after_ms: bigint | null;
  ended: boolean;
  mark_slot: bigint;
  profit: Profit;
  hurdle: bigint;
  cap_per_close: bigint | null;
  cap_per_period: bigint | null;
  period_slots: bigint | null;
  free_before_slot: bigint;
};

type SplitRow = Pick<
  TermsRow,
  'subscription_id' | 'from_slot' | 'creator_wallet' | 'share_bps' | 'minimum_payment' | 'off_curve'
> & { label: string | null };

const termsOf = (row: TermsRow, splits: readonly SplitRow[]): Terms => ({
  fromSlot: Number(row.from_slot),
  creatorWallet: row.creator_wallet,
  shareBps: row.share_bps,
  basis: row.basis,
  minimumPayment: row.minimum_payment,
  offCurve: row.off_curve,
  expiresAfterMs: row.expires_after_ms === null ? null : Number(row.expires_after_ms),
  ended: row.ended,
  markSlot: Number(row.mark_slot),
  profit: row.profit,
  hurdle: row.hurdle,
  capPerClose: row.cap_per_close,
  capPerPeriod: row.cap_per_period,
  periodSlots: row.period_slots === null ? null : Number(row.period_slots),
  freeBeforeSlot: Number(row.free_before_slot),
  splits: splits
    .filter((each) => each.from_slot === row.from_slot)
    .map((each) => ({
      wallet: each.creator_wallet,
      shareBps: each.share_bps,
      minimumPayment: each.minimum_payment,
      offCurve: each.off_curve,
      label: each.label,
    })),
});

/** Reads subscriptions with all their terms and tabs, of these subscribers or by these ids. */
export async function readSubscriptions(
  sql: Sql | Transaction,
  where:
    | { readonly subscribers: readonly string[] }
    | { readonly subscriptions: readonly string[] },
): Promise<Subscription[]> {
  const condition =
    'subscribers' in where
      ? sql`subscriber_id = ${among(sql, where.subscribers)}`
      : sql`subscription_id = ${among(sql, where.subscriptions)}`;
  const rows = await sql<Row[]>`
    select subscription_id, subscriber_id, drift_account, held, held_slot, open_at_start, books_from from subscription
    where ${condition} order by subscription_id`;
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.subscription_id);
  const terms = await sql<TermsRow[]>`
    select * from subscription_terms where subscription_id = ${among(sql, ids)} order by from_slot`;
  const splits = await sql<SplitRow[]>`
    select * from terms_split where subscription_id = ${among(sql, ids)} order by from_slot, nth`;
  const tabs = await sql<(TabRow & { subscription_id: string })[]>`
    select subscription_id, mark_slot, carry, deficit, counted_since, hurdled, owed, dealt from tab where subscription_id = ${among(sql, ids)} order by mark_slot`;
  const termsBy = grouped(terms, (each) => each.subscription_id);
  const splitsBy = grouped(splits, (each) => each.subscription_id);
  const tabsBy = grouped(tabs, (each) => each.subscription_id);
  return rows.map((row) => ({
    id: row.subscription_id,
    subscriberId: row.subscriber_id,
    driftAccount: row.drift_account,
    held: {
      slot: Number(row.held_slot),
      positions: heldOf(row.held) ?? [],
      ...(row.open_at_start === 'free' ? {} : { open: row.open_at_start }),
    },
    ...(row.books_from === 0n ? {} : { booksFrom: Number(row.books_from) }),
    tabs: tabsIn(tabsBy.get(row.subscription_id) ?? []),
    terms: (termsBy.get(row.subscription_id) ?? []).map((each) =>
      termsOf(each, splitsBy.get(row.subscription_id) ?? []),
    ),
  }));
}

/** Writes the splits of terms that were just added. */
export async function keepSplits(
  tx: Transaction,
  of: readonly {
    readonly subscriberId: string;
    readonly id: string;
    readonly fromSlot: number;
    readonly splits: readonly Split[];
  }[],
): Promise<void> {
  const rows = of.flatMap(({ subscriberId, id, fromSlot, splits }) =>
    splits.map((each, nth) => ({
      subscriber_id: subscriberId,
      subscription_id: id,
      from_slot: fromSlot,
      nth: nth + 1,
      creator_wallet: each.wallet,
      share_bps: each.shareBps,
      minimum_payment: each.minimumPayment,
      off_curve: each.offCurve,
      label: each.label,
    })),
  );
  if (rows.length === 0) return;
  await tx`
    insert into terms_split (subscriber_id, subscription_id, from_slot, nth, creator_wallet, share_bps, minimum_payment, off_curve, label)
    select * from jsonb_to_recordset(${tx.json(toJson(rows))}) as s(subscriber_id text, subscription_id text, from_slot bigint, nth int,
      creator_wallet text, share_bps int, minimum_payment bigint, off_curve boolean, label text)`;
}

/**
 * The first slot after every booked close of the subscription of a row; 0 where none is booked.
 */
export const afterBooked = (tx: Transaction, row: Fragment): Fragment => tx`
  (select coalesce(max(a.slot) + 1, 0) from accrual a
    where a.subscriber_id = ${row}.subscriber_id and a.subscription_id = ${row}.subscription_id)`;

/** Creates the store of subscriptions. */
export function createSubscriptions(sql: Sql): Subscriptions {
  return {
    async put({ id, subscriberId, driftAccount, terms, held, basedOn }) {
      try {
        return await sql.begin(async (tx) => {
          await tx`
            insert into subscription (subscription_id, subscriber_id, drift_account, held, held_slot)
            values (${id}, ${subscriberId}, ${driftAccount}, ${tx.json(toJson(held.positions))}, ${held.slot})
            on conflict (subscription_id) do update set held = excluded.held, held_slot = excluded.held_slot,
              open_at_start = 'free', dormant = false
              where subscription.dormant`;
          const [known] = await tx<
            Row[]
          >`select * from subscription where subscription_id = ${id} for update`;
          if (known?.subscriber_id !== subscriberId || known.drift_account !== driftAccount) {
            throw new Fault(
              'conflict',
              `Subscription ${id} is of another subscriber or Drift account. Use a new id.`,
            );
          }
          const [latest] = await tx<TermsRow[]>`
            select * from subscription_terms where subscription_id = ${id} order by from_slot desc limit 1`;
          const began = latest === undefined ? null : Number(latest.from_slot);
          if (basedOn !== undefined && basedOn !== began) return null;
          const before = await tx<SplitRow[]>`
            select * from terms_split where subscription_id = ${id} and from_slot = ${began} order by nth`;
          if (latest === undefined || !sameTerms(termsOf(latest, before), terms)) {
            // A close that is booked already stays under the terms that it was booked under.
            const [after] = await tx<{ slot: bigint }[]>`
              select ${afterBooked(tx, tx`s`)} as slot from subscription s where subscription_id = ${id}`;
            const fromSlot = Math.max(terms.fromSlot, (began ?? -1) + 1, Number(after?.slot ?? 0));
            const markSlot = terms.markSlot === terms.fromSlot ? fromSlot : terms.markSlot;
            await tx`
              insert into subscription_terms (subscriber_id, subscription_id, from_slot, creator_wallet, share_bps, basis, minimum_payment,
                off_curve, expires_after_ms, ended, mark_slot, profit, hurdle, cap_per_close, cap_per_period, period_slots, free_before_slot)
              values (${subscriberId}, ${id}, ${fromSlot}, ${terms.creatorWallet}, ${terms.shareBps}, ${terms.basis}, ${terms.minimumPayment},
                ${terms.offCurve}, ${terms.expiresAfterMs}, ${terms.ended}, ${markSlot}, ${terms.profit}, ${terms.hurdle},
                ${terms.capPerClose}, ${terms.capPerPeriod}, ${terms.periodSlots}, ${terms.freeBeforeSlot})`;
            await keepSplits(tx, [{ subscriberId, id, fromSlot, splits: terms.splits }]);
            // Closes before the first terms, and closes before `books_from` of an import, are never
            // booked. A subscriber who leaves and returns keeps its `books_from`: an earlier close
            // was settled by the other system.
            const booksFrom = latest === undefined ? fromSlot : Number(known.books_from);
            if (booksFrom > 0)
              await tx`delete from unbooked where account = ${driftAccount} and slot < ${booksFrom}`;
          }
          const [saved] = await readSubscriptions(tx, { subscriptions: [id] });
          if (saved === undefined) throw new Error(`subscription ${id} vanished`);
          return saved;
        });
      } catch (thrown) {
        if (violates(thrown, 'subscription_drift_account_key')) {
          throw new Fault(
            'conflict',
            'This Drift account already has a subscription. Change its terms instead.',
            { cause: thrown },
          );
        }
        if (violates(thrown, 'subscription_terms_no_agent'))
          throw new Fault(
            'creator_is_agent',
            `${recipientsOf(terms)
              .map((each) => each.wallet)
              .join(
                ' or ',
              )} is an agent wallet, or an account of one: a share paid there would come back to a subscriber. Give the creator's own wallet.`,
            { cause: thrown },
          );
        throw thrown;
      }
    },
    find: async (id) => (await readSubscriptions(sql, { subscriptions: [id] }))[0] ?? null,
    ofSubscriber: (subscriberId) => readSubscriptions(sql, { subscribers: [subscriberId] }),
  };
}
