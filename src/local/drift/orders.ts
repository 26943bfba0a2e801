// Orders: place_perp_order and place_and_take_perp_order of the stand-in. A taking order fills against the resting orders
// of the makers it names, best price first, and then against the market's AMM, at once or not at all; the AMM is the
// program's constant product with a peg and no spread.
import { least, mulDivCeil } from '../../core/money.ts';
import type { Struct } from './layout.ts';
import { marginOf } from './margin.ts';
import {
  applyFill,
  charge,
  type Direction,
  opposite,
  perpPosition,
  restampFunding,
  settleFunding,
} from './positions.ts';
import { fail, failAnchor, type Session } from './session.ts';

const BASE = 1_000_000_000n;
const FILL_PAUSED = 8;
const abs = (value: bigint): bigint => (value < 0n ? -value : value);

/** Swaps base against the AMM. Quote in 1e6; a buyer pays one unit more, as in amm math. */
export function swapBase(amm: Struct, direction: Direction, base: bigint): bigint {
  const root: bigint = amm.sqrtK;
  const invariant = root * root;
  const baseAfter: bigint =
    direction === 'long' ? amm.baseAssetReserve - base : amm.baseAssetReserve + base;
  const quoteAfter = invariant / baseAfter;
  const moved: bigint = abs(quoteAfter - amm.quoteAssetReserve);
  amm.baseAssetReserve = baseAfter;
  amm.quoteAssetReserve = quoteAfter;
  const peg: bigint = amm.pegMultiplier;
  const quote = (moved * peg) / BASE;
  return direction === 'long' ? quote + 1n : quote;
}

export const NO_ACTION = {
  filler: null,
  fillerReward: null,
  fillRecordId: null,
  baseAssetAmountFilled: null,
  quoteAssetAmountFilled: null,
  takerFee: null,
  makerFee: null,
  referrerReward: null,
  quoteAssetAmountSurplus: null,
  spotFulfillmentMethodFee: null,
  maker: null,
  makerOrderId: null,
  makerOrderDirection: null,
  makerOrderBaseAssetAmount: null,
  makerOrderCumulativeBaseAssetAmountFilled: null,
  makerOrderCumulativeQuoteAssetAmountFilled: null,
  bitFlags: 0,
  takerExistingQuoteEntryAmount: null,
  takerExistingBaseAssetAmount: null,
  makerExistingQuoteEntryAmount: null,
  makerExistingBaseAssetAmount: null,
  triggerPrice: null,
  builderIdx: null,
  builderFee: null,
} as const;

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

/** Rests a post-only limit order on the book. */
export function placePerpOrder(session: Session, args: Struct): void {
  const { params } = args;
  const { user, market } = begin(session, params);
  const order = (user.orders as Struct[]).find((each) => each.status !== 'open');
  if (order === undefined) fail(session, 'MaxNumberOfOrders');
  const position = perpPosition(session, user, params.marketIndex);
  const base: bigint = params.baseAssetAmount;
  const orderId = user.nextOrderId++;
  Object.assign(order as Struct, {
    slot: session.slot,
    price: params.price,
    baseAssetAmount: base,
    baseAssetAmountFilled: 0n,
    quoteAssetAmountFilled: 0n,
    orderId,
    marketIndex: params.marketIndex,
    status: 'open',
    orderType: 'limit',
    marketType: 'perp',
    direction: params.direction,
    reduceOnly: params.reduceOnly,
    postOnly: true,
  });
  position.openOrders += 1;
  user.openOrders += 1;
  user.hasOpenOrder = true;
  if (params.direction === 'long') position.openBids += base;
  else position.openAsks -= base;
  user.lastActiveSlot = session.slot;
  const { collateral, requirement } = marginOf(session, user, 'initial');
  if (collateral < requirement) fail(session, 'InsufficientCollateral');
  session.emitLog('OrderActionRecord', {
    ...NO_ACTION,
    ts: session.now,
    action: 'place',
    actionExplanation: 'none',
    marketIndex: params.marketIndex,
    marketType: 'perp',
    oraclePrice: session.price(market.amm.oracle, market.amm.oracleSource),
    taker: null,
    takerOrderId: null,
    takerOrderDirection: null,
    takerOrderBaseAssetAmount: null,
    takerOrderCumulativeBaseAssetAmountFilled: null,
    takerOrderCumulativeQuoteAssetAmountFilled: null,
    maker: session.at('user'),
    makerOrderId: orderId,
    makerOrderDirection: params.direction,
    makerOrderBaseAssetAmount: base,
    makerOrderCumulativeBaseAssetAmountFilled: 0n,
    makerOrderCumulativeQuoteAssetAmountFilled: 0n,
  });
}

