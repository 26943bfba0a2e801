// Terms: what a subscription agrees with a creator, from one slot on. Terms are added and never
// edited: a change names the fields that it changes, and every other field stays as it was.
import { Fault } from './fault.ts';
import type { Address, Slot } from './ids.ts';
import type { BaseUnits, BasisPoints } from './money.ts';
import { type Split, sameSplits, splitsProblem } from './split.ts';

/**
 * The bases, the one that takes the most of the same closes first. `per_close`: every win owes a
 * share. `high_water_mark`: a win first makes good the losses since the last peak.
 */
export const BASES = ['per_close', 'high_water_mark'] as const;
export type Basis = (typeof BASES)[number];
/** Of what a share is taken, for people, and whether losses are carried from close to close. */
export const BASIS_TOLD: Readonly<Record<Basis, { of: string; carriesLosses: boolean }>> = {
  per_close: { of: 'of each profit', carriesLosses: false },
  high_water_mark: { of: 'above the high-water mark', carriesLosses: true },
};

/**
 * The profits of which a share may be taken. `net`: after the fees and rebates of opening and
 * closing. `gross`: before them. Funding is part of neither, and is never deducted.
 */
export const PROFITS = ['net', 'gross'] as const;
export type Profit = (typeof PROFITS)[number];

/** The rules of terms about the amount of a share, beside its basis points. Amounts: base units. */
export type TermsRules = {
  readonly profit: Profit;
  /**
   * The profit that owes nothing. With `per_close` it is taken off the profit of each close; with
   * `high_water_mark` off the profits above the mark until their sum has reached it, once in each
   * period.
   */
  readonly hurdle: BaseUnits;
  /** The most that the part of a close under these terms owes; null: no limit. */
  readonly capPerClose: BaseUnits | null;
  /**
   * The most that all closes of a period owe under terms that have such a limit; null: no limit.
   */
  readonly capPerPeriod: BaseUnits | null;
  /**
   * The length of a period in slots. Periods follow each other from `markSlot` on. Null: one period
   * without end.
   */
  readonly periodSlots: number | null;
  /** A close before this slot owes nothing; 0: there is no free period. */
  readonly freeBeforeSlot: Slot;
};
/** The rules of terms that name none: the whole net profit owes. */
export const USUAL_RULES: TermsRules = {
  profit: 'net',
  hurdle: 0n,
  capPerClose: null,
  capPerPeriod: null,
  periodSlots: null,
  freeBeforeSlot: 0,
};
const RULES = Object.keys(USUAL_RULES) as readonly (keyof TermsRules)[];

/** The rules in an object that may hold more; a rule that it does not name is the usual one. */
export const rulesIn = (given: Partial<TermsRules>): TermsRules => {
  const {
    profit = USUAL_RULES.profit,
    hurdle = USUAL_RULES.hurdle,
    capPerClose = USUAL_RULES.capPerClose,
    capPerPeriod = USUAL_RULES.capPerPeriod,
    periodSlots = USUAL_RULES.periodSlots,
    freeBeforeSlot = USUAL_RULES.freeBeforeSlot,
  } = given;
  return { profit, hurdle, capPerClose, capPerPeriod, periodSlots, freeBeforeSlot };
};

/** The rules that differ from the usual ones, as sentences for people. */
export function rulesTold(rules: TermsRules, text: (units: BaseUnits) => string): string[] {
  const { profit, hurdle, capPerClose, capPerPeriod, periodSlots, freeBeforeSlot } = rules;
  const period = periodSlots === null ? 'in all' : `in each period of ${periodSlots} slots`;
  return [
    ...(profit === 'gross' ? ['Fees of opening and closing are not deducted.'] : []),
    ...(hurdle > 0n ? [`The hurdle is ${text(hurdle)}.`] : []),
    ...(capPerClose === null ? [] : [`A close owes at most ${text(capPerClose)}.`]),
    ...(capPerPeriod === null ? [] : [`At most ${text(capPerPeriod)} is owed ${period}.`]),
    ...(freeBeforeSlot > 0 ? [`A close before slot ${freeBeforeSlot} owes nothing.`] : []),
  ];
}

/**
 * Whether what a close owes under these terms depends on the closes before it. Such closes are
 * booked in chain order only.
 */
export const dependsOnOrder = ({ basis, capPerPeriod }: Terms): boolean =>
  BASIS_TOLD[basis].carriesLosses || capPerPeriod !== null;

/**
 * Terms of a subscription for everything that is opened from `fromSlot` on, until the next terms
 * begin.
 */
export type Terms = TermsRules & {
  readonly fromSlot: Slot;
  readonly creatorWallet: Address;
  readonly shareBps: BasisPoints;
  readonly basis: Basis;
  /** Shares wait for each other until their sum reaches this amount; 0 pays each at once. */
  readonly minimumPayment: BaseUnits;
  /** Whether the creator may be an address without a private key, such as a vault. */
  readonly offCurve: boolean;
  /** The parts of the share that go to other recipients than the creator. */
  readonly splits: readonly Split[];
  /** The age at which an unpaid debt lapses; null means never. */
  readonly expiresAfterMs: number | null;
  /** Whether these terms end the subscription: what is opened from here on owes nothing. */
  readonly ended: boolean;
  /**
   * `fromSlot` of the terms with which the present creator began. Dust and losses are carried on
   * from there.
   */
  readonly markSlot: Slot;
};

