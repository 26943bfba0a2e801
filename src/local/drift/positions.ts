// Positions: how a fill or a funding payment changes a perp position, and what a fill record reports of the position before
// it. Rules: controller/position.rs, math/orders.rs and controller/funding.rs.
import type { Struct } from './layout.ts';
import { perpIsUsed } from './margin.ts';
import { fail, type Session } from './session.ts';

const abs = (value: bigint): bigint => (value < 0n ? -value : value);
export type Direction = 'long' | 'short';
export const opposite = (direction: Direction): Direction =>
  direction === 'long' ? 'short' : 'long';

export type Change = { existingEntry: bigint | null; existingBase: bigint | null };

/** A position's base and the quote it was entered at, after a fill, and what a fill record reports of it before. */
export function moved(
  { base: held, entry }: { base: bigint; entry: bigint },
  direction: Direction,
  base: bigint,
  quote: bigint,
): { position: { base: bigint; entry: bigint }; change: Change } {
  const [deltaBase, deltaQuote] = direction === 'long' ? [base, -quote] : [-base, quote];
  const size = abs(held);
  if (held === 0n || held > 0n === deltaBase > 0n)
    return {
      position: { base: held + deltaBase, entry: entry + deltaQuote },
      change: { existingEntry: null, existingBase: null },
    };
  if (base <= size)
    return {
      position: { base: held + deltaBase, entry: entry - (entry * base) / size },
      change: { existingEntry: (abs(entry) * base) / size, existingBase: null },
    };
  return {
    position: { base: held + deltaBase, entry: deltaQuote - (deltaQuote * size) / base },
    change: { existingEntry: abs(entry), existingBase: size },
  };
}

/** Applies a fill to a position, and says what a fill record reports of the position before it. */
export function applyFill(
  position: Struct,
  direction: Direction,
  base: bigint,
  quote: bigint,
): Change {
  const was = { base: position.baseAssetAmount, entry: position.quoteEntryAmount };
  const even = { base: position.baseAssetAmount, entry: position.quoteBreakEvenAmount };
  const { position: after, change } = moved(was, direction, base, quote);
  position.baseAssetAmount = after.base;
  position.quoteAssetAmount += direction === 'long' ? -quote : quote;
  position.quoteEntryAmount = after.entry;
  position.quoteBreakEvenAmount = moved(even, direction, base, quote).position.entry;
  return change;
}

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

/** The funding rate a position of that direction is measured against. */
function cumulativeRate(market: Struct, base: bigint): bigint {
  return base >= 0n ? market.amm.cumulativeFundingRateLong : market.amm.cumulativeFundingRateShort;
}

/** Pays or receives the funding that has come up since the position was last touched. */
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
  const base: bigint = position.baseAssetAmount;
  const rate = cumulativeRate(market, base);
  const delta = rate - (position.lastCumulativeFundingRate as bigint);
  if (delta === 0n) return;
  // Quote in 1e9 first, then to 1e6 toward zero; longs pay a rising rate.
  const magnitude = (abs(delta) * abs(base)) / 1_000_000n / 1_000n;
  const payment = (delta > 0n === base > 0n ? -magnitude : magnitude) / 1_000n;
  session.emitData('FundingPaymentRecord', {
    ts: session.now,
    userAuthority: user.authority,
    user: userKey,
    marketIndex: market.marketIndex,
    fundingPayment: payment,
    baseAssetAmount: base,
    userLastCumulativeFunding: position.lastCumulativeFundingRate,
    ammCumulativeFundingLong: market.amm.cumulativeFundingRateLong,
    ammCumulativeFundingShort: market.amm.cumulativeFundingRateShort,
  });
  position.lastCumulativeFundingRate = rate;
  position.quoteAssetAmount += payment;
  position.quoteBreakEvenAmount += payment;
  user.cumulativePerpFunding += payment;
}

/** After a fill: a position that was opened or turned around is measured from the present rate on. */
export function restampFunding(position: Struct, market: Struct): void {
  position.lastCumulativeFundingRate =
    position.baseAssetAmount === 0n ? 0n : cumulativeRate(market, position.baseAssetAmount);
}

/** Charges a fee to a position; a rebate is a negative one. */
export function charge(position: Struct, fee: bigint): void {
  position.quoteAssetAmount -= fee;
  if (position.baseAssetAmount !== 0n) position.quoteBreakEvenAmount -= fee;
}
