// Filling: how the stand-in fills an order: against the resting orders of the makers that the
// caller names, best price first, and against the market's AMM where that is better
// (controller/orders.rs, math/fulfillment.rs).
import { least } from '../../core/money.ts';
import {
  availableBase,
  baseToPrice,
  reservePrice,
  sidePrice,
  standardBase,
  swapBase,
} from './amm.ts';
import { feesOf, referrerOf } from './fees.ts';
import type { Struct } from './layout.ts';
import { heldOf, type Maker } from './makers.ts';
import { meets } from './margin.ts';
import { NO_ACTION, NO_TAKER, ordersSide, sideOf } from './order-record.ts';
import { crosses, hasAuction, isReducing, noOrder, unfilled } from './order-rules.ts';

import {
  applyFill,
  creditEven,
  creditQuote,
  type Direction,
  opposite,
  perpPosition,
} from './positions.ts';
import { fail, type Session } from './session.ts';
import { countVolume } from './volumes.ts';

const BASE = 1_000_000_000n;
const METHODS_MOST = 7;

type Account = { readonly key: string; readonly user: Struct };
export type Filling = {
  readonly taker: Account;
  readonly stats: Struct;
  readonly order: Struct;
  readonly market: Struct;
  readonly state: Struct;
  /** The worst price; null for any. */
  readonly limit: bigint | null;
  readonly oracle: bigint;
  /**
   * Who is named as the filler, and the account that is paid, which is null for one of the taker's
   * own or a maker.
   */
  readonly filler: { readonly key: string; readonly paid: { user: Struct; stats: Struct } | null };
};

type Method = { readonly maker: Maker } | { readonly amm: bigint | null };

