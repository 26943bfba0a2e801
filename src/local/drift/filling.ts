// Filling: fills an order against the resting orders of the makers that the caller names, best
// price first, and against the market's AMM where it is better (controller/orders.rs,
// math/fulfillment.rs).
import { fillWithAmm } from './fill-amm.ts';
import { NOTHING, type Traded } from './fill-books.ts';
import { fillWithMaker } from './fill-maker.ts';
import type { Filling } from './filled-order.ts';
import { heldOf, type Maker } from './makers.ts';
import { meets } from './margin.ts';
import { rememberVolume, sidePrice } from './marks.ts';
import { crosses, isReducing, unfilled } from './order-rules.ts';
import { type Direction, opposite } from './positions.ts';
import { fail, type Session } from './session.ts';

const METHODS_MOST = 7;

type Method = { readonly maker: Maker } | { readonly amm: bigint | null };

/**
 * The methods that fill an order, the first to be tried first. `amm` is the price up to which the
 * AMM fills; null for the order's own limit.
 */
function methodsOf(session: Session, filling: Filling, makers: readonly Maker[]): Method[] {
  const { order, market, limit, state, reserve } = filling;
  const shortest = BigInt(state.minPerpAuctionDuration);
  const inTime =
    session.venue.ammFillsAtOnce ||
    session.slot > order.slot ||
    filling.liquidating === true ||
    market.amm.mmOracleSlot === session.slot;
  const open =
    inTime && filling.ammOpen && (shortest === 0n || session.slot - order.slot > shortest);
  const direction = opposite(order.direction);
  if (order.postOnly) {
    // The AMM's price has reached a resting order, so the AMM takes it at the order's price.
    const side = sidePrice(market.amm, order.direction, reserve);
    return open && limit !== null && crosses(order.direction, limit, side) ? [{ amm: null }] : [];
  }
  const methods: Method[] = [];
  let ammPrice = sidePrice(market.amm, order.direction, reserve);
  for (const maker of makers) {
    if (limit !== null && !crosses(direction, maker.price, limit)) break;
    const better = order.direction === 'long' ? maker.price <= ammPrice : maker.price >= ammPrice;
    if (open && !better) {
      methods.push({ amm: maker.price });
      ammPrice = maker.price;
    }
    methods.push({ maker });
    if (methods.length >= METHODS_MOST) break;
  }
  if (open && (limit === null || crosses(direction, ammPrice, limit))) methods.push({ amm: null });
  return methods;
}

/** Fills an order as far as its limit allows. Returns the traded amounts. */
export function fulfill(session: Session, filling: Filling, makers: readonly Maker[]): Traded {
  const { taker, order, market } = filling;
  // Kept here, because a filled order leaves its slot empty.
  const direction: Direction = order.direction;
  const { marketIndex } = market;
  const held = heldOf(taker.user, marketIndex);
  const decreasing = isReducing(order.direction, unfilled(order, held), held);
  const before = new Map(makers.map(({ user }) => [user, heldOf(user, marketIndex)]));
  const methods = methodsOf(session, filling, makers);
  let total = NOTHING;
  for (const method of methods) {
    if (order.status !== 'open') break;
    const traded =
      'maker' in method
        ? fillWithMaker(session, filling, method.maker)
        : fillWithAmm(session, filling, method.amm);
    total = { base: total.base + traded.base, quote: total.quote + traded.quote };
    rememberVolume(market.amm, direction, traded.quote, session.now);
  }
  if (methods.length === 0) return total;
  const kind = decreasing ? 'maintenance' : 'fill';
  if (filling.liquidating !== true && !meets(session, taker.user, kind))
    fail(session, 'InsufficientCollateral');
  for (const [user, was] of before) {
    const now = heldOf(user, marketIndex);
    if (now === was) continue;
    const smaller = now === 0n || (now > 0n === was > 0n && now * now < was * was);
    if (!meets(session, user, smaller ? 'maintenance' : 'fill'))
      fail(session, 'InsufficientCollateral');
  }
  return total;
}
