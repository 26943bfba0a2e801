// Orders: place_perp_order, place_and_take_perp_order and cancel_order of the stand-in
// (controller/orders.rs, validation/order.rs). Limit orders are post-only here, market orders have
// an auction, and stops wait for a keeper.
import { baseToPrice, standardBase } from './amm.ts';
import { updateAmm } from './curve.ts';
import type { Struct } from './layout.ts';
import { meets } from './margin.ts';
import { emitAct, endOrder, requireHealthy, STATUS } from './order-ends.ts';
import { fillOrder } from './order-fills.ts';
import {
  auctionOf,
  hasAuction,
  increasesRisk,
  isExpired,
  mustBeTriggered,
  noOrder,
  standardPrice,
} from './order-rules.ts';
import { perpPosition } from './positions.ts';
import { fail, failAnchor, type Session } from './session.ts';

const FILL_PAUSED = 8;
const DEFAULT_SECONDS = 30n;
const IMMEDIATE_OR_CANCEL = 1;

function begin(session: Session): { user: Struct; state: Struct } {
  const user = session.load('User', session.at('user'));
  const state = session.load('State', session.at('state'));
  const signer = session.at('authority');
  if (signer !== user.authority && signer !== user.delegate)
    failAnchor(session, 2003, 'ConstraintRaw');
  return { user, state };
}

function requireSize(session: Session, order: Struct, amm: Struct): void {
  if (order.baseAssetAmount === 0n) fail(session, 'OrderAmountTooSmall');
  if (!order.reduceOnly && order.baseAssetAmount < amm.minOrderSize)
    fail(session, 'OrderAmountTooSmall');
}

/**
 * Fails when the AMM would fill a post-only order, unless the oracle shows that its price is good.
 */
function requireResting(session: Session, order: Struct, amm: Struct, oracle: bigint): void {
  const long = order.direction === 'long';
  const price: bigint = long ? order.price - amm.orderTickSize : order.price + amm.orderTickSize;
  if (price <= 0n) fail(session, 'InvalidOrderLimitPrice');
  const room = baseToPrice(amm, price, order.direction);
  const base = room.base < order.baseAssetAmount ? room.base : order.baseAssetAmount;
  const fills = room.direction === order.direction && standardBase(base, amm.orderStepSize) > 0n;
  const good = long ? oracle > order.price : oracle < order.price;
  if (fills && !good) fail(session, 'PlacePostOnlyLimitFailure');
}

function requireValid(session: Session, order: Struct, amm: Struct, oracle: bigint): void {
  requireSize(session, order, amm);
  if (order.orderType === 'limit') {
    if (order.price === 0n) fail(session, 'InvalidOrderLimitPrice');
    if (order.postOnly) requireResting(session, order, amm, oracle);
  }
  if (order.orderType === 'triggerMarket') {
    if (order.price > 0n) fail(session, 'InvalidOrderLimitPrice');
    if (order.triggerPrice === 0n) fail(session, 'InvalidOrderTrigger');
  }
  if (order.orderType === 'market') {
    const { auctionStartPrice: start, auctionEndPrice: end, direction } = order;
    if (start <= 0n || end <= 0n) fail(session, 'InvalidOrderAuction');
    if (direction === 'long' ? start > end : start < end) fail(session, 'InvalidOrderAuction');
    if (direction === 'long' ? order.price !== 0n && order.price < end : order.price > end)
      fail(session, 'InvalidOrderAuction');
  }
}

