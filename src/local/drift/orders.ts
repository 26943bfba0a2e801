// Orders: place_and_take_perp_order of the stand-in. A market order fills against the market's AMM at once or not at
// all; the AMM is the program's constant product with a peg and no spread. Position rules: controller/position.rs.
import { mulDivCeil } from '../../core/money.ts';
import type { Struct } from './layout.ts';
import { marginOf, perpIsUsed } from './margin.ts';
import { fail, failAnchor, type Session } from './session.ts';

const BASE = 1_000_000_000n;
const FILL_PAUSED = 8;
const abs = (value: bigint): bigint => (value < 0n ? -value : value);
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** Swaps base against the AMM. Quote in 1e6; a buyer pays one unit more, as in amm math. */
function swapBase(amm: Struct, direction: 'long' | 'short', base: bigint): bigint {
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

type Change = { existingEntry: bigint | null; existingBase: bigint | null };

/** Applies a fill to a position, and says what a fill record reports of the position before it. */
function applyFill(
  position: Struct,
  direction: 'long' | 'short',
  base: bigint,
  quote: bigint,
): Change {
  const deltaBase = direction === 'long' ? base : -base;
  const deltaQuote = direction === 'long' ? -quote : quote;
  const before = position.baseAssetAmount as bigint;
  const entry = position.quoteEntryAmount as bigint;
  const even = position.quoteBreakEvenAmount as bigint;
  const reduces = before !== 0n && before > 0n !== deltaBase > 0n;
  position.baseAssetAmount = before + deltaBase;
  position.quoteAssetAmount += deltaQuote;
  if (!reduces) {
    position.quoteEntryAmount = entry + deltaQuote;
    position.quoteBreakEvenAmount = even + deltaQuote;
    return { existingEntry: null, existingBase: null };
  }
  if (base <= abs(before)) {
    position.quoteEntryAmount = entry - (entry * base) / abs(before);
    position.quoteBreakEvenAmount = even - (even * base) / abs(before);
    return { existingEntry: (abs(entry) * base) / abs(before), existingBase: null };
  }
  const opened = deltaQuote - (deltaQuote * abs(before)) / base;
  position.quoteEntryAmount = opened;
  position.quoteBreakEvenAmount = opened;
  return { existingEntry: abs(entry), existingBase: abs(before) };
}

function perpPosition(session: Session, user: Struct, marketIndex: number): Struct {
  const positions = user.perpPositions as Struct[];
  const held = positions.find((each) => each.marketIndex === marketIndex && perpIsUsed(each));
  if (held !== undefined) return held;
  const free = positions.find((each) => !perpIsUsed(each));
  if (free === undefined) return fail(session, 'MaxNumberOfPositions');
  Object.assign(free, {
    marketIndex,
    settledPnl: 0n,
    quoteEntryAmount: 0n,
    quoteBreakEvenAmount: 0n,
  });
  return free;
}

const NO_ACTION = {
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

export function placeAndTakePerpOrder(session: Session, args: Struct): void {
  const { params } = args;
  const user = session.load('User', session.at('user'));
  const stats = session.load('UserStats', session.at('userStats'));
  const state = session.load('State', session.at('state'));
  const signer = session.at('authority');
  if (signer !== user.authority && signer !== user.delegate)
    failAnchor(session, 2003, 'ConstraintRaw');
  if (state.exchangeStatus & FILL_PAUSED) fail(session, 'ExchangePaused');
  if (params.marketType !== 'perp') fail(session, 'InvalidOrderMarketType');
  const market = session.perpMarket(params.marketIndex, true);
  if (market.status !== 'active' && market.status !== 'reduceOnly')
    fail(session, 'MarketPlaceOrderPaused');
  const { amm } = market;
  const direction: 'long' | 'short' = params.direction;
  const price = session.price(amm.oracle, amm.oracleSource);
  const position = perpPosition(session, user, params.marketIndex);
  const orderId = user.nextOrderId++;
  const size: bigint = params.baseAssetAmount;
  const held: bigint = position.baseAssetAmount;
  let base = size - (size % (amm.orderStepSize as bigint));
  const reduces = held !== 0n && held > 0n !== (direction === 'long');
  if (params.reduceOnly) base = reduces ? least(base, abs(held)) : 0n;
  if (base < amm.minOrderSize) fail(session, 'InvalidOrderMinOrderSize');

  const userKey = session.at('user');
  const action = {
    ...NO_ACTION,
    ts: session.now,
    marketIndex: params.marketIndex,
    marketType: 'perp',
    oraclePrice: price,
    taker: userKey,
    takerOrderId: orderId,
    takerOrderDirection: direction,
    takerOrderBaseAssetAmount: base,
    takerOrderCumulativeBaseAssetAmountFilled: 0n,
    takerOrderCumulativeQuoteAssetAmountFilled: 0n,
  };
  session.emitLog('OrderActionRecord', { ...action, action: 'place', actionExplanation: 'none' });
  const reserves = { base: amm.baseAssetReserve, quote: amm.quoteAssetReserve };
  const quote = swapBase(amm, direction, base);
  const average = (quote * BASE) / base;
  const worse =
    params.price !== 0n && (direction === 'long' ? average > params.price : average < params.price);
  user.lastActiveSlot = session.slot;
  if (worse) {
    Object.assign(amm, { baseAssetReserve: reserves.base, quoteAssetReserve: reserves.quote });
    session.emitLog('OrderActionRecord', {
      ...action,
      action: 'cancel',
      actionExplanation: 'none',
    });
    return;
  }
  const tier = state.perpFeeStructure.feeTiers[0];
  const fee = mulDivCeil(quote, BigInt(tier.feeNumerator), BigInt(tier.feeDenominator));
  const change = applyFill(position, direction, base, quote);
  position.quoteAssetAmount -= fee;
  if (position.baseAssetAmount !== 0n) position.quoteBreakEvenAmount -= fee;
  const riskIncreasing = !reduces || change.existingBase !== null;
  const { collateral, requirement } = marginOf(
    session,
    user,
    riskIncreasing ? 'initial' : 'maintenance',
  );
  if (riskIncreasing && collateral < requirement) fail(session, 'InsufficientCollateral');

  const signed = direction === 'long' ? base : -base;
  amm.baseAssetAmountWithAmm += signed;
  amm.quoteAssetAmount += (direction === 'long' ? -quote : quote) - fee;
  amm.totalFee += fee;
  amm.totalExchangeFee += fee;
  amm.totalFeeMinusDistributions += fee;
  stats.fees.totalFeePaid += fee;
  stats.takerVolume30d += quote;
  session.emitLog('OrderActionRecord', {
    ...action,
    action: 'fill',
    actionExplanation: 'orderFilledWithAMM',
    fillRecordId: market.nextFillRecordId++,
    baseAssetAmountFilled: base,
    quoteAssetAmountFilled: quote,
    takerFee: fee,
    quoteAssetAmountSurplus: 0n,
    takerOrderCumulativeBaseAssetAmountFilled: base,
    takerOrderCumulativeQuoteAssetAmountFilled: quote,
    takerExistingQuoteEntryAmount: change.existingEntry,
    takerExistingBaseAssetAmount: change.existingBase,
  });
}
