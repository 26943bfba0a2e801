// Accrual: what one close makes a subscriber owe a creator. Each part of it follows the terms under
// which that part was opened, and is net of the fees of opening and closing it. The fraction of a
// base unit that floor division leaves is carried, so that many small wins are worth exactly as
// much as one large one; and where the terms say so, losses are carried forward and made good
// first.
import type { Close, Held, Reckoning } from './fact.ts';
import { unreachable } from './fault.ts';
import type { Slot } from './ids.ts';
import {
  type Holdings,
  hiddenFrom,
  type Lot,
  lotsAfter,
  type Movement,
  resync,
  takeLots,
} from './lots.ts';
import { type BaseUnits, BPS_WHOLE, most, mulDivFloor } from './money.ts';
import { dearer, dearestBetween, type Terms } from './terms.ts';

/** What a subscription has running with one creator. */
export type Tab = {
  /** Dust, in ten-thousandths of a base unit: 0 to 9,999. */
  readonly carry: bigint;
  /** Losses since the last peak that are not made good yet. */
  readonly deficit: BaseUnits;
};
export const EMPTY_TAB: Tab = { carry: 0n, deficit: 0n };

/** A profit or loss that became real: of one close, or of several that only account state tells. */
export type Realised = Close | Reckoning;

/**
 * What a profit or loss makes owed: amount = floor((charged × bps + carry) / 10,000), the remainder
 * is the new carry. Charged is the profit; with a high-water mark, what of it exceeds the deficit,
 * which losses raise and wins lower.
 */
export function accrue(
  netPnl: BaseUnits,
  { shareBps, basis }: Pick<Terms, 'shareBps' | 'basis'>,
  tab: Tab,
): { charged: BaseUnits; amount: BaseUnits; tab: Tab } {
  let charged: BaseUnits;
  let { deficit } = tab;
  switch (basis) {
    case 'per_close':
      charged = most(netPnl, 0n);
      break;
    case 'high_water_mark':
      charged = most(netPnl - tab.deficit, 0n);
      deficit = most(tab.deficit - netPnl, 0n);
      break;
    default:
      return unreachable(basis);
  }
  const exact = charged * BigInt(shareBps) + tab.carry;
  return { charged, amount: exact / BPS_WHOLE, tab: { carry: exact % BPS_WHOLE, deficit } };
}

/** A subscription as accrual sees it. */
export type Agreement = {
  readonly terms: readonly Terms[];
  /** What the account held when the first terms began, and as of which slot. */
  readonly held: { readonly slot: Slot; readonly positions: readonly Held[] };
  /**
   * By `markSlot` of the terms: a new wallet of the same creator goes on with the tab of the old
   * one.
   */
  readonly tabs: Readonly<Record<string, Tab>>;
};

/**
 * Whether every part of every close falls under the same terms, and no loss is carried from one
 * close to the next.
 */
export function isPlain({ terms, held }: Pick<Agreement, 'terms' | 'held'>): boolean {
  return terms.length === 1 && held.positions.length === 0 && terms[0]?.basis === 'per_close';
}

/** One part of a close, as it is booked. */
export type Booking = {
  /** Null when nothing was agreed for it, or the subscription had ended: it owes nothing. */
  readonly terms: Terms | null;
  /**
   * Base of this part in 1e9, and where the first of it was opened; null where only account state
   * tells.
   */
  readonly base: bigint | null;
  readonly openedSlot: Slot | null;
  /**
   * What opening it cost, or brought when short; null where the venue's entry for the whole close
   * is the part's.
   */
  readonly entry: BaseUnits | null;
  /** Fees of opening what was closed. They are deducted in `netPnl`. */
  readonly openingFee: BaseUnits;
  readonly netPnl: BaseUnits;
  readonly charged: BaseUnits;
  readonly amount: BaseUnits;
  readonly before: Tab;
  readonly after: Tab;
};

type Part = Pick<Booking, 'terms' | 'base' | 'openedSlot' | 'entry' | 'openingFee' | 'netPnl'>;
/** Lots that a close takes under the same terms. */
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
 * The parts of a close. Where everything that is open was opened under the same terms, the venue's
 * figures are the part's. Where not, the venue's average entry mixes old and new prices: each part
 * is then worth what was paid for it, less what was paid to open it, and the difference from the
 * venue's figure belongs to no terms. Parts add up to the venue's profit less all opening fees.
 */
