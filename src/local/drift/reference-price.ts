// Reference price: at an intensity above 100 the AMM quotes both sides around a price that lies off
// its own, towards what traders have paid lately (math/amm_spread.rs:
// calculate_reference_price_offset, as of the build of 2024-06).
import { least, most } from '../../core/money.ts';
import type { Struct } from './layout.ts';

const PERCENT = 1_000_000n;
/** A hundredth of a percent. */
const BASIS_POINT = PERCENT / 10_000n;
/** Up to this intensity the reference price is the AMM's own. */
const INTENSITY_PLAIN = 100;
/** A funding rate has three digits more than a price, and is that of an hour. */
const FUNDING_BUFFER = 1_000n;
const HOURS = 24n;
const within = (value: bigint, bound: bigint): bigint => least(most(value, -bound), bound);

/** The widest offset: a basis point for each step above 100, or a fifth of the widest spread. */
function widestOffset({ curveUpdateIntensity, maxSpread }: Struct): bigint {
  if (curveUpdateIntensity <= INTENSITY_PLAIN) return 0n;
  const steps = BigInt(curveUpdateIntensity - INTENSITY_PLAIN);
  return most(BigInt(maxSpread) / 5n, BASIS_POINT * steps);
}

/**
 * The offset of the reference price from the AMM's own price, in millionths of that price; negative
 * for a lower one. It is zero without funding in the last day, and where the AMM's position and the
 * premium that traders pay point in opposite directions.
 */
export function referenceOffset(amm: Struct, reserve: bigint): number {
  const bound = widestOffset(amm);
  const funding: bigint = amm.last24hAvgFundingRate;
  if (bound === 0n || funding === 0n) return 0;
  const widest = (bound * reserve) / PERCENT;
  const oracle = amm.historicalOracleData;
  const premiums = [
    (amm.lastMarkPriceTwap5min as bigint) - oracle.lastOraclePriceTwap5min,
    (amm.lastMarkPriceTwap as bigint) - oracle.lastOraclePriceTwap,
    (funding / FUNDING_BUFFER) * HOURS,
  ];
  const sum = premiums.reduce((total, each) => total + within(each, widest), 0n);
  const premium = ((sum / 3n) * PERCENT) / reserve;
  // The program hands the bounds of the AMM's reserve over in the wrong order, so that every
  // position that is not zero counts as the largest one.
  const held: bigint = amm.baseAssetAmountWithAmm + amm.baseAssetAmountWithUnsettledLp;
  const inventory = held === 0n ? 0n : held > 0n ? bound : -bound;
  if (premium * inventory < 0n) return 0;
  return Number(within(premium + inventory, bound));
}