/** A change of terms: only the fields that it names change. */
export type TermsChange = Partial<TermsRules> & {
  readonly creatorWallet?: Address;
  readonly shareBps?: BasisPoints;
  readonly basis?: Basis;
  readonly minimumPayment?: BaseUnits;
  readonly offCurve?: boolean;
  readonly expiresAfterMs?: number | null;
  /** All splits; an empty list gives the whole share to the creator again. */
  readonly splits?: readonly Split[];
  /**
   * The named wallet belongs to another creator, so earlier losses are not made good under it.
   * Without this flag a new wallet is a new address of the same creator, and the losses stay. It
   * has no effect while the wallet stays the same.
   */
  readonly newCreator?: boolean;
};

/**
 * The terms after a change. The first terms of a subscription must name the creator and the share;
 * every other field has a default. A change of a subscription that has ended begins it again.
 * Throws `body_invalid` when the first terms lack creator or share, or when the splits do not fit.
 */
export function termsAfter(latest: Terms | null, change: TermsChange, fromSlot: Slot): Terms {
  const creatorWallet = change.creatorWallet ?? latest?.creatorWallet;
  const shareBps = change.shareBps ?? latest?.shareBps;
  if (creatorWallet === undefined || shareBps === undefined)
    throw new Fault(
      'body_invalid',
      'A new subscription needs creatorWallet and shareBps. A change of terms may leave out every field that stays as it was.',
    );
  const begins = latest === null || latest.fromSlot < fromSlot ? fromSlot : latest.fromSlot + 1;
  const another =
    latest === null || (change.newCreator === true && creatorWallet !== latest.creatorWallet);
  const expiresAfterMs = change.expiresAfterMs;
  const terms: Terms = {
    ...rulesIn({ ...latest, ...change }),
    fromSlot: begins,
    creatorWallet,
    shareBps,
    basis: change.basis ?? latest?.basis ?? 'per_close',
    minimumPayment: change.minimumPayment ?? latest?.minimumPayment ?? 0n,
    offCurve: change.offCurve ?? latest?.offCurve ?? false,
    expiresAfterMs:
      expiresAfterMs === undefined ? (latest?.expiresAfterMs ?? null) : expiresAfterMs,
    ended: false,
    markSlot: another ? begins : latest.markSlot,
    splits: change.splits ?? latest?.splits ?? [],
  };
  const problem = splitsProblem(terms);
  if (problem !== null) throw new Fault('body_invalid', problem);
  return terms;
}

/** Whether two terms agree in everything but their beginning and `markSlot`. */
export const sameTerms = (one: Terms, other: Terms): boolean =>
  sameSplits(one.splits, other.splits) &&
  RULES.every((rule) => one[rule] === other[rule]) &&
  one.creatorWallet === other.creatorWallet &&
  one.shareBps === other.shareBps &&
  one.basis === other.basis &&
  one.minimumPayment === other.minimumPayment &&
  one.offCurve === other.offCurve &&
  one.expiresAfterMs === other.expiresAfterMs &&
  one.ended === other.ended;

/** The terms in force at a slot: the latest that began at or before it, or null when none had. */
export function termsAt(terms: readonly Terms[], slot: Slot): Terms | null {
  let inForce: Terms | null = null;
  for (const candidate of terms) {
    if (candidate.fromSlot > slot) continue;
    if (inForce === null || candidate.fromSlot > inForce.fromSlot) inForce = candidate;
  }
  return inForce;
}

/**
 * The terms under which a position opened at a slot owes; null before the first terms, and after
 * the subscription ended.
 */
export function holding(terms: readonly Terms[], slot: Slot): Terms | null {
  const found = termsAt(terms, slot);
  return found?.ended === true ? null : found;
}

/**
 * How two terms of the same share and basis compare: below 0 when the first take less. The gross
 * profit is the dearer one, then the lower hurdle, the higher cap of a close, the higher cap of a
 * period, the shorter period, and the free period that ends earlier.
 */
function compareRules(one: TermsRules, other: TermsRules): number {
  if (one.profit !== other.profit)
    return PROFITS.indexOf(one.profit) - PROFITS.indexOf(other.profit);
  const bySize = (a: bigint | number, b: bigint | number): number => (a < b ? -1 : a > b ? 1 : 0);
  const byLimit = (a: bigint | number | null, b: bigint | number | null): number =>
    a === null || b === null ? Number(a === null) - Number(b === null) : bySize(a, b);
  return (
    bySize(other.hurdle, one.hurdle) ||
    byLimit(one.capPerClose, other.capPerClose) ||
    byLimit(one.capPerPeriod, other.capPerPeriod) ||
    byLimit(other.periodSlots, one.periodSlots) ||
    bySize(other.freeBeforeSlot, one.freeBeforeSlot)
  );
}

/**
 * The one of two terms that takes more of a profit: the larger share; of equal shares the basis
 * that stands first in `BASES`; then the dearer one by `compareRules`; then the later one. Null
 * stands for terms that take nothing.
 */
export function dearer(one: Terms | null, other: Terms | null): Terms | null {
  if (one === null || other === null) return one ?? other;
  if (one.shareBps !== other.shareBps) return one.shareBps > other.shareBps ? one : other;
  if (one.basis !== other.basis)
    return BASES.indexOf(one.basis) < BASES.indexOf(other.basis) ? one : other;
  const compared = compareRules(one, other);
  if (compared !== 0) return compared > 0 ? one : other;
  return one.fromSlot >= other.fromSlot ? one : other;
}

/** The dearest terms that were in force at any slot between the two, both included. */
export function dearestBetween(terms: readonly Terms[], from: Slot, to: Slot): Terms | null {
  return terms
    .filter((each) => each.fromSlot > from && each.fromSlot <= to && !each.ended)
    .reduce(dearer, holding(terms, from));
}
