// Charge: computes how much the profit of one part of a close owes under the terms of the part. The
// fraction of a base unit that floor division drops is carried over, so that many small wins owe
// exactly as much as one large win. On the basis `high_water_mark`, losses are carried forward and
// must be made good first. A hurdle, caps and a free period lower what is owed.
import { unreachable } from './fault.ts';
import type { Slot } from './ids.ts';
import { type BaseUnits, BPS_WHOLE, least, most } from './money.ts';
import { deal, type Recipient, recipientsOf, type Shared } from './split.ts';
import type { Profit, Terms, TermsRules } from './terms.ts';

/** The running balance of a subscription with one creator. */
export type Tab = {
  /** Dust: the remainder of floor division, in ten-thousandths of a base unit, 0 to 9,999. */
  readonly carry: bigint;
  /** Losses since the last peak that wins have not made good yet. */
  readonly deficit: BaseUnits;
  /** Absent until terms have counted in a period. */
  readonly counted?: Counted;
  /** How many units of a turn are dealt among the recipients; absent for none (core/split.ts). */
  readonly dealt?: bigint;
};
/** The amounts that terms with a hurdle or a cap have counted in a period. */
export type Counted = {
  /** The slot in which the period began. */
  readonly since: Slot;
  /** The profit that the hurdle took in it; counted on a high-water mark only. */
  readonly hurdled: BaseUnits;
  /** The amount that was owed in it under terms with a cap per period. */
  readonly owed: BaseUnits;
};
const NOTHING_COUNTED: Counted = { since: 0, hurdled: 0n, owed: 0n };
/** The counts of a tab; zeros for a tab that has none. */
export const countedIn = ({ counted }: Tab): Counted => counted ?? NOTHING_COUNTED;
/** The tab with these figures; `counted` and `dealt` are left out where they are nothing. */
export const tabOf = (carry: bigint, deficit: BaseUnits, counted: Counted, dealt: bigint): Tab => ({
  carry,
  deficit,
  ...(dealt === 0n ? {} : { dealt }),
  ...(counted.since === 0 && counted.hurdled === 0n && counted.owed === 0n ? {} : { counted }),
});
/** The tab of a new subscription. */
export const EMPTY_TAB: Tab = { carry: 0n, deficit: 0n };

/** The profit of which terms take their share. */
export function profitOf(
  { netPnl, fees }: { readonly netPnl: BaseUnits; readonly fees: BaseUnits },
  profit: Profit,
): BaseUnits {
  switch (profit) {
    case 'net':
      return netPnl;
    case 'gross':
      return netPnl + fees;
    default:
      return unreachable(profit);
  }
}

/** The terms as `accrue` reads them. */
export type Rates = Pick<Terms, 'basis' | 'markSlot' | keyof TermsRules | keyof Shared>;

/** The part of an amount that one recipient gets. */
export type Owed = Pick<Recipient, 'nth' | 'wallet' | 'shareBps'> & { readonly amount: BaseUnits };

export type Charge = {
  /** The part of the profit of which the share is taken. */
  readonly charged: BaseUnits;
  /** The part of the profit that the hurdle took. */
  readonly hurdled: BaseUnits;
  /** The most that the terms let it owe: 0 in the free period, null without a cap. */
  readonly allowed: BaseUnits | null;
  readonly amount: BaseUnits;
  /** The recipients that get a part of the amount, and their parts; they add up to it. */
  readonly owed: readonly Owed[];
  readonly tab: Tab;
};

/**
 * The first slot of the period that a close lies in. A period that began later in the chain stays:
 * after a change of `periodSlots` no count begins anew in the middle of a longer period.
 */
function sinceOf({ markSlot, periodSlots }: Rates, slot: Slot, counted: Counted): Slot {
  const within = periodSlots === null ? 0 : Math.floor((slot - markSlot) / periodSlots);
  return Math.max(markSlot + within * (periodSlots ?? 0), counted.since);
}

/** The lower of two limits; null stands for none. */
const lower = (one: BaseUnits | null, other: BaseUnits | null): BaseUnits | null =>
  one === null || other === null ? (one ?? other) : least(one, other);

/**
 * How much a profit or loss makes owed under the terms of its part, in a close at `slot`.
 *
 * The profit above the deficit (on a high-water mark; losses raise the deficit, wins lower it) or
 * above zero (per close), less the hurdle, is `charged`. With the cap,
 * due = min(charged × bps, allowed × 10,000), and amount = floor((due + carry) / 10,000). The
 * remainder of the division is the new carry; a part that a cap cuts off is not. `amount` never
 * exceeds `allowed`, because carry is below 10,000. In the free period losses, hurdle and mark move
 * as always, and nothing is due.
 */
export function accrue(profit: BaseUnits, slot: Slot, terms: Rates, tab: Tab): Charge {
  const { shareBps, basis, hurdle, capPerClose, capPerPeriod, freeBeforeSlot } = terms;
  const before = countedIn(tab);
  const since = sinceOf(terms, slot, before);
  const counted = since === before.since ? before : { ...NOTHING_COUNTED, since };
  let above: BaseUnits;
  let hurdled: BaseUnits;
  let { deficit } = tab;
  switch (basis) {
    case 'per_close':
      above = most(profit, 0n);
      hurdled = least(above, hurdle);
      break;
    case 'high_water_mark':
      above = most(profit - tab.deficit, 0n);
      deficit = most(tab.deficit - profit, 0n);
      hurdled = least(above, most(hurdle - counted.hurdled, 0n));
      break;
    default:
      return unreachable(basis);
  }
  const charged = above - hurdled;
  const left = capPerPeriod === null ? null : most(capPerPeriod - counted.owed, 0n);
  const allowed = slot < freeBeforeSlot ? 0n : lower(capPerClose, left);
  const share = charged * BigInt(shareBps);
  const exact = (allowed === null ? share : least(share, allowed * BPS_WHOLE)) + tab.carry;
  const amount = exact / BPS_WHOLE;
  const countsHurdle = basis === 'high_water_mark' && hurdle > 0n;
  const recipients = recipientsOf(terms);
  const place = tab.dealt ?? 0n;
  const dealt = deal(amount, recipients, place);
  const owed = recipients.flatMap(({ nth, wallet, shareBps: part }): Owed[] => {
    const own = dealt.amounts[nth] ?? 0n;
    return own > 0n ? [{ nth, wallet, shareBps: part, amount: own }] : [];
  });
  const after = tabOf(
    exact % BPS_WHOLE,
    deficit,
    countsHurdle || capPerPeriod !== null
      ? {
          since,
          hurdled: counted.hurdled + (countsHurdle ? hurdled : 0n),
          owed: counted.owed + (capPerPeriod === null ? 0n : amount),
        }
      : before,
    terms.splits.length === 0 ? place : dealt.place,
  );
  return { charged, hurdled, allowed, amount, owed, tab: after };
}
