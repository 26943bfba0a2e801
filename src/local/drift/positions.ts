// Positions: the effect of a fill or a funding payment on a perp position, and the fields of a fill
// record about the position before it. Rules: controller/position.rs, math/orders.rs and
// controller/funding.rs.
import { cumulativeRate, fundingOf } from './funding.ts';
import type { Struct } from './layout.ts';
import { perpIsUsed } from './margin.ts';
import { fail, type Session } from './session.ts';

const size = (value: bigint): bigint => (value < 0n ? -value : value);
const flips = (before: bigint, after: bigint): boolean =>
  before !== 0n && after !== 0n && before > 0n !== after > 0n;
export type Direction = 'long' | 'short';
/** The other direction. */
export const opposite = (direction: Direction): Direction =>
  direction === 'long' ? 'short' : 'long';

export type Change = { existingEntry: bigint | null; existingBase: bigint | null };

/**
 * A position's base and entry amount after a fill, and the fields of the fill record about the
 * position before it.
 */
export function moved(
  { base: held, entry }: { base: bigint; entry: bigint },
  direction: Direction,
  base: bigint,
  quote: bigint,
): { position: { base: bigint; entry: bigint }; change: Change } {
  const [deltaBase, deltaQuote] = direction === 'long' ? [base, -quote] : [-base, quote];
  const whole = size(held);
  if (held === 0n || held > 0n === deltaBase > 0n)
    return {
      position: { base: held + deltaBase, entry: entry + deltaQuote },
      change: { existingEntry: null, existingBase: null },
    };
  if (base <= whole)
    return {
      position: { base: held + deltaBase, entry: entry - (entry * base) / whole },
      change: { existingEntry: (size(entry) * base) / whole, existingBase: null },
    };
  return {
    position: { base: held + deltaBase, entry: deltaQuote - (deltaQuote * whole) / base },
    change: { existingEntry: size(entry), existingBase: whole },
  };
}

type Side = 'Long' | 'Short';
const AGGREGATES = ['quoteEntryAmount', 'quoteBreakEvenAmount'] as const;

/** Changes a market's totals of one side. */
function shift(market: Struct, side: Side, base: bigint, entry: bigint, even: bigint): void {
  market.amm[`baseAssetAmount${side}`] += base;
  for (const [at, name] of AGGREGATES.entries())
    market.amm[`${name}${side}`] += at === 0 ? entry : even;
}

const isEmpty = (position: Struct): boolean =>
  position.quoteAssetAmount === 0n && position.baseAssetAmount === 0n;

/** Changes the quote amount of a position and of its market; the entry amount stays. */
export function creditQuote(position: Struct, market: Struct, delta: bigint): void {
  if (delta === 0n) return;
  if (isEmpty(position)) market.numberOfUsers += 1;
  position.quoteAssetAmount += delta;
  market.amm.quoteAssetAmount += delta;
  if (isEmpty(position)) market.numberOfUsers = Math.max(0, market.numberOfUsers - 1);
}

/**
 * Like `creditQuote`, for a fee, a rebate or funding, which also move the price at which the
 * position breaks even.
 */
export function creditEven(position: Struct, market: Struct, delta: bigint): void {
  creditQuote(position, market, delta);
  const base: bigint = position.baseAssetAmount;
  if (delta === 0n || base === 0n) return;
  position.quoteBreakEvenAmount += delta;
  shift(market, base > 0n ? 'Long' : 'Short', 0n, 0n, delta);
}

/**
 * Applies a fill to a position and its market's totals, and returns the fields of the fill record
 * about the position before it.
 */
