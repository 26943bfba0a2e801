// Accrual: what one close makes a subscriber owe a creator. Each part of it follows the terms under which that part was opened.
// The fraction of a base unit that floor division leaves is carried, so that many small wins are worth exactly as much as one
// large one; and where the terms say so, losses are carried forward and made good before anything is owed again.
import type { Close, Reckoning } from './fact.ts';
import type { Address, Slot } from './ids.ts';
import { type Holdings, lotsAfter, type Movement, takeLots } from './lots.ts';
import { type BaseUnits, type BasisPoints, BPS_WHOLE, most, mulDivFloor } from './money.ts';

/** `per_close`: every win counts. `high_water_mark`: what was lost since the last peak comes off first. */
export const BASES = ['per_close', 'high_water_mark'] as const;
export type Basis = (typeof BASES)[number];

/** Terms of a subscription for whatever is opened from one slot on. */
export type Terms = {
  readonly fromSlot: Slot;
  readonly creatorWallet: Address;
  readonly shareBps: BasisPoints;
  readonly basis: Basis;
  /** Below this sum shares wait for each other; 0 pays each at once. */
  readonly minimumPayment: BaseUnits;
  /** Whether the creator may be an address that nobody holds a key to, such as a vault. */
  readonly offCurve: boolean;
  /** After how long an unpaid debt lapses; null is never. */
  readonly expiresAfterMs: number | null;
  /** Whether the subscription ended here: what is opened from now on owes nothing. */
  readonly ended: boolean;
};

/** What a subscription has running with a creator. */
export type Tab = {
  /** Dust, in ten-thousandths of a base unit: 0 to 9,999. */
  readonly carry: bigint;
  /** Losses since the last peak that are not made good yet. */
  readonly deficit: BaseUnits;
};
export const EMPTY_TAB: Tab = { carry: 0n, deficit: 0n };

/** A profit or loss that became real: of one close, or of several that only account state tells. */
export type Realised = Close | Reckoning;

/** A position moved between sub-accounts of the same owner: nothing was traded, so nothing is owed. */
export function isOwnTransfer(realised: Realised): boolean {
  return realised.kind === 'close' && realised.cause === 'transfer';
}

/**
 * What a profit or loss makes owed: amount = floor((charged × bps + carry) / 10,000), the remainder is the new carry. Charged
 * is the profit; with a high-water mark, what of it exceeds the deficit, which losses raise and wins lower.
 */
export function accrue(
  netPnl: BaseUnits,
  { shareBps, basis }: Pick<Terms, 'shareBps' | 'basis'>,
  tab: Tab,
): { charged: BaseUnits; amount: BaseUnits; tab: Tab } {
  const deficit = basis === 'per_close' ? tab.deficit : most(tab.deficit - netPnl, 0n);
  const charged = most(basis === 'per_close' ? netPnl : netPnl - tab.deficit, 0n);
  const exact = charged * BigInt(shareBps) + tab.carry;
  return { charged, amount: exact / BPS_WHOLE, tab: { carry: exact % BPS_WHOLE, deficit } };
}

/** The terms in force at a slot: the latest that began at or before it, or null when none had. */
export function termsAt(terms: readonly Terms[], slot: Slot): Terms | null {
  let inForce: Terms | null = null;
  for (const candidate of terms) {
    if (candidate.fromSlot > slot) continue;
    if (inForce === null || candidate.fromSlot > inForce.fromSlot) inForce = candidate;
  }
  return inForce;
}

/** A subscription as accrual sees it. */
export type Agreement = {
  readonly terms: readonly Terms[];
  /** What the account held when the first terms began, and as of which slot. */
  readonly held: { readonly slot: Slot; readonly positions: readonly Held[] };
  /** By creator wallet. */
  readonly tabs: Readonly<Record<string, Tab>>;
};
/** A position of an account: base in 1e9, negative when short. */
export type Held = { readonly market: number; readonly base: bigint };

/** Whether a close owes the same whenever its position was opened, and in whatever order closes are booked. */
export function isPlain({ terms, held }: Pick<Agreement, 'terms' | 'held'>): boolean {
  return terms.length === 1 && held.positions.length === 0 && terms[0]?.basis === 'per_close';
}

