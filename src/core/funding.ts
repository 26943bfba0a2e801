// Funding: attributes funding payments to the parts of closes. A payment belongs to the lots that
// were open when the venue settled it, in proportion to their base, and leaves with the base that
// is closed. Funding is shown beside a share and is no part of the profit (ADR 110).
import type { FundingPayment } from './funding-payment.ts';
import type { HeldAtStart } from './held.ts';
import type { Slot } from './ids.ts';
import { type Holdings, type Lot, type Movement, takeLots } from './lot.ts';
import { holdingsAtStart, moved } from './lots.ts';
import { type BaseUnits, mulDivFloor } from './money.ts';
import { withStood } from './stood.ts';
import type { Terms } from './terms.ts';

/** The facts that change the funding of lots, in chain order. */
export type FundingMove =
  | Movement
  | ({ readonly kind: 'funding'; readonly slot: Slot } & Omit<FundingPayment, 'ordinal'>)
  /** Funding of the account that an earlier release recorded without its market. */
  | { readonly kind: 'untold'; readonly slot: Slot };

/** The funding of the parts of one close, by the slot of their terms; -1 for no terms. */
export type PartsFunding = ReadonlyMap<Slot, BaseUnits | null>;

/**
 * The lots after a payment; null when they hold more base than the position for which the venue
 * settled it. Base that is in no lot keeps its part of the payment. Parts are differences of
 * running sums that are rounded down, so that they add up.
 *
 * A lot carries its funding as a fee of the opposite sign, because `takeLots` divides fees between
 * the closed and the open base in the way in which funding is divided.
 */
function settled(
  lots: readonly Lot[],
  { market, base, amount }: Omit<FundingPayment, 'ordinal'>,
): Lot[] | null {
  const held = lots.reduce((sum, lot) => (lot.market === market ? sum + lot.base : sum), 0n);
  if (held > base) return null;
  let running = 0n;
  return lots.map((lot): Lot => {
    if (lot.market !== market) return lot;
    const before = mulDivFloor(amount, running, base);
    running += lot.base;
    return { ...lot, fee: lot.fee + before - mulDivFloor(amount, running, base) };
  });
}

/**
 * The funding that the parts of each close among `moves` were paid while they were open. Quote base
 * units, rounded down; negative when the account paid. Null where it is not known: the part was
 * opened before the first terms, no lot explains its base, or some funding since its opening was in
 * a transaction without readable records, or recorded without its market.
 */
export function fundingOfCloses<Move extends FundingMove>(
  held: HeldAtStart,
  moves: readonly Move[],
  terms: readonly Terms[],
): ReadonlyMap<Move, PartsFunding> {
  const found = new Map<Move, PartsFunding>();
  let holdings: Holdings = holdingsAtStart(held, terms);
  /** Lots that were opened up to this slot have received funding that is not known. */
  let unknownUpTo = held.slot;
  for (const move of withStood<Move>(held, moves)) {
    switch (move.kind) {
      case 'funding': {
        const lots = settled(holdings.lots, move);
        if (lots === null) unknownUpTo = move.slot;
        else holdings = { ...holdings, lots };
        break;
      }
      case 'untold':
        unknownUpTo = move.slot;
        break;
      case 'open':
        holdings = moved(holdings, { ...move, fee: 0n }, terms);
        break;
      case 'close': {
        const { taken, unexplained } = takeLots(holdings.lots, move);
        const parts = new Map<Slot, BaseUnits | null>();
        for (const { terms: under, openedSlot, fee } of taken) {
          const key = under?.fromSlot ?? -1;
          const sum = parts.get(key) ?? 0n;
          const known = openedSlot > unknownUpTo && unexplained === 0n && parts.get(key) !== null;
          parts.set(key, known ? sum - fee : null);
        }
        found.set(move as Move, parts);
        holdings = moved(holdings, move, terms);
        break;
      }
      case 'reckoning':
      case 'unknown':
        unknownUpTo = move.slot;
        holdings = moved(holdings, move, terms);
        break;
      case 'stood':
      case 'flat':
        holdings = moved(holdings, move, terms);
        break;
    }
  }
  return found;
}
