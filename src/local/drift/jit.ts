// JIT: the part of a match that the AMM takes for itself at the maker's price, when that reduces
// its own position (math/amm_jit.rs).
import { least, most } from '../../core/money.ts';
import { standardBase } from './amm.ts';
import type { Filling } from './filled-order.ts';
import type { Struct } from './layout.ts';
import { auctionEnded } from './order-rules.ts';
import type { Direction } from './positions.ts';
import type { Session } from './session.ts';
import { openSides } from './spread.ts';

const PERCENT = 1_000_000n;
/** A price further from the oracle than this part of it looks like a trade with oneself. */
const WASH = 2_000n;
const size = (value: bigint): bigint => (value < 0n ? -value : value);

/** Whether a trade of that direction reduces the AMM's own position. */
function relieves(amm: Struct, direction: Direction): boolean {
  const held: bigint = amm.baseAssetAmountWithAmm;
  return direction === 'long' ? held < -amm.orderStepSize : held > amm.orderStepSize;
}

/** Half of the match; less when the price is better for the taker than the oracle's. */
function halfOf(amm: Struct, base: bigint, direction: Direction, price: bigint, oracle: bigint) {
  const near = oracle / WASH;
  const half = base / 2n;
  const wash = direction === 'long' ? price < oracle - near : price > oracle + near;
  if (!wash) return half;
  const spread = BigInt(direction === 'long' ? amm.shortSpread : amm.longSpread);
  const room = (spread * oracle) / PERCENT;
  return (half * most(0n, room - size(price - oracle))) / most(room, 1n);
}

/** The base that the AMM takes of a match; 0 when it takes none. */
export function jitBase(
  session: Session,
  { order, market, oracle, oracleUsable }: Filling,
  price: bigint,
  match: { readonly possible: bigint; readonly offered: bigint; readonly wanted: bigint },
): bigint {
  const { amm } = market;
  const limited =
    order.price > 0n || order.oraclePriceOffset !== 0 || !auctionEnded(order, session.slot);
  // The AMM fills the rest of such an order anyway.
  if (!limited && match.offered < match.wanted) return 0n;
  if (amm.ammJitIntensity === 0 || !relieves(amm, order.direction)) return 0n;
  const top = oracleUsable ? halfOf(amm, match.possible, order.direction, price, oracle) : 0n;
  if (top === 0n) return 0n;
  const { bids, asks } = openSides(amm);
  const [more, less] = [most(bids, asks), least(bids, asks)];
  const leaning = less === 0n || (more * 10n) / less >= 15n;
  const part = leaning ? match.possible : match.possible / 4n;
  const intense = (part * BigInt(Math.min(amm.ammJitIntensity, 100))) / 100n;
  const base = least(least(intense, size(amm.baseAssetAmountWithAmm)), top);
  return standardBase(base, amm.orderStepSize);
}
