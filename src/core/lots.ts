// Lots: tracks under which terms each part of a position was opened, at which price and with which
// fees. A close takes from the youngest lot first (ADR 28): a position from before the terms does
// not shield a copied trade on top of it, and a copied trade does not realise the gains of the
// older position.
import type { Held, Reckoning } from './fact.ts';
import type { HeldAtStart } from './held.ts';
import type { Slot } from './ids.ts';
import {
  type Average,
  directionOf,
  type Holdings,
  isOf,
  type Lot,
  type Movement,
  minus,
  plus,
  sizeOf,
  takeLots,
} from './lot.ts';
import { least, most, mulDivFloor } from './money.ts';
import { stand, withStood } from './stood.ts';
import { dearestBetween, holding, type Terms } from './terms.ts';

/**
 * Adds an opening: to the youngest lot of the position if that has the same terms, else as a new
 * lot.
 */
function addLot(lots: readonly Lot[], opened: Lot): Lot[] {
  const kept = lots.filter(
    (lot) => lot.market !== opened.market || lot.position === opened.position,
  );
  const at = kept.findLastIndex(isOf(opened));
  const youngest = kept[at];
  if (youngest === undefined || youngest.terms?.fromSlot !== opened.terms?.fromSlot)
    return [...kept, opened];
  kept[at] = {
    ...youngest,
    base: youngest.base + opened.base,
    entry: plus(youngest.entry, opened.entry),
    fee: youngest.fee + opened.fee,
  };
  return kept;
}

/**
 * The venue's average after a close: floor(entry × closed / base) is taken away, as
 * controller/position.rs does.
 */
function closedAverage({ base, entry }: Average, closed: bigint): Average {
  const size = sizeOf(base);
  const left = size - closed;
  if (left <= 0n) return { base: 0n, entry: 0n };
  const part = entry === null ? null : mulDivFloor(entry, closed, size);
  return { base: base < 0n ? -left : left, entry: minus(entry, part) };
}

/**
 * Tolerance in base units for several hidden reductions, each of which rounds. An entry that
 * differs by no more was not traded again.
 */
const ENTRY_SLACK = 1_000n;

/**
 * Whether the state's entry follows from the known average by reductions alone. Then nothing was
 * opened without a record.
 */
function onlyReduced(known: Average | undefined, seen: Held): boolean {
  if (known === undefined || known.entry === null || seen.entry === null) return true;
  const closed = sizeOf(known.base) - sizeOf(seen.base);
  if (closed < 0n || known.base < 0n !== seen.base < 0n) return true;
  const difference = (closedAverage(known, closed).entry ?? 0n) - seen.entry;
  return sizeOf(difference) <= ENTRY_SLACK;
}

/** The first slot in which an opening can be hidden that this reckoning covers. */
export function hiddenFrom(
  { hidden }: Holdings,
  { slot, afterSlot }: { readonly slot: Slot; readonly afterSlot: Slot },
): Slot {
  return Math.min(slot, hidden.find((each) => each > afterSlot) ?? slot);
}

/** The holdings after a resync, and the lots that must have been closed without a record. */
export type Resynced = { readonly holdings: Holdings; readonly closed: readonly Lot[] };

/**
 * Adjusts the lots of every market to the account's positions after transactions that could not be
 * read, the first in slot `from`, the last in slot `slot`. `closed` are the lots that must have
 * been closed without a record. Base that was opened without a record falls under the terms with
 * the highest share in force between the two slots. A position whose entry does not follow from the
 * known figures counts as closed and opened again.
 */
export function resync(
  { lots, averages, dropped = [] }: Holdings,
  held: readonly Held[],
  from: Slot,
  slot: Slot,
  terms: readonly Terms[],
): Resynced {
  const seen = new Map(held.map((each) => [each.market, each]));
  const markets = new Set([...seen.keys(), ...lots.map((lot) => lot.market)]);
  const closed: Lot[] = [...dropped];
  let rest = [...lots];
  const next = new Map<number, Average>();
  for (const market of markets) {
    const state = seen.get(market) ?? { market, base: 0n, entry: 0n };
    const position = directionOf(state.base);
    const size = sizeOf(state.base);
    const own = rest.filter(isOf({ market, position }));
    const known = own.reduce((sum, lot) => sum + lot.base, 0n);
    const stays = onlyReduced(averages.get(market), state) ? least(known, size) : 0n;
    const others = rest.filter((lot) => lot.market === market && lot.position !== position);
    const trimmed = takeLots(own, { market, position, baseClosed: known - stays });
    closed.push(...others, ...trimmed.taken);
    rest = [...rest.filter((lot) => lot.market !== market), ...trimmed.left];
    const tracked = stays === 0n ? 0n : (averages.get(market)?.entry ?? null);
    const added = minus(state.entry, tracked);
    if (size > stays)
      rest = addLot(rest, {
        market,
        position,
        terms: dearestBetween(terms, from, slot),
        openedSlot: from,
        base: size - stays,
        entry: added === null ? null : most(added, 0n),
        fee: 0n,
      });
    if (size > 0n) next.set(market, { base: state.base, entry: state.entry });
  }
  return { holdings: { lots: rest, averages: next, hidden: [] }, closed };
}