/** One part of a close, as it is booked. */
export type Booking = {
  /** Null when nothing was agreed for it, or the subscription had ended: it owes nothing. */
  readonly terms: Terms | null;
  /** Base of this part in 1e9, and where the first of it was opened; null where only account state tells. */
  readonly base: bigint | null;
  readonly openedSlot: Slot | null;
  readonly netPnl: BaseUnits;
  readonly charged: BaseUnits;
  readonly amount: BaseUnits;
  readonly before: Tab;
  readonly after: Tab;
};

type Part = Pick<Booking, 'terms' | 'base' | 'openedSlot' | 'netPnl'>;

/** Which terms hold for what was opened at a slot. */
const holding = (terms: readonly Terms[], slot: Slot): Terms | null => {
  const found = termsAt(terms, slot);
  return found?.ended === true ? null : found;
};

function partsOfClose(
  close: Close,
  slot: Slot,
  agreement: Agreement,
  { lots, hiddenSlot }: Holdings,
): Part[] {
  const { taken, unexplained } = takeLots(lots, close);
  // Everything else is known: what no lot explains was opened where nobody could see, or in this very slot at the latest.
  if (unexplained > 0n) taken.push({ ...close, openedSlot: hiddenSlot ?? slot, base: unexplained });
  const parts: { terms: Terms | null; base: bigint; openedSlot: Slot }[] = [];
  for (const { openedSlot, base } of taken) {
    const terms = holding(agreement.terms, openedSlot);
    const known = parts.find((each) => each.terms?.fromSlot === terms?.fromSlot);
    if (known === undefined) parts.push({ terms, base, openedSlot });
    else known.base += base;
  }
  // Shares of the whole by running sums, so that the parts add up to it.
  let running = 0n;
  return parts.map((part) => {
    const from = mulDivFloor(close.netPnl, running, close.baseClosed);
    running += part.base;
    return { ...part, netPnl: mulDivFloor(close.netPnl, running, close.baseClosed) - from };
  });
}

/** Profit behind a cut log: under the terms of the oldest position that was open then, or those in force. */
function partsOfReckoning(
  { netPnl }: Reckoning,
  slot: Slot,
  { terms }: Agreement,
  { lots }: Holdings,
): Part[] {
  const oldest = Math.min(...lots.map((lot) => lot.openedSlot), slot);
  return [{ terms: holding(terms, oldest), base: null, openedSlot: null, netPnl }];
}

/**
 * What a close or reckoning owes, part by part, each under the terms in force when that part was opened: first opened, first
 * closed. `history` is what moved the account's positions before it, in chain order; a plain agreement needs none.
 */
export function bookingsOf(
  realised: Realised,
  slot: Slot,
  agreement: Agreement,
  history: readonly Movement[],
): Booking[] {
  let parts: Part[];
  if (isOwnTransfer(realised))
    parts = [{ terms: null, base: null, openedSlot: null, netPnl: realised.netPnl }];
  else if (isPlain(agreement))
    parts = [
      {
        terms: holding(agreement.terms, slot),
        base: null,
        openedSlot: null,
        netPnl: realised.netPnl,
      },
    ];
  else {
    const holdings = lotsAfter(agreement.held, history);
    parts =
      realised.kind === 'close'
        ? partsOfClose(realised, slot, agreement, holdings)
        : partsOfReckoning(realised, slot, agreement, holdings);
  }
  const tabs: Record<string, Tab> = { ...agreement.tabs };
  return parts.map((part): Booking => {
    const { terms, netPnl } = part;
    if (terms === null) {
      const { charged } = accrue(netPnl, { shareBps: 0, basis: 'per_close' }, EMPTY_TAB);
      return { ...part, charged, amount: 0n, before: EMPTY_TAB, after: EMPTY_TAB };
    }
    const before = tabs[terms.creatorWallet] ?? EMPTY_TAB;
    const { charged, amount, tab: after } = accrue(netPnl, terms, before);
    tabs[terms.creatorWallet] = after;
    return { ...part, charged, amount, before, after };
  });
}

/** The tabs after these bookings. */
export function tabsAfter(
  tabs: Agreement['tabs'],
  bookings: readonly Booking[],
): Agreement['tabs'] {
  const next = { ...tabs };
  for (const { terms, after } of bookings) if (terms !== null) next[terms.creatorWallet] = after;
  return next;
}
