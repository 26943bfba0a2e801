// Oracle validity: how far the program trusts what an oracle says (math/oracle.rs): the worst thing
// that is wrong with the price, and which acts still go on with it.
import { least, most } from '../../core/money.ts';
import type { Struct } from './layout.ts';
import type { Quote } from './session.ts';

const PERCENT = 1_000_000n;

/** The faults of a price, worst first; `valid` is none. */
export type Validity =
  | 'non_positive'
  | 'too_volatile'
  | 'too_uncertain'
  | 'stale_for_margin'
  | 'stale_for_amm'
  | 'valid';

/** How much wider than the State's a confidence interval may be, by the market's tier. */
const WIDER: Record<string, bigint> = { a: 1n, b: 1n, c: 2n, speculative: 10n };
const WIDEST = 50n;

/** The same for spot markets. */
const WIDER_SPOT: Record<string, bigint> = { collateral: 1n, protected: 1n, cross: 5n };

function validityBy(state: Struct, average: bigint, wider: bigint, quote: Quote): Validity {
  const rails = state.oracleGuardRails.validity;
  const { price, confidence, delay } = quote;
  // Of a price of nothing the program's division fails before it is called non-positive.
  const wide = (most(1n, confidence) * PERCENT) / price;
  if (price <= 0n) return 'non_positive';
  if (most(price, average) / most(1n, least(average, price)) > rails.tooVolatileRatio)
    return 'too_volatile';
  if (wide > rails.confidenceIntervalMaxSize * wider) return 'too_uncertain';
  if (delay > rails.slotsBeforeStaleForMargin) return 'stale_for_margin';
  return delay > rails.slotsBeforeStaleForAmm ? 'stale_for_amm' : 'valid';
}

/** The validity of the price of a perp market's oracle by the State's guard rails. */
export const validityOf = (state: Struct, market: Struct, quote: Quote): Validity =>
  validityBy(
    state,
    market.amm.historicalOracleData.lastOraclePriceTwap,
    WIDER[market.contractTier] ?? WIDEST,
    quote,
  );

/** The validity of the price of a spot market's oracle by the State's guard rails. */
export const validityOfSpot = (state: Struct, market: Struct, quote: Quote): Validity =>
  validityBy(
    state,
    market.historicalOracleData.lastOraclePriceTwap,
    WIDER_SPOT[market.assetTier] ?? WIDEST,
    quote,
  );

/** Whether funding may be updated by such a price. */
export const allowsFunding = (validity: Validity): boolean =>
  validity === 'valid' || validity === 'stale_for_amm' || validity === 'stale_for_margin';

/** Whether what an account may take out is reckoned by such a price. */
export const allowsMargin = (validity: Validity): boolean =>
  validity === 'valid' || validity === 'stale_for_amm';

/** Whether an order's price and the AMM's JIT may be reckoned from such a price. */
export const allowsOrderPrice = (validity: Validity): boolean =>
  validity === 'valid' || validity === 'stale_for_amm';
