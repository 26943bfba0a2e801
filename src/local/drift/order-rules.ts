// Order rules: facts that follow from an order alone: its price in this slot, its unfilled amount,
// the orders that it may match, and its end (state/user.rs, math/orders.rs, math/auction.rs,
// math/matching.rs).
import { least, most } from '../../core/money.ts';
import { blankAccount, type Struct } from './layout.ts';
import type { Direction } from './positions.ts';

const MARGIN = 10_000n;
/** A derived auction ends within this part of the oracle price. */
const DERIVED = 200n;
/** A keeper may end a limit order this many seconds after its expiry. */
const LIMIT_BUFFER = 15n;

/** The content of a slot after its order ended. */
export const noOrder = (): Struct => ({
  ...(blankAccount('User').orders as Struct[])[0],
  orderType: 'limit',
  marketType: 'perp',
});

/** Whether the order is a stop, which waits for its price. */
export const mustBeTriggered = (order: Struct): boolean =>
  String(order.orderType).startsWith('trigger');
/** Whether a stop's price was reached and a keeper triggered it. */
export const isTriggered = (order: Struct): boolean =>
  String(order.triggerCondition).startsWith('triggered');
/** Whether the order has an auction. */
export const hasAuction = (order: Struct): boolean => order.auctionDuration !== 0;
const isLimit = ({ orderType }: Struct): boolean =>
  orderType === 'limit' || orderType === 'triggerLimit';

/** A price in whole ticks: down for a buyer, up for a seller. */
export function standardPrice(price: bigint, tick: bigint, direction: Direction): bigint {
  const rest = ((price % tick) + tick) % tick;
  if (price === 0n || rest === 0n) return price;
  return direction === 'long' ? price - rest : price + tick - rest;
}

/** The unfilled amount; of a reduce-only order no more than the position. */
export function unfilled(order: Struct, held: bigint | null): bigint {
  const left = (order.baseAssetAmount as bigint) - order.baseAssetAmountFilled;
  if (held === null || !order.reduceOnly || order.postOnly) return left;
  if (held === 0n || held > 0n === (order.direction === 'long')) return 0n;
  return least(left, held < 0n ? -held : held);
}

/** Whether an order's auction is over, or it has none. */
export const auctionEnded = (order: Struct, slot: bigint): boolean =>
  order.auctionDuration === 0 || slot - order.slot > BigInt(order.auctionDuration);

function auctionPrice(order: Struct, slot: bigint, tick: bigint): bigint {
  const { auctionStartPrice: start, auctionEndPrice: end, direction } = order;
  const duration = BigInt(order.auctionDuration);
  if (duration === 0n) return standardPrice(end, tick, direction);
  const passed = least(slot - order.slot, duration);
  const delta: bigint = direction === 'long' ? (end as bigint) - start : (start as bigint) - end;
  const moved = (delta * passed) / duration;
  return standardPrice(direction === 'long' ? start + moved : start - moved, tick, direction);
}

/** The worst price that an order accepts in this slot; null for any. */
export function limitPrice(order: Struct, slot: bigint, tick: bigint): bigint | null {
  if (
    !auctionEnded(order, slot) &&
    (order.auctionStartPrice !== 0n || order.auctionEndPrice !== 0n)
  )
    return auctionPrice(order, slot, tick);
  return order.price === 0n ? null : order.price;
}

/**
 * The worst price of an order that is taken in the instruction that places it, whose auction counts
 * as over.
 */
export const takingPrice = (order: Struct, slot: bigint, tick: bigint): bigint | null =>
  hasAuction(order)
    ? auctionPrice(order, order.slot + BigInt(order.auctionDuration), tick)
    : limitPrice(order, slot, tick);

const isResting = (order: Struct, slot: bigint): boolean =>
  isLimit(order) && (order.postOnly || auctionEnded(order, slot));

/**
 * Whether two orders may match: the maker's order rests, its auction ended no later than that of a
 * taker's order that rests as well, and one of them was placed in an earlier slot (`inSlot`: the
 * venue matches orders of one slot, too).
 */
