// Orders: place_perp_order, place_and_take_perp_order and cancel_order of the stand-in. Resting orders are post-only limits,
// auctions and stops; keepers fill, trigger and end them (order-keepers.ts).
import { least } from '../../core/money.ts';
import { abs, shrinkOrder, takeLiquidity } from './filling.ts';
import type { Struct } from './layout.ts';
import { marginOf } from './margin.ts';
import { NO_ACTION, sideOf } from './order-record.ts';
import { type Direction, perpPosition, settleFunding } from './positions.ts';
import { fail, failAnchor, type Session } from './session.ts';

const FILL_PAUSED = 8;

function begin(session: Session, params: Struct): { user: Struct; state: Struct; market: Struct } {
  const user = session.load('User', session.at('user'));
  const state = session.load('State', session.at('state'));
  const signer = session.at('authority');
  if (signer !== user.authority && signer !== user.delegate)
    failAnchor(session, 2003, 'ConstraintRaw');
  if (state.exchangeStatus & FILL_PAUSED) fail(session, 'ExchangePaused');
  if (params.marketType !== 'perp') fail(session, 'InvalidOrderMarketType');
  const market = session.perpMarket(params.marketIndex, true);
  if (market.status !== 'active' && market.status !== 'reduceOnly')
    fail(session, 'MarketPlaceOrderPaused');
  settleFunding(session, user, session.at('user'), market);
  return { user, state, market };
}

/** An order record of an act that fills nothing. */
export function emitAct(session: Session, market: Struct, order: Struct, fields: Struct): void {
  session.emitLog('OrderActionRecord', {
    ...NO_ACTION,
    ts: session.now,
    actionExplanation: 'none',
    marketIndex: market.marketIndex,
    marketType: 'perp',
    oraclePrice: session.price(market.amm.oracle, market.amm.oracleSource),
    ...fields,
    ...sideOf(order, session.at('user')),
  });
}

/** Rests an order on the book. */
export function placePerpOrder(session: Session, args: Struct): void {
  const { params } = args;
  const { user, market } = begin(session, params);
  const order = (user.orders as Struct[]).find((each) => each.status !== 'open');
  if (order === undefined) throw fail(session, 'MaxNumberOfOrders');
  if (params.maxTs !== null && params.maxTs < session.now) fail(session, 'InvalidOrderMaxTs');
  const position = perpPosition(session, user, params.marketIndex);
  const base: bigint = params.baseAssetAmount;
  const stop = String(params.orderType).startsWith('trigger');
  Object.assign(order, {
    slot: session.slot,
    price: params.price,
    baseAssetAmount: base,
    baseAssetAmountFilled: 0n,
    quoteAssetAmountFilled: 0n,
    orderId: user.nextOrderId++,
    marketIndex: params.marketIndex,
    status: 'open',
    orderType: params.orderType,
    marketType: 'perp',
    direction: params.direction,
    reduceOnly: params.reduceOnly,
    postOnly: params.postOnly !== 'none',
    triggerPrice: params.triggerPrice ?? 0n,
    triggerCondition: params.triggerCondition,
    maxTs: params.maxTs ?? 0n,
  });
  position.openOrders += 1;
  user.openOrders += 1;
  user.hasOpenOrder = true;
  // A stop takes no room before it is triggered.
  if (!stop && params.direction === 'long') position.openBids += base;
  else if (!stop) position.openAsks -= base;
  user.lastActiveSlot = session.slot;
  const { collateral, requirement } = marginOf(session, user, 'initial');
  if (collateral < requirement) fail(session, 'InsufficientCollateral');
  emitAct(session, market, order, { action: 'place' });
}

/** The open order of that id; fails as the program does when there is none. */
export function openOrder(session: Session, user: Struct, orderId: number | null): Struct {
  const order = (user.orders as Struct[]).find(
    (each) => each.status === 'open' && (orderId === null || each.orderId === orderId),
  );
  return order ?? fail(session, 'OrderDoesNotExist');
}

export function cancelOrder(session: Session, args: Struct): void {
  const user = session.load('User', session.at('user'));
  const order = openOrder(session, user, args.orderId);
  const { market } = begin(session, { marketType: 'perp', marketIndex: order.marketIndex });
  const left = (order.baseAssetAmount as bigint) - order.baseAssetAmountFilled;
  const position = perpPosition(session, user, order.marketIndex);
  shrinkOrder(user, order, position, left, 'canceled');
  user.lastActiveSlot = session.slot;
  emitAct(session, market, order, { action: 'cancel', fillerReward: 0n });
}

export function placeAndTakePerpOrder(session: Session, args: Struct): void {
  const { params } = args;
  const { user, state, market } = begin(session, params);
  const stats = session.load('UserStats', session.at('userStats'));
  const { amm } = market;
  const direction: Direction = params.direction;
  const oraclePrice = session.price(amm.oracle, amm.oracleSource);
  const position = perpPosition(session, user, params.marketIndex);
  const orderId = user.nextOrderId++;
  const size: bigint = params.baseAssetAmount;
  const held: bigint = position.baseAssetAmount;
  let base = size - (size % (amm.orderStepSize as bigint));
  const reduces = held !== 0n && held > 0n !== (direction === 'long');
  if (params.reduceOnly) base = reduces ? least(base, abs(held)) : 0n;
  if (base < amm.minOrderSize) fail(session, 'OrderAmountTooSmall');
  const order = {
    orderId,
    direction,
    postOnly: false,
    baseAssetAmount: base,
    baseAssetAmountFilled: 0n,
    quoteAssetAmountFilled: 0n,
  };
  emitAct(session, market, order, { action: 'place' });
  user.lastActiveSlot = session.slot;
  const key = session.at('user');
  const { left, flipped } = takeLiquidity(session, {
    user,
    key,
    stats,
    market,
    state,
    direction,
    base,
    limit: params.price,
    oraclePrice,
    resting: null,
    orderId,
    placedAt: session.slot,
    filler: { key, user },
  });
  if (left > 0n) {
    emitAct(session, market, order, { action: 'cancel', fillerReward: 0n });
    if (left === base) return;
  }
  const riskIncreasing = !reduces || flipped;
  const kind = riskIncreasing ? 'initial' : 'maintenance';
  const { collateral, requirement } = marginOf(session, user, kind);
  if (riskIncreasing && collateral < requirement) fail(session, 'InsufficientCollateral');
}