/**
 * The holdings as a reckoning counts them. One of an earlier release, which lacks the positions
 * before it, closes no dropped lots, so that what was booked from it is recomputed to the unit.
 */
export const countedFor = (
  holdings: Holdings,
  { heldBefore }: Pick<Reckoning, 'heldBefore'>,
): Holdings => (heldBefore == null ? { ...holdings, dropped: [] } : holdings);

/** The dropped lots of holdings after a record of one direction in a market. */
function droppedBy(
  { lots, hidden, dropped = [] }: Holdings,
  { market, position }: Pick<Lot, 'market' | 'position'>,
): Pick<Holdings, 'dropped'> {
  const others = lots.filter((lot) => lot.market === market && lot.position !== position);
  const all = hidden.length === 0 ? dropped : [...dropped, ...others];
  return all.length === 0 ? {} : { dropped: all };
}

/** The holdings after one movement. `terms` are in the order of their slots. */
export function moved(holdings: Holdings, move: Movement, terms: readonly Terms[]): Holdings {
  const { lots, averages, hidden } = holdings;
  switch (move.kind) {
    case 'open': {
      const { market, position, base, quote, slot } = move;
      const opened = addLot(lots, {
        market,
        position,
        terms: holding(terms, slot),
        openedSlot: slot,
        base,
        entry: quote,
        fee: move.fee ?? 0n,
      });
      const known = averages.get(market);
      const grows =
        known !== undefined && known.base !== 0n && directionOf(known.base) === position;
      const size = (grows ? sizeOf(known.base) : 0n) + base;
      const before = grows ? known.entry : 0n;
      const average = { base: position === 'short' ? -size : size, entry: plus(before, quote) };
      const next = new Map(averages).set(market, average);
      return { lots: opened, averages: next, hidden, ...droppedBy(holdings, move) };
    }
    case 'close': {
      const known = averages.get(move.market);
      const next = new Map(averages);
      if (known !== undefined) next.set(move.market, closedAverage(known, move.baseClosed));
      const { left } = takeLots(lots, move);
      return { lots: left, averages: next, hidden, ...droppedBy(holdings, move) };
    }
    case 'reckoning':
      return move.held === null
        ? holdings
        : resync(
            countedFor(holdings, move),
            move.held,
            hiddenFrom(holdings, move),
            move.slot,
            terms,
          ).holdings;
    case 'unknown':
      return { ...holdings, hidden: [...hidden, move.slot] };
    case 'stood':
      return stand(holdings, move, terms);
    case 'flat': {
      const next = new Map(averages);
      next.delete(move.market);
      return {
        ...holdings,
        lots: lots.filter((lot) => lot.market !== move.market),
        averages: next,
      };
    }
  }
}

/** The holdings with which a history begins: what was held before the first terms. */
export function holdingsAtStart(held: HeldAtStart, terms: readonly Terms[]): Holdings {
  const [first = null] = terms;
  const under = held.open === 'charged' ? first : null;
  const lots = held.positions.map(
    ({ market, base, entry }): Lot => ({
      market,
      position: directionOf(base),
      terms: under,
      openedSlot: held.slot,
      base: sizeOf(base),
      entry,
      fee: 0n,
    }),
  );
  const averages = new Map(
    held.positions.map(({ market, base, entry }) => [market, { base, entry }]),
  );
  return { lots, averages, hidden: [] };
}

/**
 * The lots after these movements. They begin with the positions that were held before the first
 * terms; movements up to that slot are part of those already. `terms` are in the order of their
 * slots. `own` is as in `withStood`.
 */
export function lotsAfter(
  held: HeldAtStart,
  movements: readonly Movement[],
  terms: readonly Terms[],
  own: Parameters<typeof withStood>[2] = null,
): Holdings {
  return withStood<Movement>(held, movements, own).reduce<Holdings>(
    (holdings, move) => moved(holdings, move, terms),
    holdingsAtStart(held, terms),
  );
}
