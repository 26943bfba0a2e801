// Accrual: computes how much one close makes a subscriber owe a creator. Each part of a close
// follows the terms under which that part was opened. core/charge.ts tells what the profit of a
// part owes under its terms.
import { accrue, EMPTY_TAB, type Owed, profitOf, type Tab } from './charge.ts';
import type { Close, Reckoning } from './fact.ts';
import type { HeldAtStart } from './held.ts';
import type { Slot } from './ids.ts';
import { type Holdings, type Lot, type Movement, takeLots } from './lot.ts';
import { countedFor, hiddenFrom, lotsAfter, resync } from './lots.ts';
import { type BaseUnits, most, mulDivFloor } from './money.ts';
import { dearer, dearestBetween, type Terms } from './terms.ts';

/** A realised profit or loss: of one close, or of all closes that account state proves together. */
export type Realised = Close | Reckoning;

/** The fields of a subscription that accrual needs. */
export type Agreement = {
  readonly terms: readonly Terms[];
  /** The positions of the account when the first terms began, and the slot of that state. */
  readonly held: HeldAtStart;
  /**
   * Closes before this slot are never booked: they belong to the system that was used before.
   * Absent for a subscription that was not imported.
   */
  readonly booksFrom?: Slot;
  /**
   * Tabs by `markSlot` of the terms. A new wallet of the same creator continues the tab of the old
   * one.
   */
  readonly tabs: Readonly<Record<string, Tab>>;
};

/** One part of a close, as it is booked. */
export type Booking = {
  /**
   * Null when no terms applied to this part, or the subscription had ended: the part owes nothing.
   */
  readonly terms: Terms | null;
  /**
   * Base of this part in 1e9, and the slot in which its first lot was opened; null when the profit
   * is known from account state only.
   */
  readonly base: bigint | null;
  readonly openedSlot: Slot | null;
  /**
   * The quote paid to open this part, or received when it is short; null when the venue's own entry
   * applies to the whole close.
   */
  readonly entry: BaseUnits | null;
  /** Fees of opening the closed base. `netPnl` is net of them. */
  readonly openingFee: BaseUnits;
  readonly netPnl: BaseUnits;
  /**
   * All fees that `netPnl` is net of, as far as they are known: those of opening, and this part's
   * of closing. The fees of closing without a record cannot be told apart from the profit.
   */
  readonly fees: BaseUnits;
  readonly charged: BaseUnits;
  readonly hurdled: BaseUnits;
  readonly allowed: BaseUnits | null;
  readonly amount: BaseUnits;
  /** The parts of the amount by recipient, each above zero; they add up to it. */
  readonly owed: readonly Owed[];
  readonly before: Tab;
  readonly after: Tab;
};

type Part = Pick<
  Booking,
  'terms' | 'base' | 'openedSlot' | 'entry' | 'openingFee' | 'netPnl' | 'fees'
>;

/** The lots that a close takes under the same terms. */
type Group = Pick<Lot, 'terms' | 'base' | 'openedSlot' | 'entry' | 'fee'>;

function groupsOf(taken: readonly Lot[]): Group[] {
  const groups = new Map<Slot, Group>();
  for (const { terms, base, openedSlot, entry, fee } of taken) {
    const key = terms?.fromSlot ?? -1;
    const known = groups.get(key);
    groups.set(key, {
      terms,
      base: base + (known?.base ?? 0n),
      openedSlot: Math.min(openedSlot, known?.openedSlot ?? openedSlot),
      entry: entry === null || known?.entry === null ? null : entry + (known?.entry ?? 0n),
      fee: fee + (known?.fee ?? 0n),
    });
  }
  return [...groups.values()].sort((a, b) => a.openedSlot - b.openedSlot);
}

/**
 * The parts of a close. When all open lots were opened under the same terms, the venue's figures
 * apply to the one part. Otherwise the venue's average entry mixes old and new prices. Each part is
 * then worth its share of the proceeds less the quote paid to open it. The difference from the
 * venue's figure goes to a part without terms. The parts add up to the venue's profit less all
 * opening fees.
 */
