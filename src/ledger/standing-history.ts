// Standing history: reads, for several subscribers at once, the events from which their standings
// are judged: amounts owed, payments that discharged them, and value that left. A burst changes the
// standings of thousands in a few seconds, so that one query serves many of them.
import { creatorTransfers, creditEvents } from '../core/credit.ts';
import type { Address } from '../core/ids.ts';
import { leftEvents, type TopUpRule } from '../core/outflow.ts';
import type { StandingEvent } from '../core/standing.ts';
import { type Quotes, USDC } from '../core/token.ts';
import { readClearances } from './clearances.ts';
import type { Transaction } from './database.ts';
import { askedIds, grouped } from './groups.ts';
import {
  asOfRows,
  broughtDebts,
  broughtEvents,
  owedEvents,
  realised,
  unbookedHistories,
} from './standing-debts.ts';
import { appointedBy, creatorsOf, excessOf, outflowOf, outflowsOf } from './standing-outflows.ts';
import { readSubscriptions } from './subscriptions.ts';

/** The events of one subscriber, for the judge, and the quote tokens that they name. */
export type StandingHistory = {
  readonly events: readonly StandingEvent[];
  readonly quotes: Quotes;
};
export type HistoryOptions = {
  /** Whether observed debts count. */
  readonly observing: boolean;
  /** The rule that recognises the daemon's own swaps for SOL. */
  readonly topUp: TopUpRule | null;
  /** Every quote token; called with the mints that must be among them. */
  readonly quotesFor: (mints: readonly string[]) => Promise<Quotes>;
};

type DischargedRow = {
  subscriber_id: string;
  executed_slot: bigint;
  amount: bigint;
  creator_wallet: string;
  mint: Address;
};
/** The amounts that landed payments discharged, by recipient. */
const dischargedOf = (
  tx: Transaction,
  ids: readonly string[],
): Promise<readonly DischargedRow[]> => tx<DischargedRow[]>`
    select p.subscriber_id, p.executed_slot, r.amount - x.excess as amount, r.creator_wallet, mint
    from ${askedIds(tx, ids)} cross join lateral (
      select subscriber_id, payment_id, executed_slot, excess, mint from payment
      where subscriber_id = asked.id and state = 'landed' and purpose = 'share' offset 0) p
    join payment_recipient r using (subscriber_id, payment_id) cross join lateral (
      select ${excessOf(tx)} as excess) x
    where r.amount > x.excess`;
const dischargedEvent = (row: DischargedRow): StandingEvent => ({
  kind: 'discharged',
  at: { slot: Number(row.executed_slot), blockIndex: null, ordinal: 0 },
  amount: row.amount,
  creator: row.creator_wallet,
  mint: row.mint,
});

/**
 * Reads the histories of these subscribers: what is owed and discharged, value that left by their
 * own acts, and transfers to creators as far as they discharge debts.
 */
export async function readStandingHistories(
  tx: Transaction,
  ids: readonly string[],
  { observing, topUp, quotesFor }: HistoryOptions,
): Promise<ReadonlyMap<string, StandingHistory>> {
  // Sent together: none of them needs the answer of another. Each sees what was committed before it
  // began, so the payments come last: a payment that landed before value left is never missing
  // beside that value, nor beside the debt that it paid.
  const [outflowRows, closes, broughtRows, dischargedRows] = await Promise.all([
    outflowsOf(tx, ids),
    realised(tx, ids),
    broughtDebts(tx, ids),
    dischargedOf(tx, ids),
  ]);
  const unbooked = closes.filter((row) => row.shares === null);
  const booking =
    unbooked.length === 0
      ? []
      : await readSubscriptions(tx, { subscribers: [...new Set(unbooked.map(idOf))] });
  const subscriptions = grouped(asOfRows(booking, unbooked), (each) => each.subscriberId);
  const histories = await unbookedHistories(tx, unbooked, booking);
  const discharged = grouped(dischargedRows, idOf);
  const brought = grouped(broughtRows, idOf);
  const outflows = grouped(outflowRows, idOf);
  const leaving = [...outflows.keys()];
  const [creatorRows, appointedRows, clearances] =
    leaving.length === 0
      ? [[], [], new Map()]
      : await Promise.all([
          creatorsOf(tx, leaving),
          appointedBy(tx, leaving),
          readClearances(tx, leaving),
        ]);
  const creators = grouped(creatorRows, idOf);
  const appointed = grouped(appointedRows, idOf);
  const whos = (rows: readonly { who: string }[] = []): Set<string> =>
    new Set(rows.map((row) => row.who));
  const realisedBy = grouped(closes, idOf);
  const found = new Map<string, StandingHistory>();
  for (const id of ids) {
    const booked = realisedBy.get(id) ?? [];
    const closed = owedEvents(booked, subscriptions.get(id) ?? [], histories, observing);
    const carried = broughtEvents(brought.get(id) ?? [], observing);
    const claims = [...closed.claims, ...carried.claims];
    const paid = (discharged.get(id) ?? []).map(dischargedEvent);
    const history = [...closed.owed, ...carried.owed, ...paid];
    const quotes = await quotesFor(
      history.flatMap((each) => (each.kind === 'left' ? [] : [each.mint ?? USDC.mint])),
    );
    const own = (outflows.get(id) ?? []).map(outflowOf);
    if (own.length === 0) {
      found.set(id, { events: history, quotes });
      continue;
    }
    const creatorsHere = whos(creators.get(id));
    const transfers = creatorTransfers(own, creatorsHere, quotes);
    const credits = creditEvents(history, transfers, quotes, [...claims, ...paid]);
    const left = leftEvents(own, clearances.get(id) ?? [], quotes, {
      creators: creatorsHere,
      appointed: whos(appointed.get(id)),
      topUp,
      debts: [...history, ...credits],
    });
    found.set(id, { events: [...history, ...left, ...credits], quotes });
  }
  return found;
}

const idOf = (row: { subscriber_id: string }): string => row.subscriber_id;
