// Trigger auction: where the auction of a triggered stop begins and ends, and how long it runs: by
// how far marks stood from the oracle lately, by the AMM's spread and by how much prices moved
// (state/order_params.rs).
import { least, most, mulDivCeil } from '../../core/money.ts';
import type { Struct } from './layout.ts';
import type { Direction } from './positions.ts';

const PERCENT = 1_000_000n;
/** Averages whose times are further apart than this, in seconds, are not compared. */
const APART = 60n;
const SLOTS = { least: 10n, most: 180n } as const;

const size = (value: bigint): bigint => (value < 0n ? -value : value);
/** The least and the most that an auction's end lies beyond the marks, as parts of the price. */
const ENDS: Record<string, readonly [bigint, bigint]> = {
  a: [1_000n, 50n],
  b: [1_000n, 20n],
  c: [500n, 20n],
  speculative: [100n, 10n],
};
const ENDS_OTHERS = [50n, 5n] as const;
const isSafe = ({ contractTier }: Struct): boolean => contractTier === 'a' || contractTier === 'b';

/** How far from the oracle's price the auction begins. */
function startOffset(market: Struct, direction: Direction): bigint {
  const { amm } = market;
  const history = amm.historicalOracleData;
  const long = direction === 'long';
  const average: bigint = long ? amm.lastBidPriceTwap : amm.lastAskPriceTwap;
  if (size((history.lastOraclePriceTwapTs as bigint) - amm.lastMarkPriceTwapTs) >= APART) {
    const off = average / (isSafe(market) ? 500n : 100n);
    return long ? off : -off;
  }
  const slow = average - history.lastOraclePriceTwap;
  const fast: bigint = (amm.lastMarkPriceTwap5min as bigint) - history.lastOraclePriceTwap5min;
  const part = (spread: number): bigint => (BigInt(spread) * average) / (PERCENT * 10n);
  const [above, below] = [part(amm.longSpread), part(amm.shortSpread)];
  return long ? least(slow + above, fast - below) : most(slow - below, fast + above);
}

/** The auction of a stop without a limit that is triggered at the oracle's price. */
export function triggerAuction(
  market: Struct,
  direction: Direction,
  oracle: bigint,
): { start: bigint; end: bigint; slots: number } {
  const { amm } = market;
  const average: bigint = amm.historicalOracleData.lastOraclePriceTwap;
  const [narrow, wide] = ENDS[market.contractTier] ?? ENDS_OTHERS;
  const spread = BigInt(direction === 'short' ? amm.shortSpread : amm.longSpread);
  const moved = most(most(amm.markStd, amm.oracleStd), (spread * size(average)) / PERCENT);
  const beyond = least(most(moved, size(average) / narrow), size(average) / wide);
  const begins = startOffset(market, direction);
  const ends =
    direction === 'short'
      ? least((amm.lastBidPriceTwap as bigint) - beyond - average, begins)
      : most((amm.lastAskPriceTwap as bigint) + beyond - average, begins);
  const [start, end] = [oracle + begins, oracle + ends];
  const off = (size(end - start) * PERCENT) / oracle;
  const slots = mulDivCeil(off, isSafe(market) ? 100n : 60n, PERCENT / 100n);
  return { start, end, slots: Number(least(most(slots, SLOTS.least), SLOTS.most)) };
}
