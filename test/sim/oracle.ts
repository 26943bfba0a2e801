// Oracle: the debts and the standing that a subscriber must have, computed from the chain by the
// sentences of the design alone ("Standing, precisely"): "An outflow at position p is a runaway if
// at p a profit share existed and was unpaid. A subscriber is delinquent while a runaway exists
// that is newer than the last moment at which they owed nothing, and anything they owed is still
// unpaid." It shares no code with the daemon's judge and its accrual, and works another way: it
// computes what was owed at each moment instead of stepping through events.

/**
 * A place on the chain: slot, index in the block, index in the transaction, and the transaction.
 * The index in the block is null where no node tells it.
 */
export type Moment = readonly [
  slot: number,
  index: number | null,
  inside: number,
  signature: string,
];
export type Standing = { readonly standing: 'good' | 'delinquent'; readonly outstanding: bigint };
/** An amount of a token. `purse`: the account of the creator that holds this token. */
export type Sum = {
  readonly at: Moment;
  readonly mint: string;
  readonly purse: string;
  readonly amount: bigint;
};
export type History = {
  readonly owed: readonly Sum[];
  /**
   * Payments, and what transfers by others discharged. The place of a transfer is known `exact`; of
   * a payment the daemon keeps only the slot.
   */
  readonly paid: readonly (Sum & { readonly exact?: boolean })[];
  /** Outflows that are neither payments, nor cleared, nor to the subscriber. */
  readonly outflows: readonly Moment[];
};

/**
 * Whether `a` surely came before `b`. Two transactions of one slot have no order where no node
 * tells their index; two facts of one transaction always have one.
 */
export const before = (a: Moment, b: Moment): boolean => {
  if (a[0] !== b[0]) return a[0] < b[0];
  if (a[3] === b[3]) return a[2] < b[2];
  return a[1] !== null && b[1] !== null && a[1] < b[1];
};

export function standingOf({ owed, paid, outflows }: History): Standing {
  const tokens = [...new Set([...owed, ...paid].map(({ mint }) => mint))];
  const sum = (rows: readonly Sum[], mint: string, counts: (at: Moment) => boolean): bigint =>
    rows.reduce(
      (total, each) => (each.mint === mint && counts(each.at) ? total + each.amount : total),
      0n,
    );
  // Within a slot a payment counts as first, so that no subscriber is accused wrongly; a transfer
  // counts where it stands.
  const paidUpTo = (p: Moment, mint: string, whole: boolean): bigint =>
    paid.reduce((total, { at, mint: token, amount, exact = false }) => {
      if (token !== mint) return total;
      return (exact && !whole ? !before(p, at) : at[0] <= p[0]) ? total + amount : total;
    }, 0n);
  // Each token is counted by itself: too much of one pays nothing in the other.
  const owesAt = (owedThen: (at: Moment) => boolean, p: Moment, whole: boolean): boolean =>
    tokens.some((mint) => sum(owed, mint, owedThen) > paidUpTo(p, mint, whole));
  const outstanding = tokens.reduce((total, mint) => {
    const left = sum(owed, mint, () => true) - sum(paid, mint, () => true);
    return left > 0n ? total + left : total;
  }, 0n);
  if (outstanding === 0n) return { standing: 'good', outstanding };
  const runaways = outflows.filter((p) => owesAt((at) => before(at, p), p, false));
  // Moments at which nothing was owed: only a payment or a transfer can bring one about.
  const free = paid.filter(
    ({ at, exact = false }) =>
      !owesAt((each) => (exact ? before(each, at) : each[0] < at[0]), at, !exact),
  );
  const runawayStands = runaways.some(
    (p) => !free.some(({ at, exact = false }) => (exact ? before(p, at) : at[0] > p[0])),
  );
  return { standing: runawayStands ? 'delinquent' : 'good', outstanding };
}

/** The terms of a subscription by the slot from which they hold, as the ledger keeps them. */
export type Agreed = {
  readonly fromSlot: number;
  readonly markSlot: number;
  readonly creatorWallet: string;
  readonly shareBps: number;
  readonly basis: string;
  readonly profit: string;
  readonly hurdle: bigint;
  readonly capPerClose: bigint | null;
  readonly capPerPeriod: bigint | null;
  readonly periodSlots: number | null;
  readonly freeBeforeSlot: number;
  readonly splits: readonly { readonly wallet: string; readonly shareBps: number }[];
};

/** The counts that are carried from close to close under one creator. */
type Running = {
  rest: bigint;
  lost: bigint;
  /** The first slot of the period that is counted in. */
  began: number;
  hurdled: bigint;
  owed: bigint;
  /** How many units of a turn are dealt. */
  dealt: number;
};

/**
 * Who gets each unit of a turn. The turn is the shortest in which every recipient gets whole units;
 * the creator's come first.
 */
