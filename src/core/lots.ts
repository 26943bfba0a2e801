// Lots: when each part of a position was opened. What is opened joins the end of a queue, what is closed leaves from its front:
// first opened, first closed. So nobody can keep an old crumb of a position open to have everything after it fall under old terms.
import type { Close, Reckoning } from './fact.ts';
import type { Slot } from './ids.ts';
import { least } from './money.ts';

/** Part of a position: base in 1e9, above zero. */
export type Lot = {
  readonly market: number;
  readonly position: 'long' | 'short';
  readonly openedSlot: Slot;
  readonly base: bigint;
};

/** What moves lots, in chain order. */
export type Movement = { readonly slot: Slot } & (
  | Pick<Lot & { kind: 'open' }, 'kind' | 'market' | 'position' | 'base'>
  | Pick<Close, 'kind' | 'market' | 'position' | 'baseClosed'>
  /** After transactions that nobody could read, the account says what it holds. */
  | Pick<Reckoning, 'kind' | 'held'>
  /** Something may have been opened here unseen. */
  | { readonly kind: 'unknown' }
);

export type Taken = {
  readonly taken: Lot[];
  readonly left: Lot[];
  /** Base that no lot explains. */
  readonly unexplained: bigint;
};

/** What an account holds, and where something may have been opened last that nobody could see. */
export type Holdings = { readonly lots: readonly Lot[]; readonly hiddenSlot: Slot | null };

const directionOf = (base: bigint): Lot['position'] => (base < 0n ? 'short' : 'long');

/** Takes a close out of the lots, oldest first. Lots of the other direction must have been closed unseen before. */
export function takeLots(
  lots: readonly Lot[],
  close: Pick<Close, 'market' | 'position' | 'baseClosed'>,
): Taken {
  const taken: Lot[] = [];
  const left: Lot[] = [];
  let wanted = close.baseClosed;
  for (const lot of lots) {
    if (lot.market !== close.market) {
      left.push(lot);
      continue;
    }
    if (lot.position !== close.position) continue;
    const base = least(lot.base, wanted);
    wanted -= base;
    if (base > 0n) taken.push({ ...lot, base });
    if (lot.base > base) left.push({ ...lot, base: lot.base - base });
  }
  return { taken, left, unexplained: wanted };
}

/** Trims or fills a market's lots to what the account says it holds. */
function resync(lots: readonly Lot[], market: number, base: bigint, slot: Slot): Lot[] {
  const position = directionOf(base);
  const held = base < 0n ? -base : base;
  const own = lots.filter((lot) => lot.market === market && lot.position === position);
  const known = own.reduce((sum, lot) => sum + lot.base, 0n);
  const others = lots.filter((lot) => lot.market !== market);
  if (known >= held)
    return [...others, ...takeLots(own, { market, position, baseClosed: known - held }).left];
  return [...others, ...own, { market, position, openedSlot: slot, base: held - known }];
}

/** Lots after these movements, beginning with what was held at a slot; what happened up to that slot is in it already. */
export function lotsAfter(
  held: {
    readonly slot: Slot;
    readonly positions: readonly { readonly market: number; readonly base: bigint }[];
  },
  movements: readonly Movement[],
): Holdings {
  let lots: Lot[] = [];
  let hiddenSlot: Slot | null = null;
  for (const { market, base } of held.positions) lots = resync(lots, market, base, held.slot);
  for (const move of movements) {
    if (move.slot <= held.slot) continue;
    switch (move.kind) {
      case 'open': {
        const { market, position, base } = move;
        lots = lots.filter((lot) => lot.market !== market || lot.position === position);
        lots.push({ market, position, openedSlot: move.slot, base });
        break;
      }
      case 'close':
        lots = takeLots(lots, move).left;
        break;
      case 'reckoning': {
        if (move.held === null) break;
        const seen = new Map(move.held.map((each) => [each.market, each.base]));
        const markets = new Set([...seen.keys(), ...lots.map((lot) => lot.market)]);
        for (const market of markets)
          lots = resync(lots, market, seen.get(market) ?? 0n, move.slot);
        break;
      }
      case 'unknown':
        hiddenSlot = move.slot;
    }
  }
  return { lots, hiddenSlot };
}