/** Places an order on the book. Returns null when its time is already over. */
function place(session: Session, user: Struct, state: Struct, params: Struct): Struct | null {
  const key = session.at('user');
  const { now, slot } = session;
  requireHealthy(session, user);
  if (user.status & STATUS.bankrupt) fail(session, 'UserBankrupt');
  for (const order of user.orders as Struct[]) {
    if (!isExpired(order, now)) continue;
    const market = session.perpMarket(order.marketIndex);
    endOrder(session, { user, key }, market, order, {
      actionExplanation: 'orderExpired',
      fillerReward: 0n,
    });
  }
  if (user.status & STATUS.reduceOnly && !params.reduceOnly) fail(session, 'UserReduceOnly');
  const place = (user.orders as Struct[]).find((each) => each.status === 'init');
  if (place === undefined) return fail(session, 'MaxNumberOfOrders');
  const market = session.perpMarket(params.marketIndex);
  const { amm } = market;
  if (market.status === 'initialized') fail(session, 'MarketBeingInitialized');
  if (market.status === 'settlement' || market.status === 'delisted')
    fail(session, 'MarketPlaceOrderPaused');
  const position = perpPosition(session, user, params.marketIndex);
  if (params.baseAssetAmount < amm.orderStepSize) fail(session, 'OrderAmountTooSmall');
  const base = standardBase(params.baseAssetAmount, amm.orderStepSize);
  const oracle = session.price(amm.oracle, amm.oracleSource);
  const tick: bigint = amm.orderTickSize;
  const auction = auctionOf(params, oracle, tick, state.minPerpAuctionDuration);
  const longest = BigInt(auction.duration >> 1);
  const maxTs: bigint =
    params.maxTs ??
    (params.orderType === 'market'
      ? now + (longest > DEFAULT_SECONDS ? longest : DEFAULT_SECONDS)
      : 0n);
  if (maxTs !== 0n && maxTs < now) return null;
  if (params.marketType !== 'perp') fail(session, 'InvalidOrderMarketType');
  const forced = market.status === 'reduceOnly';
  const order: Struct = {
    ...noOrder(),
    status: 'open',
    orderType: params.orderType,
    marketType: 'perp',
    slot,
    orderId: user.nextOrderId++,
    userOrderId: params.userOrderId,
    marketIndex: params.marketIndex,
    price: standardPrice(params.price, tick, params.direction),
    existingPositionDirection: position.baseAssetAmount >= 0n ? 'long' : 'short',
    baseAssetAmount: base,
    direction: params.direction,
    reduceOnly: params.reduceOnly || forced,
    triggerPrice: standardPrice(params.triggerPrice ?? 0n, tick, params.direction),
    triggerCondition: params.triggerCondition,
    postOnly: params.postOnly !== 'none',
    auctionStartPrice: auction.start,
    auctionEndPrice: auction.end,
    auctionDuration: auction.duration,
    maxTs,
  };
  requireValid(session, order, amm, oracle);
  const risky = increasesRisk(order, position);
  user.openOrders += 1;
  user.hasOpenOrder = true;
  if (hasAuction(order)) {
    user.openAuctions += 1;
    user.hasOpenAuction = true;
  }
  Object.assign(place, order);
  position.openOrders += 1;
  // A stop counts in the open bids and asks only after it is triggered.
  if (!mustBeTriggered(order)) {
    if (order.direction === 'long') position.openBids += base;
    else position.openAsks -= base;
  }
  if (!meets(session, user, risky ? 'initial' : 'maintenance', true))
    fail(session, 'InsufficientCollateral');
  if (amm.maxOpenInterest !== 0n && risky) {
    const open: bigint =
      order.direction === 'long' ? amm.baseAssetAmountLong + base : base - amm.baseAssetAmountShort;
    if (open > amm.maxOpenInterest) fail(session, 'MaxOpenInterest');
  }
  emitAct(session, market, place, key, { action: 'place' });
  user.lastActiveSlot = slot;
  return place;
}

/** Places an order on the book. */
export function placePerpOrder(session: Session, { params }: Struct): void {
  const { user, state } = begin(session);
  place(session, user, state, params);
}

/** Cancels an order of the account, or its last one. An unknown id changes nothing. */
export function cancelOrder(session: Session, args: Struct): void {
  const { user } = begin(session);
  const id: number = args.orderId ?? user.nextOrderId - 1;
  const order = (user.orders as Struct[]).find(
    (each) => each.orderId === id && each.status === 'open',
  );
  if (order === undefined) return;
  const market = session.perpMarket(order.marketIndex);
  endOrder(session, { user, key: session.at('user') }, market, order, { fillerReward: 0n });
  user.lastActiveSlot = session.slot;
}

/** Cancels every open order of the account that a filter of the arguments does not leave out. */
export function cancelOrders(session: Session, args: Struct): void {
  const { user } = begin(session);
  const { marketType, marketIndex, direction } = args;
  for (const order of user.orders as Struct[]) {
    const meant =
      order.status === 'open' &&
      (marketType === null || order.marketType === marketType) &&
      (marketIndex === null || order.marketIndex === marketIndex) &&
      (direction === null || order.direction === direction);
    if (!meant) continue;
    const market = session.perpMarket(order.marketIndex);
    endOrder(session, { user, key: session.at('user') }, market, order, { fillerReward: 0n });
    user.lastActiveSlot = session.slot;
  }
}

/**
 * Places an order and fills it at once; the rest stays on the book, unless it is to be cancelled.
 */
export function placeAndTakePerpOrder(session: Session, { params }: Struct): void {
  const { user, state } = begin(session);
  if (state.exchangeStatus & FILL_PAUSED) fail(session, 'ExchangePaused');
  if (params.postOnly !== 'none') fail(session, 'InvalidOrderPostOnly');
  const market = session.perpMarket(params.marketIndex, true);
  updateAmm(session, market, state);
  const order = place(session, user, state, params);
  const key = session.at('user');
  if (order === null) throw fail(session, 'OrderDoesNotExist');
  const { orderId } = order;
  fillOrder(session, state, { user, key }, order, { key, paid: null, maker: null }, true);
  const left = order.orderId === orderId && order.status === 'open';
  if (left && params.bitFlags & IMMEDIATE_OR_CANCEL)
    endOrder(session, { user, key }, market, order, { fillerReward: 0n });
}
