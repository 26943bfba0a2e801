// Imported subscription: what the row of a subscription becomes, from one reading of its account at
// the venue.
import type { ChainAccount } from '../core/chain-ports.ts';
import type { Address, Slot } from '../core/ids.ts';
import type { OpenPosition, PreparedSubscription } from '../core/import-ports.ts';
import { deficitOf, type Lined } from '../core/import-rows.ts';
import { rulesIn } from '../core/terms.ts';
import type { Venue } from '../core/venue.ts';

/** An account as one call showed it, with the slot of that call. */
export type Seen = { readonly slot: Slot; readonly account: ChainAccount | null };
/** A subscription's row, and the address of its sub-account. */
export type Located = { readonly each: Lined<'subscription'>; readonly account: Address };

/**
 * A subscription as the ledger takes it, and the positions that were open in its account.
 * Positions are those of the slot in which this account was read. A close in a later slot is
 * booked here, also when another account of the chunk was read in an earlier slot.
 */
export function subscriptionFrom(
  venue: Venue,
  { each, account }: Located,
  { slot, account: shown }: Seen,
): { readonly made: PreparedSubscription; readonly open: OpenPosition[] } {
  const { row } = each;
  const fromSlot = row.fromSlot ?? slot + 1;
  const state = venue.stateOf('drift_user', slot, shown);
  const held = (state?.positions ?? []).filter(({ base }) => base !== 0n);
  const open = (row.open === 'from_slot' ? [] : held).map(({ market, base, entry }) => ({
    line: each.line,
    subscription: row.id,
    market,
    base,
    entry,
    marketName: venue.marketName(market),
    token: venue.quote,
    charged: row.open === 'charged',
  }));
  const made: PreparedSubscription = {
    ...each,
    account,
    terms: {
      fromSlot,
      creatorWallet: row.creatorWallet,
      shareBps: row.shareBps,
      basis: row.basis,
      ...rulesIn(row),
      splits: row.splits,
      minimumPayment: row.minimumPayment,
      offCurve: row.offCurve,
      expiresAfterMs: row.expiresAfterMs ?? null,
      ended: row.ended,
      markSlot: fromSlot,
    },
    held:
      row.open === 'from_slot'
        ? { slot: fromSlot - 1, positions: [], open: row.open }
        : { slot, positions: held, open: row.open },
    booksFrom: row.booksFrom ?? slot + 1,
    deficit: deficitOf(row),
  };
  return { made, open };
}

/** Why the slots of a row do not fit a reading at this slot; null when they do. */
export function slotProblem(row: Lined<'subscription'>['row'], slot: Slot): string | null {
  const { fromSlot, booksFrom, open } = row;
  if (fromSlot !== undefined && fromSlot > slot + 1)
    return `fromSlot is in the future: the chain is at slot ${slot}.`;
  if (open === 'from_slot' && fromSlot === undefined)
    return 'With open from_slot the row must name fromSlot.';
  if (open !== 'from_slot' && booksFrom !== undefined && booksFrom <= slot)
    return `booksFrom is past (the chain is at slot ${slot}), and the closes since then are read with open from_slot only.`;
  if (booksFrom !== undefined && fromSlot !== undefined && booksFrom < fromSlot)
    return 'booksFrom must not be before fromSlot.';
  return null;
}