export function applyFill(
  position: Struct,
  market: Struct,
  direction: Direction,
  base: bigint,
  quote: bigint,
): Change {
  const held: bigint = position.baseAssetAmount;
  const was = { base: held, entry: position.quoteEntryAmount as bigint };
  const even = { base: held, entry: position.quoteBreakEvenAmount as bigint };
  const { position: after, change } = moved(was, direction, base, quote);
  const evenAfter = flips(held, after.base)
    ? after.entry
    : moved(even, direction, base, quote).position.entry;
  const deltaQuote = direction === 'long' ? -quote : quote;
  const sideOf = (value: bigint): Side => (value > 0n ? 'Long' : 'Short');
  if (held === 0n && isEmpty(position)) market.numberOfUsers += 1;
  if (held === 0n) market.numberOfUsersWithBase += 1;
  if (flips(held, after.base)) {
    shift(market, sideOf(held), -held, -was.entry, -even.entry);
    shift(market, sideOf(after.base), after.base, after.entry, evenAfter);
  } else
    shift(
      market,
      sideOf(held === 0n ? after.base : held),
      after.base - held,
      after.entry - was.entry,
      evenAfter - even.entry,
    );
  market.amm.quoteAssetAmount += deltaQuote;
  const opens = held === 0n || flips(held, after.base) || size(after.base) > size(held);
  Object.assign(position, {
    baseAssetAmount: after.base,
    quoteAssetAmount: position.quoteAssetAmount + deltaQuote,
    quoteEntryAmount: after.entry,
    quoteBreakEvenAmount: evenAfter,
    // A position that was opened, enlarged or flipped pays funding from the present rate on.
    ...(after.base === 0n
      ? { lastCumulativeFundingRate: 0n }
      : opens
        ? { lastCumulativeFundingRate: cumulativeRate(market, after.base) }
        : {}),
  });
  if (after.base === 0n) {
    market.numberOfUsersWithBase -= 1;
    if (isEmpty(position)) market.numberOfUsers -= 1;
  }
  return change;
}

/** Whether an account has a position in a market, or a free place for one. */
export const hasRoom = (user: Struct, marketIndex: number): boolean =>
  (user.perpPositions as Struct[]).some(
    (each) => !perpIsUsed(each) || each.marketIndex === marketIndex,
  );

/** An account's position in a market; takes a free place when there is none. */
export function perpPosition(session: Session, user: Struct, marketIndex: number): Struct {
  const positions = user.perpPositions as Struct[];
  const held = positions.find((each) => each.marketIndex === marketIndex && perpIsUsed(each));
  if (held !== undefined) return held;
  const free = positions.find((each) => !perpIsUsed(each));
  if (free === undefined) return fail(session, 'MaxNumberOfPositions');
  Object.assign(free, {
    marketIndex,
    settledPnl: 0n,
    quoteEntryAmount: 0n,
    quoteBreakEvenAmount: 0n,
    lastCumulativeFundingRate: 0n,
  });
  return free;
}

/** Pays or receives the funding since the position's last update. */
export function settleFunding(
  session: Session,
  user: Struct,
  userKey: string,
  market: Struct,
): void {
  const position = (user.perpPositions as Struct[]).find(
    (each) => each.marketIndex === market.marketIndex && each.baseAssetAmount !== 0n,
  );
  if (position === undefined) return;
  const rate = cumulativeRate(market, position.baseAssetAmount);
  if (rate === position.lastCumulativeFundingRate) return;
  const payment = fundingOf(position, market);
  user.cumulativePerpFunding += payment;
  session.emitData('FundingPaymentRecord', {
    ts: session.now,
    userAuthority: user.authority,
    user: userKey,
    marketIndex: market.marketIndex,
    fundingPayment: payment,
    baseAssetAmount: position.baseAssetAmount,
    userLastCumulativeFunding: position.lastCumulativeFundingRate,
    ammCumulativeFundingLong: market.amm.cumulativeFundingRateLong,
    ammCumulativeFundingShort: market.amm.cumulativeFundingRateShort,
  });
  position.lastCumulativeFundingRate = rate;
  creditEven(position, market, payment);
  market.amm.netUnsettledFundingPnl -= payment;
}

/** Charges a fee to a position; a rebate is a negative one. */
export const charge = (position: Struct, market: Struct, fee: bigint): void =>
  creditEven(position, market, -fee);