/** What it is filled against, in order. `amm`: up to this price, or up to its own limit. */
function methodsOf(session: Session, filling: Filling, makers: readonly Maker[]): Method[] {
  const { order, market, limit, state } = filling;
  const shortest = BigInt(state.minPerpAuctionDuration);
  const open = shortest === 0n || session.slot - order.slot > shortest;
  const direction = opposite(order.direction);
  if (order.postOnly) {
    // A resting order that the AMM has come to: the AMM takes it, at its price.
    const side = sidePrice(market.amm, order.direction, reservePrice(market.amm));
    return open && limit !== null && crosses(order.direction, limit, side) ? [{ amm: null }] : [];
  }
  const methods: Method[] = [];
  let ammPrice = sidePrice(market.amm, order.direction, reservePrice(market.amm));
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

/** Takes what was filled off an order and its position; a whole one leaves its slot. */
function shrink({ user }: Account, order: Struct, position: Struct, base: bigint): void {
  if (order.direction === 'long') position.openBids -= base;
  else position.openAsks += base;
  if (unfilled(order, null) !== 0n) return;
  user.openOrders -= 1;
  user.hasOpenOrder = user.openOrders > 0;
  if (hasAuction(order)) {
    user.openAuctions -= 1;
    user.hasOpenAuction = user.openAuctions > 0;
  }
  position.openOrders -= 1;
  Object.assign(order, noOrder());
}

function addTo(order: Struct, base: bigint, quote: bigint): void {
  order.baseAssetAmountFilled += base;
  order.quoteAssetAmountFilled += quote;
  if (unfilled(order, null) === 0n) order.status = 'filled';
}

/** Whether a price lies beyond a limit, a unit of rounding apart. */
function requirePrice(
  session: Session,
  base: bigint,
  quote: bigint,
  direction: Direction,
  limit: bigint,
  taker: boolean,
): void {
  const rounded = taker ? (direction === 'long' ? quote - 1n : quote + 1n) : quote;
  const price = (rounded * BASE) / base;
  if (direction === 'long' ? price > limit : price < limit) fail(session, 'InvalidOrderFillPrice');
}

export type Traded = { base: bigint; quote: bigint };
const NOTHING: Traded = { base: 0n, quote: 0n };

/** Adds what the market earned, and counts fees and rewards. */
function settleFees(
  session: Session,
  filling: Filling,
  quote: bigint,
  maker: (Account & { stats: Struct | null; price: bigint; direction: Direction }) | null,
  surplus: bigint,
) {
  const { taker, stats, market, filler } = filling;
  const referrer = referrerOf(session, stats, taker.key);
  const fees = feesOf(session, filling, quote, referrer, maker, surplus);
  const { amm } = market;
  amm.totalFee += fees.toMarket;
  amm.totalExchangeFee += maker === null ? fees.fee : fees.toMarket;
  amm.totalMmFee += surplus;
  amm.totalFeeMinusDistributions += fees.toMarket;
  amm.netRevenueSinceLastFunding += fees.toMarket;
  const position = perpPosition(session, taker.user, market.marketIndex);
  creditEven(position, market, -fees.fee);
  if (maker === null && fees.rebate > 0n) {
    creditEven(position, market, fees.rebate);
    stats.fees.totalFeeRebate += fees.rebate;
  }
  stats.fees.totalFeePaid += fees.fee;
  stats.fees.totalRefereeDiscount += fees.discount;
  if (maker !== null) {
    creditEven(perpPosition(session, maker.user, market.marketIndex), market, fees.rebate);
    (maker.stats ?? stats).fees.totalFeeRebate += fees.rebate;
  }
  const { paid } = filler;
  const payFiller = () => {
    if (paid === null) return;
    if (fees.filler > 0n) {
      creditQuote(perpPosition(session, paid.user, market.marketIndex), market, fees.filler);
      countVolume(paid.stats, 'filler', quote, session.now);
    }
    paid.user.lastActiveSlot = session.slot;
  };
  const payReferrer = () => {
    if (referrer === null || fees.referral === 0n) return;
    creditQuote(perpPosition(session, referrer.user, market.marketIndex), market, fees.referral);
    referrer.stats.fees.totalReferrerReward += fees.referral;
    referrer.stats.fees.currentEpochReferrerReward += fees.referral;
  };
  if (maker === null) payReferrer();
  payFiller();
  if (maker !== null) payReferrer();
  return fees;
}

function emitFill(session: Session, filling: Filling, traded: Traded, fields: Struct): void {
  const { taker, order, market, oracle, filler } = filling;
  session.emitLog('OrderActionRecord', {
    ...NO_ACTION,
    ...NO_TAKER,
    ts: session.now,
    action: 'fill',
    marketIndex: market.marketIndex,
    marketType: 'perp',
    oraclePrice: oracle,
    filler: filler.key,
    fillRecordId: market.nextFillRecordId++,
    baseAssetAmountFilled: traded.base,
    quoteAssetAmountFilled: traded.quote,
    ...sideOf(order, taker.key),
    ...fields,
  });
}

/**
 * What a maker's order trades for at its price: a buyer who makes pays no more, a seller who makes
 * gets no less.
 */
function makerQuote(base: bigint, price: bigint, direction: Direction): bigint {
  const exact = base * price;
  return direction === 'long' ? exact / BASE : (exact + BASE - 1n) / BASE;
}

function fillWithAmm(session: Session, filling: Filling, upTo: bigint | null): Traded {
  const { taker, stats, order, market } = filling;
  const { amm } = market;
  const position = perpPosition(session, taker.user, market.marketIndex);
  const held: bigint = position.baseAssetAmount;
  const limit = upTo ?? filling.limit;
  const left = unfilled(order, held);
  const { direction } = order;
  let wanted = left;
  if (limit !== null) {
    // To just below the limit for a buyer, just above it for a seller.
    const tick: bigint = amm.orderTickSize;
    const tier = filling.state.perpFeeStructure.feeTiers[0];
    const rebate = order.postOnly
      ? (limit * BigInt(tier.makerRebateNumerator)) / BigInt(tier.makerRebateDenominator)
      : 0n;
    const price = direction === 'long' ? limit - rebate - tick : limit + rebate + tick;
    if (price <= 0n) fail(session, 'InvalidOrderLimitPrice');
    const room = baseToPrice(amm, price, direction);
    wanted = room.direction === direction ? least(left, room.base) : 0n;
  }
  const base = least(standardBase(wanted, amm.orderStepSize), availableBase(amm, direction));
  const size = held < 0n ? -held : held;
  if (base < (size > amm.minOrderSize ? amm.minOrderSize : amm.orderStepSize)) return NOTHING;
  const swap = swapBase(amm, direction, base);
  const quote = order.postOnly && limit !== null ? makerQuote(base, limit, direction) : swap.quote;
  const earned = direction === 'long' ? quote - swap.quote : swap.quote - quote;
  const surplus = order.postOnly ? earned : swap.surplus;
  const change = applyFill(position, market, direction, base, quote);
  amm.baseAssetAmountWithAmm += direction === 'long' ? base : -base;
  if (limit !== null) requirePrice(session, base, quote, direction, limit, !order.postOnly);
  const fees = settleFees(session, filling, quote, null, surplus);
  countVolume(stats, order.postOnly ? 'maker' : 'taker', quote, session.now);
  addTo(order, base, quote);
  const traded = { base, quote };
  const side = order.postOnly ? 'maker' : 'taker';
  emitFill(session, filling, traded, {
    actionExplanation: 'orderFilledWithAMM',
    fillerReward: fees.filler,
    takerFee: fees.fee,
    makerFee: fees.rebate === 0n ? null : -fees.rebate,
    referrerReward: fees.referral === 0n ? null : Number(fees.referral),
    quoteAssetAmountSurplus: surplus,
    [`${side}ExistingQuoteEntryAmount`]: change.existingEntry,
    [`${side}ExistingBaseAssetAmount`]: change.existingBase,
  });
  shrink(taker, order, position, base);
  return traded;
}

function fillWithMaker(session: Session, filling: Filling, maker: Maker): Traded {
  const { taker, stats, order, market } = filling;
  const { marketIndex } = market;
  const position = perpPosition(session, taker.user, marketIndex);
  const other = perpPosition(session, maker.user, marketIndex);
  const { direction } = order;
  const price = filling.limit ?? fallbackPrice(market, direction);
  if (!crosses(opposite(direction), maker.price, price)) return NOTHING;
  const base = least(
    unfilled(maker.order, other.baseAssetAmount),
    unfilled(order, position.baseAssetAmount),
  );
  if (base === 0n) return NOTHING;
  const quote = makerQuote(base, maker.price, opposite(direction));
  requirePrice(session, base, quote, direction, price, true);
  requirePrice(session, base, quote, opposite(direction), maker.price, false);
  const own = maker.user.authority === taker.user.authority;
  const makerStats = own ? null : session.statsOf(maker.user.authority);
  const taken = applyFill(other, market, opposite(direction), base, quote);
  countVolume(makerStats ?? stats, 'maker', quote, session.now);
  const change = applyFill(position, market, direction, base, quote);
  countVolume(stats, 'taker', quote, session.now);
  const side = { ...maker, stats: makerStats, direction: opposite(direction) };
  const fees = settleFees(session, filling, quote, side, 0n);
  addTo(order, base, quote);
  addTo(maker.order, base, quote);
  const traded = { base, quote };
  emitFill(session, filling, traded, {
    ...ordersSide('maker', maker.order, maker.key),
    actionExplanation: 'orderFilledWithMatch',
    fillerReward: fees.filler,
    takerFee: fees.fee,
    makerFee: -fees.rebate,
    referrerReward: fees.referral === 0n ? null : Number(fees.referral),
    takerExistingQuoteEntryAmount: change.existingEntry,
    takerExistingBaseAssetAmount: change.existingBase,
    makerExistingQuoteEntryAmount: taken.existingEntry,
    makerExistingBaseAssetAmount: taken.existingBase,
  });
  shrink(taker, order, position, base);
  shrink(maker, maker.order, other, base);
  return traded;
}

/** What a taker without a limit accepts of a maker: the AMM's side and one hundredth more. */
function fallbackPrice({ amm }: Struct, direction: Direction): bigint {
  const side = sidePrice(amm, direction, reservePrice(amm));
  return direction === 'long' ? side + side / 100n : side - side / 100n;
}

/** Fills an order as far as its limit goes. Returns what was traded. */
export function fulfill(session: Session, filling: Filling, makers: readonly Maker[]): Traded {
  const { taker, order, market } = filling;
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
  }
  if (methods.length === 0) return total;
  if (!meets(session, taker.user, decreasing ? 'maintenance' : 'fill'))
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