type Resting = { readonly key: string; readonly user: Struct; readonly order: Struct };

/** Orders of the named makers that a taker of that direction would fill, best price first. */
function restingOrders(session: Session, marketIndex: number, direction: Direction): Resting[] {
  const found = session
    .makers()
    .filter((key) => key !== session.at('user'))
    .flatMap((key) => {
      const user = session.load('User', key);
      return (user.orders as Struct[])
        .filter(
          (order) =>
            order.status === 'open' &&
            order.marketIndex === marketIndex &&
            order.direction === opposite(direction),
        )
        .map((order) => ({ key, user, order }));
    });
  const priceOf = ({ order }: Resting): number => Number(order.price);
  const sign = direction === 'long' ? 1 : -1;
  return found.sort((a, b) => sign * (priceOf(a) - priceOf(b)));
}

/** Fills a resting order at its price. Returns what was filled. */
function match(
  session: Session,
  { key, user, order }: Resting,
  market: Struct,
  wanted: bigint,
  tier: Struct,
): { base: bigint; quote: bigint; record: Struct } {
  settleFunding(session, user, key, market);
  const open = (order.baseAssetAmount as bigint) - order.baseAssetAmountFilled;
  const base = least(open, wanted);
  const price: bigint = order.price;
  const quote = (base * price) / BASE;
  const position = perpPosition(session, user, market.marketIndex);
  const change = applyFill(position, order.direction, base, quote);
  const rebate = (quote * BigInt(tier.makerRebateNumerator)) / BigInt(tier.makerRebateDenominator);
  charge(position, -rebate);
  restampFunding(position, market);
  order.baseAssetAmountFilled += base;
  order.quoteAssetAmountFilled += quote;
  if (order.direction === 'long') position.openBids -= base;
  else position.openAsks += base;
  if (base === open) {
    order.status = 'filled';
    position.openOrders -= 1;
    user.openOrders -= 1;
  }
  user.lastActiveSlot = session.slot;
  return {
    base,
    quote,
    record: {
      actionExplanation: 'orderFilledWithMatch',
      maker: key,
      makerOrderId: order.orderId,
      makerOrderDirection: order.direction,
      makerOrderBaseAssetAmount: order.baseAssetAmount,
      makerOrderCumulativeBaseAssetAmountFilled: order.baseAssetAmountFilled,
      makerOrderCumulativeQuoteAssetAmountFilled: order.quoteAssetAmountFilled,
      makerFee: -rebate,
      makerExistingQuoteEntryAmount: change.existingEntry,
      makerExistingBaseAssetAmount: change.existingBase,
    },
  };
}

