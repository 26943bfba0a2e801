// Stood: the positions that stood in the account at the end of a slot, by its state. They were
// opened in no later transaction, so that a later one that could not be read hides no opening of
// them.
import type { Reckoning } from './fact.ts';
import type { HeldAtStart } from './held.ts';
import type { Slot } from './ids.ts';
import { directionOf, type Holdings, isOf, type Lot, type Movement, minus, sizeOf } from './lot.ts';
import { type BaseUnits, most } from './money.ts';
import { dearestBetween, type Terms } from './terms.ts';

/**
 * Adjusts the lots to positions that stood in the account at the end of slot `slot`. Base that no
 * lot explains becomes the oldest lot. It was opened in transactions that could not be read, under
 * the terms with the highest share in force there; where there are none, and history is read from
 * the slot `earlier` on, the base was opened before that slot and owes nothing.
 */
export function stand(
  holdings: Holdings,
  { held, earlier, slot }: Extract<Movement, { kind: 'stood' }>,
  terms: readonly Terms[],
): Holdings {
  const { hidden } = holdings;
  const [first = slot, last = slot] = [hidden[0], hidden.at(-1)];
  const isEarlier = earlier !== null && hidden.length === 0;
  let lots = holdings.lots;
  const averages = new Map(holdings.averages);
  for (const { market, base, entry } of held) {
    const position = directionOf(base);
    const own = lots.filter(isOf({ market, position }));
    const unexplained = sizeOf(base) - own.reduce((sum, lot) => sum + lot.base, 0n);
    averages.set(market, { base, entry });
    if (unexplained <= 0n) continue;
    const rest = own.reduce<BaseUnits | null>((sum, lot) => minus(sum, lot.entry), entry);
    const older: Lot = {
      market,
      position,
      base: unexplained,
      fee: 0n,
      terms: isEarlier ? null : dearestBetween(terms, first, last),
      openedSlot: isEarlier ? earlier : first,
      entry: rest === null ? null : most(rest, 0n),
    };
    lots = [older, ...lots];
  }
  return { ...holdings, lots, averages };
}

/**
 * The movements after the positions at the start, each reckoning's positions at its `afterSlot`
 * among them, behind the movements up to that slot. `own` is the reckoning that comes after all
 * these movements. A state from before the start tells nothing: what moved up to the start is not
 * among the movements.
 */
export function withStood<Move extends { readonly kind: string; readonly slot: Slot }>(
  { slot: start, open }: HeldAtStart,
  moves: readonly (Move | Movement)[],
  own: Pick<Reckoning, 'heldBefore' | 'afterSlot'> | null = null,
): (Move | Movement)[] {
  const after = moves.filter((move) => move.slot > start);
  const reckonings = after.flatMap((move) =>
    move.kind === 'reckoning' ? [move as Extract<Movement, { kind: 'reckoning' }>] : [],
  );
  const stood = [...reckonings, ...(own === null ? [] : [own])].flatMap(
    ({ heldBefore, afterSlot }): Movement[] =>
      heldBefore == null || afterSlot < start
        ? []
        : [
            {
              kind: 'stood',
              slot: afterSlot,
              held: heldBefore,
              earlier: open === 'from_slot' ? start : null,
            },
          ],
  );
  return stood.length === 0 ? after : [...after, ...stood].sort((a, b) => a.slot - b.slot);
}