export function mayMatch(maker: Struct, taker: Struct, slot: bigint, inSlot: boolean): boolean {
  if (!inSlot && slot === maker.slot && slot === taker.slot) return false;
  if (taker.postOnly || !isResting(maker, slot)) return false;
  if (!isResting(taker, slot) || maker.postOnly) return true;
  const end = (order: Struct): bigint => order.slot + BigInt(order.auctionDuration);
  return end(maker) <= end(taker);
}

/**
 * Whether an order can be a maker's order: an open limit order of that side and market, triggered
 * if it is a stop.
 */
export const isMakers = (order: Struct, marketIndex: number, direction: Direction): boolean =>
  order.status === 'open' &&
  order.direction === direction &&
  order.marketType === 'perp' &&
  order.marketIndex === marketIndex &&
  isLimit(order) &&
  (!mustBeTriggered(order) || isTriggered(order));

/** Whether a maker's price satisfies a taker's. */
export const crosses = (makerDirection: Direction, maker: bigint, taker: bigint): boolean =>
  makerDirection === 'long' ? maker >= taker : maker <= taker;

/**
 * Whether a maker's price differs from the oracle's by the initial margin or more, to the maker's
 * disadvantage.
 */
export function breachesBand(
  price: bigint,
  direction: Direction,
  oracle: bigint,
  marginRatio: number,
): boolean {
  const worse = direction === 'long' ? price - oracle : oracle - price;
  return worse > 0n && (worse * MARGIN) / oracle >= BigInt(marginRatio);
}

/** Whether an open order's time is over; a stop never expires before it is triggered. */
export const isExpired = (order: Struct, now: bigint): boolean =>
  order.status === 'open' && order.maxTs !== 0n && !mustBeTriggered(order) && now > order.maxTs;

/** Whether it is too early for a keeper to end an expired order. */
export const isTooEarlyToExpire = (order: Struct, now: bigint): boolean =>
  isLimit(order) && !isExpired(order, now - LIMIT_BUFFER);

/** Whether a reduce-only order has nothing left to reduce. */
export const isSpent = (order: Struct, held: bigint, step: bigint): boolean =>
  order.status === 'open' && order.reduceOnly && unfilled(order, held) < step;

/** Whether a trade of this size only reduces the held position. */
export const isReducing = (direction: Direction, base: bigint, held: bigint): boolean =>
  (direction === 'long' && held < 0n && base <= -held) ||
  (direction === 'short' && held > 0n && base <= held);

/** Whether an order could make a position larger, given the bids and asks that are open already. */
export function increasesRisk(order: Struct, position: Struct): boolean {
  if (order.reduceOnly) return false;
  const held: bigint = position.baseAssetAmount;
  if (order.direction === 'long')
    return held >= 0n || position.openBids + order.baseAssetAmount > -held;
  return held <= 0n || order.baseAssetAmount - position.openAsks > held;
}

/**
 * Start, end and duration of a new order's auction. Market orders always have prices; missing ones
 * are derived.
 */
export function auctionOf(
  params: Struct,
  oracle: bigint,
  tick: bigint,
  shortest: number,
): { start: bigint; end: bigint; duration: number } {
  const { orderType, direction, auctionStartPrice: start, auctionEndPrice: end } = params;
  const ticks = (price: bigint): bigint => standardPrice(price, tick, direction);
  const given: number | null = params.auctionDuration;
  if (orderType === 'limit' && start !== null && end !== null && given !== null)
    return {
      start: ticks(start),
      end: ticks(end),
      duration: given === 0 ? 0 : Math.max(given, shortest),
    };
  if (orderType !== 'market') return { start: 0n, end: 0n, duration: 0 };
  const [from, to] =
    start !== null && end !== null ? [start, end] : derived(oracle, direction, params.price);
  return { start: ticks(from), end: ticks(to), duration: Math.max(given ?? 0, shortest) };
}

function derived(oracle: bigint, direction: Direction, limit: bigint): [bigint, bigint] {
  const long = direction === 'long';
  const far = long ? oracle + oracle / DERIVED : oracle - oracle / DERIVED;
  if (limit === 0n) return [oracle, far];
  if (long) return limit < oracle ? [limit - limit / DERIVED, limit] : [oracle, least(limit, far)];
  return limit > oracle ? [limit + limit / DERIVED, limit] : [oracle, most(limit, far)];
}
