// Tabs: reads and writes the tabs that booked closes leave. A tab is the running balance of a
// subscription with one creator, from which the next close is charged. core/charge.ts says what a
// tab holds.
import type { Booking } from '../core/accrual.ts';
import { countedIn, type Tab, tabOf } from '../core/charge.ts';
import type { UnaccruedClose } from '../core/debt-ports.ts';
import { type Transaction, toJson } from './database.ts';

/** A row of the table, or the same in JSON with its numbers as text. */
export type TabRow<Count extends bigint | string = bigint> = {
  readonly mark_slot: Count;
  readonly carry: Count;
  readonly deficit: Count;
  readonly counted_since: Count;
  readonly hurdled: Count;
  readonly owed: Count;
  readonly dealt: Count;
};

/** The tabs of one subscription, by the slot of their mark. */
export const tabsIn = (rows: readonly TabRow<bigint | string>[]): Record<string, Tab> =>
  Object.fromEntries(
    rows.map(({ mark_slot, carry, deficit, counted_since, hurdled, owed, dealt }) => [
      String(mark_slot),
      tabOf(
        BigInt(carry),
        BigInt(deficit),
        { since: Number(counted_since), hurdled: BigInt(hurdled), owed: BigInt(owed) },
        BigInt(dealt),
      ),
    ]),
  );

/** A part of a close, as far as its tab needs it. */
type TabPart = {
  readonly close: Pick<UnaccruedClose, 'subscription'>;
  readonly booking: Pick<Booking, 'terms' | 'before' | 'after'>;
};

/**
 * Thrown when another daemon has booked a part of a close or changed a tab since it was read. The
 * close is then not booked, and is read again.
 */
export class Overtaken extends Error {}

/** The counts of a period before and after a part. */
export function countedColumns(before: Tab, after: Tab) {
  const [was, is] = [countedIn(before), countedIn(after)];
  return {
    since_before: was.since,
    hurdled_before: was.hurdled,
    owed_before: was.owed,
    since_after: is.since,
    hurdled_after: is.hurdled,
    owed_after: is.owed,
    dealt_before: before.dealt ?? 0n,
    dealt_after: after.dealt ?? 0n,
  };
}

/**
 * Writes the tabs that parts of different closes leave. Throws `Overtaken` when a tab is not the
 * one that its part was computed from.
 */
export async function keepTabs(tx: Transaction, parts: readonly TabPart[]): Promise<void> {
  const rows = parts.flatMap(({ close: { subscription }, booking: { terms, before, after } }) =>
    terms === null
      ? []
      : [
          {
            subscriber_id: subscription.subscriberId,
            subscription_id: subscription.id,
            mark_slot: terms.markSlot,
            carry: after.carry,
            deficit: after.deficit,
            carry_before: before.carry,
            deficit_before: before.deficit,
            ...countedColumns(before, after),
          },
        ],
  );
  if (rows.length === 0) return;
  const given = tx`jsonb_to_recordset(${tx.json(toJson(rows))}) as t(subscriber_id text, subscription_id text, mark_slot bigint,
    carry bigint, deficit bigint, carry_before bigint, deficit_before bigint, since_before bigint, since_after bigint,
    hurdled_before bigint, hurdled_after bigint, owed_before bigint, owed_after bigint, dealt_before bigint, dealt_after bigint)`;
  const kept = await tx`
    with given as (select * from ${given})
    insert into tab (subscriber_id, subscription_id, mark_slot, carry, deficit, counted_since, hurdled, owed, dealt)
    select subscriber_id, subscription_id, mark_slot, carry, deficit, since_after, hurdled_after, owed_after, dealt_after from given order by subscriber_id, subscription_id, mark_slot
    on conflict (subscriber_id, subscription_id, mark_slot) do update set carry = excluded.carry, deficit = excluded.deficit,
        counted_since = excluded.counted_since, hurdled = excluded.hurdled, owed = excluded.owed,
        dealt = excluded.dealt
      where (tab.carry, tab.deficit, tab.counted_since, tab.hurdled, tab.owed, tab.dealt)
        = (select g.carry_before, g.deficit_before, g.since_before, g.hurdled_before, g.owed_before, g.dealt_before from given g
        where g.subscription_id = tab.subscription_id and g.subscriber_id = tab.subscriber_id and g.mark_slot = tab.mark_slot)
    returning 1`;
  if (kept.length < rows.length) throw new Overtaken();
}