function partsOfClose(
  close: Close,
  slot: Slot,
  { terms, held }: Agreement,
  holdings: Holdings,
): Part[] {
  const { lots, hidden } = holdings;
  const { unexplained, ...found } = takeLots(lots, close);
  // Base that no lot explains was opened where it could not be read, or in this slot at the latest.
  // Where history is read from the first terms on and nothing in it was unreadable, such base was
  // opened before them.
  const earlier = held.open === 'from_slot' && hidden.length === 0;
  const unseen: Lot = {
    market: close.market,
    position: close.position,
    terms: earlier ? null : dearestBetween(terms, hidden[0] ?? slot, hidden.at(-1) ?? slot),
    openedSlot: earlier ? held.slot : (hidden[0] ?? slot),
    base: unexplained,
    entry: null,
    fee: 0n,
  };
  const taken = unexplained > 0n ? [...found.taken, unseen] : found.taken;
  const groups = groupsOf(taken);
  const open = lots.filter((lot) => lot.market === close.market && lot.position === close.position);
  const keys = new Set([...open, ...taken].map((lot) => lot.terms?.fromSlot ?? -1));
  const whole = close.netPnl - groups.reduce((sum, each) => sum + each.fee, 0n);
  // Where history begins with the terms, an older position may still be in the venue's average.
  const alone = held.open !== 'from_slot' || explains(holdings, close);
  if (keys.size === 1 && alone)
    return groups.map(({ terms: under, base, openedSlot, fee }) => ({
      terms: under,
      base,
      openedSlot,
      entry: null,
      openingFee: fee,
      netPnl: whole,
      fees: close.fee + fee,
    }));
  // Each share is the difference of two rounded running sums, so that the shares add up to the
  // whole.
  let running = 0n;
  const share = (amount: bigint, base: bigint): bigint =>
    mulDivFloor(amount, running + base, close.baseClosed) -
    mulDivFloor(amount, running, close.baseClosed);
  const parts = groups.map(({ terms: under, base, openedSlot, entry, fee }): Part => {
    const proceeds = share(close.proceeds, base);
    const paid = entry ?? share(close.entry, base);
    const gross = close.position === 'long' ? proceeds - paid : paid - proceeds;
    const fees = share(close.fee, base) + fee;
    running += base;
    return {
      terms: under,
      base,
      openedSlot,
      entry: paid,
      openingFee: fee,
      netPnl: gross - fees,
      fees,
    };
  });
  const agreed = parts.filter((part) => part.terms !== null);
  const rest = parts.find((part) => part.terms === null) ?? {
    terms: null,
    base: 0n,
    openedSlot: null,
    entry: null,
    openingFee: 0n,
    netPnl: 0n,
    fees: 0n,
  };
  const netPnl = whole - agreed.reduce((sum, part) => sum + part.netPnl, 0n);
  return netPnl === 0n && rest.base === 0n ? agreed : [{ ...rest, netPnl }, ...agreed];
}

/**
 * The one part of a profit behind a cut log. It falls under the dearest of these terms: those in
 * force at any slot in which the profit may have been realised, and those of the lots that were
 * closed there. Where the positions were not read, the terms of all lots count. The fees of opening
 * the closed lots are deducted, as for a recorded close.
 */
function partsOfReckoning(
  reckoning: Reckoning,
  slot: Slot,
  { terms }: Agreement,
  holdings: Holdings,
): Part[] {
  const from = hiddenFrom(holdings, { slot, afterSlot: reckoning.afterSlot });
  const counted = countedFor(holdings, reckoning);
  const closed =
    reckoning.held === null ? [] : resync(counted, reckoning.held, from, slot, terms).closed;
  const concerned = reckoning.held === null ? holdings.lots : closed;
  const under = concerned.reduce<Terms | null>(
    (found, lot) => dearer(found, lot.terms),
    dearestBetween(terms, from, slot),
  );
  const openingFee = closed.reduce((sum, lot) => sum + lot.fee, 0n);
  return [
    {
      terms: under,
      base: null,
      openedSlot: null,
      entry: null,
      openingFee,
      netPnl: reckoning.netPnl - openingFee,
      fees: openingFee,
    },
  ];
}