export function placeAndTakePerpOrder(session: Session, args: Struct): void {
  const { params } = args;
  const { user, state, market } = begin(session, params);
  const stats = session.load('UserStats', session.at('userStats'));
  const { amm } = market;
  const direction: Direction = params.direction;
  const price = session.price(amm.oracle, amm.oracleSource);
  const position = perpPosition(session, user, params.marketIndex);
  const orderId = user.nextOrderId++;
  const size: bigint = params.baseAssetAmount;
  const held: bigint = position.baseAssetAmount;
  let base = size - (size % (amm.orderStepSize as bigint));
  const reduces = held !== 0n && held > 0n !== (direction === 'long');
  if (params.reduceOnly) base = reduces ? least(base, abs(held)) : 0n;
  if (base < amm.minOrderSize) fail(session, 'OrderAmountTooSmall');

  const action = {
    ...NO_ACTION,
    ts: session.now,
    marketIndex: params.marketIndex,
    marketType: 'perp',
    oraclePrice: price,
    taker: session.at('user'),
    takerOrderId: orderId,
    takerOrderDirection: direction,
    takerOrderBaseAssetAmount: base,
    takerOrderCumulativeBaseAssetAmountFilled: 0n,
    takerOrderCumulativeQuoteAssetAmountFilled: 0n,
  };
  session.emitLog('OrderActionRecord', { ...action, action: 'place', actionExplanation: 'none' });
  user.lastActiveSlot = session.slot;
  const tier = state.perpFeeStructure.feeTiers[0];
  const worseThanLimit = (average: bigint): boolean =>
    params.price !== 0n && (direction === 'long' ? average > params.price : average < params.price);
  let left = base;
  let spent = 0n;
  let flipped = false;

  const take = (filled: { base: bigint; quote: bigint; record: Struct }): bigint => {
    const { quote } = filled;
    const change = applyFill(position, direction, filled.base, quote);
    const fee = mulDivCeil(quote, BigInt(tier.feeNumerator), BigInt(tier.feeDenominator));
    charge(position, fee);
    restampFunding(position, market);
    flipped ||= change.existingBase !== null;
    left -= filled.base;
    spent += quote;
    stats.fees.totalFeePaid += fee;
    stats.takerVolume30d += quote;
    session.emitLog('OrderActionRecord', {
      ...action,
      action: 'fill',
      filler: session.at('user'),
      fillerReward: 0n,
      fillRecordId: market.nextFillRecordId++,
      baseAssetAmountFilled: filled.base,
      quoteAssetAmountFilled: quote,
      takerFee: fee,
      quoteAssetAmountSurplus: 0n,
      takerOrderCumulativeBaseAssetAmountFilled: base - left,
      takerOrderCumulativeQuoteAssetAmountFilled: spent,
      takerExistingQuoteEntryAmount: change.existingEntry,
      takerExistingBaseAssetAmount: change.existingBase,
      ...filled.record,
    });
    return fee;
  };
  for (const resting of restingOrders(session, params.marketIndex, direction)) {
    if (left === 0n || worseThanLimit(resting.order.price)) break;
    take(match(session, resting, market, left, tier));
  }
  if (left > 0n) {
    const reserves = { base: amm.baseAssetReserve, quote: amm.quoteAssetReserve };
    const swapped = left;
    const quote = swapBase(amm, direction, swapped);
    if (worseThanLimit((quote * BASE) / swapped)) {
      Object.assign(amm, { baseAssetReserve: reserves.base, quoteAssetReserve: reserves.quote });
      session.emitLog('OrderActionRecord', {
        ...action,
        action: 'cancel',
        actionExplanation: 'none',
      });
      return;
    }
    const fee = take({
      base: swapped,
      quote,
      record: { actionExplanation: 'orderFilledWithAMM' },
    });
    amm.baseAssetAmountWithAmm += direction === 'long' ? swapped : -swapped;
    amm.quoteAssetAmount += (direction === 'long' ? -quote : quote) - fee;
    amm.totalFee += fee;
    amm.totalExchangeFee += fee;
    amm.totalFeeMinusDistributions += fee;
  }
  const riskIncreasing = !reduces || flipped;
  const kind = riskIncreasing ? 'initial' : 'maintenance';
  const { collateral, requirement } = marginOf(session, user, kind);
  if (riskIncreasing && collateral < requirement) fail(session, 'InsufficientCollateral');
}