function partsOfClose(
  close: Close,
  slot: Slot,
  { terms }: Agreement,
  { lots, hidden }: Holdings,
): Part[] {
  const { unexplained, ...found } = takeLots(lots, close);
  // What no lot explains was opened where it could not be read, or in this very slot at the latest.
  const unseen: Lot = {
    market: close.market,
    position: close.position,
    terms: dearestBetween(terms, hidden[0] ?? slot, hidden.at(-1) ?? slot),
    openedSlot: hidden[0] ?? slot,
    base: unexplained,
    entry: null,
    fee: 0n,
  };
  const taken = unexplained > 0n ? [...found.taken, unseen] : found.taken;
  const groups = groupsOf(taken);
  const open = lots.filter((lot) => lot.market === close.market && lot.position === close.position);
  const keys = new Set([...open, ...taken].map((lot) => lot.terms?.fromSlot ?? -1));
  const whole = close.netPnl - groups.reduce((sum, each) => sum + each.fee, 0n);
  if (keys.size === 1)
    return groups.map(({ terms: under, base, openedSlot, fee }) => ({
      terms: under,
      base,
      openedSlot,
      entry: null,
      openingFee: fee,
      netPnl: whole,
    }));
  // Shares of the whole by running sums, so that they add up to it.
  let running = 0n;
  const share = (amount: bigint, base: bigint): bigint =>
    mulDivFloor(amount, running + base, close.baseClosed) -
    mulDivFloor(amount, running, close.baseClosed);
  const parts = groups.map(({ terms: under, base, openedSlot, entry, fee }): Part => {
    const proceeds = share(close.proceeds, base);
    const paid = entry ?? share(close.entry, base);
    const gross = close.position === 'long' ? proceeds - paid : paid - proceeds;
    const netPnl = gross - share(close.fee, base) - fee;
    running += base;
    return { terms: under, base, openedSlot, entry: paid, openingFee: fee, netPnl };
  });
  const agreed = parts.filter((part) => part.terms !== null);
  const rest = parts.find((part) => part.terms === null) ?? {
    terms: null,
    base: 0n,
    openedSlot: null,
    entry: null,
    openingFee: 0n,
    netPnl: 0n,
  };
  const netPnl = whole - agreed.reduce((sum, part) => sum + part.netPnl, 0n);
  return netPnl === 0n && rest.base === 0n ? agreed : [{ ...rest, netPnl }, ...agreed];
}

/**
 * Profit behind a cut log: under the terms in force where it was realised, the dearest of them
 * where that slot is not known, or under those of what was closed there when they are dearer. The
 * fees of opening what was closed are deducted, as they are from a told close.
 */
function partsOfReckoning(
  reckoning: Reckoning,
  slot: Slot,
  { terms }: Agreement,
  holdings: Holdings,
): Part[] {
  const from = hiddenFrom(holdings, { slot, afterSlot: reckoning.afterSlot });
  const closed =
    reckoning.held === null ? [] : resync(holdings, reckoning.held, from, slot, terms).closed;
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
    },
  ];
}

/**
 * Whether the venue's own entry in a close's record agrees with the lots: then every opening before
 * it was heard.
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
  /** Whether the record itself shows that everything before it in its market was heard. */
  readonly explained: boolean;
  /**
   * Whether the account then holds nothing in the market: what comes later needs no history from
   * before.
   */
  readonly flat: boolean;
};

/**
 * What a close or reckoning owes, part by part, each under the terms in force when that part was
 * opened: last opened, first closed. `history` is what moved the account's positions before it, in
 * chain order.
 */
export function accrualOf(
  realised: Realised,
  slot: Slot,
  agreement: Agreement,
  history: readonly Movement[],
): Accrued {
  const holdings = lotsAfter(agreement.held, history, agreement.terms);
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
        amount: 0n,
        before: EMPTY_TAB,
        after: EMPTY_TAB,
      };
    const before = tabs[terms.markSlot] ?? EMPTY_TAB;
    const { charged, amount, tab: after } = accrue(netPnl, terms, before);
    tabs[terms.markSlot] = after;
    return { ...part, charged, amount, before, after };
  });
  if (realised.kind === 'reckoning') return { bookings, explained: false, flat: false };
  const explained = explains(holdings, realised);
  const known = holdings.averages.get(realised.market)?.base ?? 0n;
  const flat = explained && (known < 0n ? -known : known) === realised.baseClosed;
  return { bookings, explained, flat };
}

/** The bookings alone. */
export const bookingsOf = (...given: Parameters<typeof accrualOf>): readonly Booking[] =>
  accrualOf(...given).bookings;

/** The tabs after these bookings. */
export function tabsAfter(
  tabs: Agreement['tabs'],
  bookings: readonly Booking[],
): Agreement['tabs'] {
  const next = { ...tabs };
  for (const { terms, after } of bookings) if (terms !== null) next[terms.markSlot] = after;
  return next;
}