function turnOf({ creatorWallet, shareBps, splits }: Agreed): string[] {
  const rest = splits.reduce((left, each) => left - each.shareBps, shareBps);
  const parts = [{ wallet: creatorWallet, shareBps: rest }, ...splits];
  let shortest = 1;
  for (let by = 2; by <= shareBps; by++)
    if (parts.every((each) => each.shareBps % by === 0)) shortest = by;
  return parts.flatMap((each) => Array<string>(each.shareBps / shortest).fill(each.wallet));
}
/** The parts of an amount: whole turns at once, and the rest unit by unit. */
function dealtAmong(own: Agreed, amount: bigint, tab: Running): Map<string, bigint> {
  const got = new Map<string, bigint>();
  const give = (wallet: string, units: bigint) => got.set(wallet, (got.get(wallet) ?? 0n) + units);
  if (amount === 0n) return got;
  const turn = turnOf(own);
  for (const wallet of turn) give(wallet, amount / BigInt(turn.length));
  let at = tab.dealt % turn.length;
  for (let left = Number(amount % BigInt(turn.length)); left > 0; left--) {
    give(turn[at] ?? '', 1n);
    at = (at + 1) % turn.length;
  }
  if (own.splits.length > 0) tab.dealt = at;
  return got;
}
/** The period of a slot: the last of those that follow each other from the mark on. */
function periodOf({ markSlot, periodSlots }: Agreed, slot: number): number {
  let begins = markSlot;
  while (periodSlots !== null && begins + periodSlots <= slot) begins += periodSlots;
  return begins;
}

const NOTHING: Running = { rest: 0n, lost: 0n, began: 0, hurdled: 0n, owed: 0n, dealt: 0 };

/**
 * The debts of one account by the sentences of the design: a close follows the terms in force when
 * its position was opened, here in the same slot. Per close each win owes its share. On a
 * high-water mark losses are carried, and a win owes only for what is above them. The fraction that
 * division leaves is carried, too. A new creator begins with neither. What the hurdle takes owes
 * nothing: of each close, or once a period above the mark. No close owes more than its cap, no
 * period more than its own, and what a cap cuts off is gone. A close before the end of the free
 * period owes nothing. Terms of the gross profit do not deduct the fee. What a close owes is dealt
 * unit by unit among the recipients.
 */
export function debtsOf(
  closes: readonly { readonly slot: number; readonly netPnl: bigint; readonly fee: bigint }[],
  terms: readonly Agreed[],
): { readonly creator: string; readonly amount: bigint }[][] {
  const tabs = new Map<number, Running>();
  return closes.map(({ slot, netPnl, fee }) => {
    const own = terms.findLast((each) => each.fromSlot <= slot);
    if (own === undefined) return [];
    const tab = tabs.get(own.markSlot) ?? { ...NOTHING };
    tabs.set(own.markSlot, tab);
    const marked = own.basis === 'high_water_mark';
    if (own.capPerPeriod !== null || (marked && own.hurdle > 0n)) {
      const begins = periodOf(own, slot);
      if (begins > tab.began) Object.assign(tab, { began: begins, hurdled: 0n, owed: 0n });
    }
    const above = (own.profit === 'gross' ? netPnl + fee : netPnl) - (marked ? tab.lost : 0n);
    if (marked) tab.lost = above < 0n ? -above : 0n;
    let won = above > 0n ? above : 0n;
    let hurdle = own.hurdle - (marked ? tab.hurdled : 0n);
    if (hurdle < 0n) hurdle = 0n;
    if (hurdle > won) hurdle = won;
    won -= hurdle;
    if (marked) tab.hurdled += hurdle;
    // In ten-thousandths of a base unit.
    let exact = won * BigInt(own.shareBps);
    const leftOfPeriod = own.capPerPeriod === null ? null : own.capPerPeriod - tab.owed;
    for (const cap of [own.capPerClose, leftOfPeriod])
      if (cap !== null && exact > cap * 10_000n) exact = cap > 0n ? cap * 10_000n : 0n;
    if (own.freeBeforeSlot > slot) exact = 0n;
    const amount = (exact + tab.rest) / 10_000n;
    tab.rest = (exact + tab.rest) % 10_000n;
    if (own.capPerPeriod !== null) tab.owed += amount;
    return [...dealtAmong(own, amount, tab)].map(([creator, part]) => ({ creator, amount: part }));
  });
}

/** A transfer to a creator that Bailiff did not make, and the part that the ledger credited. */
export type Transfer = {
  readonly at: Moment;
  readonly purse: string;
  readonly amount: bigint;
  readonly credited: bigint;
};

/**
 * The transfers that are outflows, by the sentences of ADR 31: the part of a transfer that
 * discharged debts to its creator, or could have discharged those of its time, is no outflow; up to
 * a tenth of that more is another system's rounding; the rest left the subscriber. Each debt
 * excuses one transfer. A debt counts unless it surely came later; a payment only from the next
 * slot on.
 */
export function flightsOf(
  transfers: readonly Transfer[],
  owed: readonly Sum[],
  paid: readonly Sum[],
): Moment[] {
  const excused = new Map<string, bigint>();
  return transfers.flatMap(({ at, purse, amount, credited }) => {
    const sum = (rows: typeof owed, counts: (row: Moment) => boolean): bigint =>
      rows.reduce(
        (all, row) => (row.purse === purse && counts(row.at) ? all + row.amount : all),
        0n,
      );
    const open =
      sum(owed, (row) => !before(at, row)) -
      sum(paid, (row) => row[0] < at[0]) -
      (excused.get(purse) ?? 0n);
    const meant = open < 0n ? 0n : open < amount ? open : amount;
    excused.set(purse, (excused.get(purse) ?? 0n) + meant);
    const discharged = meant > credited ? meant : credited;
    return (amount - discharged) * 10n > discharged ? [at] : [];
  });
}