/**
 * Whether the entry in a close's record equals the entry computed from the lots. It proves that
 * every opening before it was heard.
 */
export function explains({ averages, lots }: Holdings, close: Close): boolean {
  const known = averages.get(close.market);
  if (known === undefined || known.entry === null) return false;
  const size = known.base < 0n ? -known.base : known.base;
  if (known.base < 0n !== (close.position === 'short') || size < close.baseClosed) return false;
  return (
    takeLots(lots, close).unexplained === 0n &&
    mulDivFloor(known.entry, close.baseClosed, size) === close.entry
  );
}

export type Accrued = {
  readonly bookings: readonly Booking[];
  /**
   * Whether the record shows that everything before the close in its market was heard; false for a
   * reckoning.
   */
  readonly explained: boolean;
  /**
   * Whether the account holds nothing in the market after the close, so that later closes need no
   * earlier history. False where `explained` is false, and where lots of the market were closed in
   * transactions that could not be read: their reckoning is not made yet, and needs that history.
   */
  readonly flat: boolean;
};

/**
 * The bookings of a close or reckoning, part by part, each under the terms in force when that part
 * was opened; the lot opened last is closed first. Empty before the slot `booksFrom`. `history`
 * holds the movements of the account's positions before the close or reckoning, in chain order.
 */
export function accrualOf(
  realised: Realised,
  slot: Slot,
  agreement: Agreement,
  history: readonly Movement[],
): Accrued {
  if (slot < (agreement.booksFrom ?? 0)) return { bookings: [], explained: false, flat: false };
  const own = realised.kind === 'reckoning' ? realised : null;
  const holdings = lotsAfter(agreement.held, history, agreement.terms, own);
  const parts =
    realised.kind === 'close'
      ? partsOfClose(realised, slot, agreement, holdings)
      : partsOfReckoning(realised, slot, agreement, holdings);
  const tabs: Record<string, Tab> = { ...agreement.tabs };
  const bookings = parts.map((part): Booking => {
    const { terms, netPnl } = part;
    if (terms === null)
      return {
        ...part,
        charged: most(netPnl, 0n),
        hurdled: 0n,
        allowed: null,
        amount: 0n,
        owed: [],
        before: EMPTY_TAB,
        after: EMPTY_TAB,
      };
    const before = tabs[terms.markSlot] ?? EMPTY_TAB;
    const { tab: after, ...charge } = accrue(profitOf(part, terms.profit), slot, terms, before);
    tabs[terms.markSlot] = after;
    return { ...part, ...charge, before, after };
  });
  if (realised.kind === 'reckoning') return { bookings, explained: false, flat: false };
  const explained = explains(holdings, realised);
  const known = holdings.averages.get(realised.market)?.base ?? 0n;
  const isEmptied = (known < 0n ? -known : known) === realised.baseClosed;
  const isDropped = (holdings.dropped ?? []).some((lot) => lot.market === realised.market);
  const flat = explained && isEmptied && !isDropped;
  return { bookings, explained, flat };
}

/** Only the bookings of `accrualOf`. */
export const bookingsOf = (...given: Parameters<typeof accrualOf>): readonly Booking[] =>
  accrualOf(...given).bookings;

/** The tabs after these bookings, by `markSlot` of the terms. */
export function tabsAfter(
  tabs: Agreement['tabs'],
  bookings: readonly Booking[],
): Agreement['tabs'] {
  const next = { ...tabs };
  for (const { terms, after } of bookings) if (terms !== null) next[terms.markSlot] = after;
  return next;
}
