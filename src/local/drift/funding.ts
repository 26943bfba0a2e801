// Funding: what a perp position has to pay or gets since it was last touched (math/funding.rs).
// Longs pay a rising rate.
import type { Struct } from './layout.ts';

const size = (value: bigint): bigint => (value < 0n ? -value : value);

/** The funding rate that a position of that direction is measured against. */
export const cumulativeRate = (market: Struct, base: bigint): bigint =>
  base > 0n ? market.amm.cumulativeFundingRateLong : market.amm.cumulativeFundingRateShort;

/**
 * What a position pays or gets when the rate it is measured against rises by `delta`, quote units:
 * positive is what it gets.
 */
export function fundingPayment(delta: bigint, base: bigint): bigint {
  // Quote in 1e9 first, then to 1e6 toward zero.
  const magnitude = (size(delta) * size(base)) / 1_000_000n / 1_000n;
  return (delta > 0n === base > 0n ? -magnitude : magnitude) / 1_000n;
}

/** The payment that is open, in quote units: positive is what the position gets. */
export function fundingOf(position: Struct, market: Struct): bigint {
  const base: bigint = position.baseAssetAmount;
  const rate = cumulativeRate(market, base);
  return fundingPayment(rate - (position.lastCumulativeFundingRate as bigint), base);
}
