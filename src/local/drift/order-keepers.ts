// Order keepers: fill_perp_order, trigger_order and force_cancel_orders of the stand-in: what a keeper does with the order of
// another account, and what it is paid for it (controller/orders.rs).
import { least } from '../../core/money.ts';
import { abs, isLive, shrinkOrder, takeLiquidity } from './filling.ts';
import type { Struct } from './layout.ts';
import { marginOf, perpIsUsed } from './margin.ts';
import { emitAct, openOrder } from './orders.ts';
import { perpPosition, settleFunding } from './positions.ts';
import { fail, failAnchor, type Session } from './session.ts';
import { movePosition, spotPosition } from './spot.ts';

type Kept = { user: Struct; key: string; keeper: Struct; keeperKey: string; state: Struct };

function begin(session: Session): Kept {
  const [key, keeperKey] = [session.at('user'), session.at('filler')];
  const keeper = session.load('User', keeperKey);
  const signer = session.at('authority');
  if (signer !== keeper.authority && signer !== keeper.delegate)
    failAnchor(session, 2003, 'ConstraintRaw');
  const state = session.load('State', session.at('state'));
  return { user: session.load('User', key), key, keeper, keeperKey, state };
}

/** Takes the flat fee from the order's owner. Returns what the keeper got of it: nothing without a free position slot. */
function payFlatFee(
  session: Session,
  { user, key, keeper, keeperKey, state }: Kept,
  market: Struct,
): bigint {
  if (key === keeperKey) return 0n;
  const fee: bigint = state.perpFeeStructure.flatFillerFee;
  const position = perpPosition(session, user, market.marketIndex);
  position.quoteAssetAmount -= fee;
  position.quoteBreakEvenAmount -= fee;
  keeper.lastActiveSlot = session.slot;
  const room = (keeper.perpPositions as Struct[]).some(
    (each) => !perpIsUsed(each) || each.marketIndex === market.marketIndex,
  );
  if (!room) return 0n;
  perpPosition(session, keeper, market.marketIndex).quoteAssetAmount += fee;
  return fee;
}

function cancel(session: Session, kept: Kept, market: Struct, order: Struct, fields: Struct): void {
  const position = perpPosition(session, kept.user, order.marketIndex);
  const left = (order.baseAssetAmount as bigint) - order.baseAssetAmountFilled;
  shrinkOrder(kept.user, order, position, left, 'canceled');
  emitAct(session, market, order, { action: 'cancel', filler: kept.keeperKey, ...fields });
}

/** Fills an order of another account, or ends it when it has expired. */
export function fillPerpOrder(session: Session, args: Struct): void {
  const kept = begin(session);
  const { user, key, keeper, keeperKey, state } = kept;
  const order = (user.orders as Struct[]).find(
    (each) => each.status === 'open' && each.orderId === args.orderId,
  );
  // Another keeper was first: the program lets that pass.
  if (order === undefined) return;
  const market = session.perpMarket(order.marketIndex, true);
  settleFunding(session, user, key, market);
  if (!isLive(order)) fail(session, 'OrderMustBeTriggeredFirst');
  if (order.maxTs !== 0n && session.now > order.maxTs) {
    const fillerReward = payFlatFee(session, kept, market);
    cancel(session, kept, market, order, { actionExplanation: 'orderExpired', fillerReward });
    return;
  }
  const position = perpPosition(session, user, order.marketIndex);
  const held: bigint = position.baseAssetAmount;
  const long = order.direction === 'long';
  const reduces = held !== 0n && held > 0n !== long;
  const open = (order.baseAssetAmount as bigint) - order.baseAssetAmountFilled;
  const base = order.reduceOnly ? (reduces ? least(open, abs(held)) : 0n) : open;
  if (base === 0n) {
    const fillerReward = payFlatFee(session, kept, market);
    cancel(session, kept, market, order, {
      actionExplanation: 'reduceOnlyOrderIncreasedPosition',
      fillerReward,
    });
    return;
  }
  const { left, flipped } = takeLiquidity(session, {
    user,
    key,
    stats: session.load('UserStats', session.at('userStats')),
    market,
    state,
    direction: order.direction,
    base,
    limit: order.price,
    oraclePrice: session.price(market.amm.oracle, market.amm.oracleSource),
    resting: order,
    orderId: order.orderId,
    placedAt: order.slot,
    filler: { key: keeperKey, user: keeper },
  });
  user.lastActiveSlot = session.slot;
  if (left === base) return;
  const risky = !reduces || flipped;
  const { collateral, requirement } = marginOf(session, user, risky ? 'initial' : 'maintenance');
  if (risky && collateral < requirement) fail(session, 'InsufficientCollateral');
}

/** Arms a stop order whose price is reached; it can be filled from then on. */
export function triggerOrder(session: Session, args: Struct): void {
  const kept = begin(session);
  const { user, key, keeperKey } = kept;
  const order = openOrder(session, user, args.orderId);
  const market = session.perpMarket(order.marketIndex, true);
  settleFunding(session, user, key, market);
  if (isLive(order)) fail(session, 'OrderNotTriggerable');
  const price = session.price(market.amm.oracle, market.amm.oracleSource);
  const above = order.triggerCondition === 'above';
  if (above ? price <= order.triggerPrice : price >= order.triggerPrice)
    fail(session, 'OrderDidNotSatisfyTriggerCondition');
  order.triggerCondition = above ? 'triggeredAbove' : 'triggeredBelow';
  order.slot = session.slot;
  const position = perpPosition(session, user, order.marketIndex);
  if (order.direction === 'long') position.openBids += order.baseAssetAmount;
  else position.openAsks -= order.baseAssetAmount;
  const fillerReward = payFlatFee(session, kept, market);
  emitAct(session, market, order, {
    action: 'trigger',
    filler: keeperKey,
    fillerReward,
    takerFee: fillerReward,
  });
}

/** Ends the orders of an account that fails its initial margin. The fee comes out of the quote deposit: T stays. */
export function forceCancelOrders(session: Session): void {
  const kept = begin(session);
  const { user, keeper, state, key, keeperKey } = kept;
  if (key === keeperKey) fail(session, 'UserCantLiquidateThemself');
  const { collateral, requirement } = marginOf(session, user, 'initial');
  if (collateral >= requirement) fail(session, 'SufficientCollateral');
  const fee: bigint = state.perpFeeStructure.flatFillerFee;
  const quote = session.spotMarket(0, true);
  for (const order of user.orders as Struct[]) {
    if (order.status !== 'open') continue;
    const market = session.perpMarket(order.marketIndex, true);
    cancel(session, kept, market, order, {
      actionExplanation: 'insufficientFreeCollateral',
      fillerReward: fee,
    });
    movePosition(spotPosition(session, user, 0, true), quote, 'borrow', fee, false);
    movePosition(spotPosition(session, keeper, 0, true), quote, 'deposit', fee, false);
  }
}
