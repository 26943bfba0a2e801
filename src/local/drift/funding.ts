// Funding: the funding that a perp position pays or receives since its last update
// (math/funding.rs). Longs pay when the rate rises.
import type { Struct } from './layout.ts';

const size = (value: bigint): bigint => (value < 0n ? -value : value);

/** The funding rate that applies to a position of that direction. */
export const cumulativeRate = (market: Struct, base: bigint): bigint =>
  base > 0n ? market.amm.cumulativeFundingRateLong : market.amm.cumulativeFundingRateShort;

/**
 * The payment of a position when its rate rises by `delta`, in quote units; positive when the
 * position receives it.
 */
export function fundingPayment(delta: bigint, base: bigint): bigint {
  // The quote amount in 1e9 first, then in 1e6, rounded toward zero.
  const magnitude = (size(delta) * size(base)) / 1_000_000n / 1_000n;
  return (delta > 0n === base > 0n ? -magnitude : magnitude) / 1_000n;
}

/** The payment that is due, in quote units; positive when the position receives it. */
export function fundingOf(position: Struct, market: Struct): bigint {
  const base: bigint = position.baseAssetAmount;
  const rate = cumulativeRate(market, base);
  return fundingPayment(rate - (position.lastCumulativeFundingRate as bigint), base);
}
