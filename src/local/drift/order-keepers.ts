// Order keepers: fill_perp_order, trigger_order and force_cancel_orders of the stand-in: a keeper's
// acts on the order of another account, and the keeper's pay (controller/orders.rs).
import { most } from '../../core/money.ts';
import { updateAmm } from './curve.ts';
import type { Filling } from './filled-order.ts';
import type { Struct } from './layout.ts';
import { meets, worstBase } from './margin.ts';
import { emitAct, endOrder, payFlatFee, requireHealthy, STATUS } from './order-ends.ts';
import { fillOrder } from './order-fills.ts';
import { hasAuction, isReducing, isTriggered, mustBeTriggered, unfilled } from './order-rules.ts';
import { perpPosition } from './positions.ts';
import { fail, failAnchor, type Session } from './session.ts';
import { movePosition, spotPosition } from './spot.ts';
import { triggerAuction } from './trigger-auction.ts';

/** Slots that the auction of a triggered stop runs at least. */
const AUCTION_LEAST = 30;
const FILL_PAUSED = 8;

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

/**
 * The filler of a fill and the account that is paid: the keeper, unless it is the owner or of the
 * owner's authority. A maker that fills is paid only for the part that the AMM takes.
 */
function fillerOf(session: Session, { user, key, keeper, keeperKey }: Kept): Filling['filler'] {
  const own = key === keeperKey || keeper.authority === user.authority;
  if (own) return { key: keeperKey, paid: null, maker: null };
  const account = { user: keeper, stats: session.load('UserStats', session.at('fillerStats')) };
  return session.makers().includes(keeperKey)
    ? { key: keeperKey, paid: null, maker: account }
    : { key: keeperKey, paid: account, maker: null };
}

/** Fills an order of another account, or ends it when it has expired. */
export function fillPerpOrder(session: Session, args: Struct): void {
  const kept = begin(session);
  const { user, key, state } = kept;
  if (state.exchangeStatus & FILL_PAUSED) fail(session, 'ExchangePaused');
  const order = (user.orders as Struct[]).find((each) => each.orderId === args.orderId);
  // Another keeper filled the order first, which the program does not treat as an error.
  if (order === undefined) return;
  updateAmm(session, session.perpMarket(order.marketIndex, true), state);
  fillOrder(session, state, { user, key }, order, fillerOf(session, kept), false);
}

/**
 * Triggers a stop order whose price is reached. It then goes through an auction and can be filled.
 */
export function triggerOrder(session: Session, args: Struct): void {
  const kept = begin(session);
  const { user, key, keeper, keeperKey, state } = kept;
  const order = (user.orders as Struct[]).find((each) => each.orderId === args.orderId);
  if (order === undefined) return;
  if (order.status !== 'open') fail(session, 'OrderNotOpen');
  if (!mustBeTriggered(order) || isTriggered(order)) fail(session, 'OrderNotTriggerable');
  requireHealthy(session, user);
  if (user.status & STATUS.bankrupt) fail(session, 'UserBankrupt');
  const market = session.perpMarket(order.marketIndex, true);
  const price = session.price(market.amm.oracle, market.amm.oracleSource);
  const above = order.triggerCondition === 'above';
  if (above ? price <= order.triggerPrice : price >= order.triggerPrice)
    fail(session, 'OrderDidNotSatisfyTriggerCondition');
  const position = perpPosition(session, user, order.marketIndex);
  const size = (value: bigint): bigint => most(value, -value);
  const before = size(worstBase(position));
  const long = order.direction === 'long';
  const auction = triggerAuction(market, order.direction, price);
  Object.assign(order, {
    triggerCondition: above ? 'triggeredAbove' : 'triggeredBelow',
    slot: session.slot,
    auctionDuration: Math.max(auction.slots, AUCTION_LEAST),
    auctionStartPrice: auction.start,
    auctionEndPrice: auction.end,
  });
  if (hasAuction(order)) {
    user.openAuctions += 1;
    user.hasOpenAuction = true;
  }
  if (long) position.openBids += order.baseAssetAmount;
  else position.openAsks -= order.baseAssetAmount;
  const paid = key === keeperKey ? null : { user: keeper };
  const fillerReward = payFlatFee(session, { user, key }, { paid }, market, state);
  emitAct(session, market, { ...order, postOnly: false }, key, {
    action: 'trigger',
    filler: keeperKey,
    fillerReward,
    takerFee: fillerReward,
  });
  const risky = size(worstBase(position)) > before && !order.reduceOnly;
  if (risky && !meets(session, user, 'initial'))
    endOrder(session, { user, key }, market, order, {
      actionExplanation: 'insufficientFreeCollateral',
      filler: keeperKey,
      fillerReward: 0n,
    });
  user.lastActiveSlot = session.slot;
}

/**
 * Ends the orders of an account that fails its initial margin. The fee comes out of the quote
 * deposit, so T does not change.
 */
export function forceCancelOrders(session: Session): void {
  const { user, keeper, state, key, keeperKey } = begin(session);
  if (key === keeperKey) fail(session, 'UserCantLiquidateThemself');
  if (user.status & STATUS.beingLiquidated) fail(session, 'UserIsBeingLiquidated');
  if (user.status & STATUS.bankrupt) fail(session, 'UserBankrupt');
  if (meets(session, user, 'initial')) fail(session, 'SufficientCollateral');
  const flat: bigint = state.perpFeeStructure.flatFillerFee;
  let fee = 0n;
  for (const order of user.orders as Struct[]) {
    if (order.status !== 'open') continue;
    const market = session.perpMarket(order.marketIndex);
    const held: bigint = perpPosition(session, user, order.marketIndex).baseAssetAmount;
    if (isReducing(order.direction, unfilled(order, held), held)) continue;
    fee += flat;
    endOrder(session, { user, key }, market, order, {
      actionExplanation: 'insufficientFreeCollateral',
      filler: keeperKey,
      fillerReward: flat,
    });
  }
  const quote = session.spotMarket(0, true);
  movePosition(spotPosition(session, keeper, 0, true), quote, 'deposit', fee, false);
  movePosition(spotPosition(session, user, 0, true), quote, 'borrow', fee, false);
  keeper.cumulativeSpotFees += fee;
  user.cumulativeSpotFees -= fee;
  keeper.lastActiveSlot = session.slot;
  user.lastActiveSlot = session.slot;
}
