// Filling: how the stand-in fills a taker's order: against the resting orders of the makers that the caller names, best price
// first, and then against the market's AMM, at once or not at all. The AMM is the program's constant product with a peg
// and no spread. Fees, referral rewards and keepers' rewards follow math/fees.rs and controller/orders.rs.
import { least, mulDivCeil } from '../../core/money.ts';
import type { Struct } from './layout.ts';
import { NO_ACTION } from './order-record.ts';
import {
  applyFill,
  charge,
  type Direction,
  opposite,
  perpPosition,
  restampFunding,
  settleFunding,
} from './positions.ts';
import type { Session } from './session.ts';

const BASE = 1_000_000_000n;
export const abs = (value: bigint): bigint => (value < 0n ? -value : value);

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

type Resting = { readonly key: string; readonly user: Struct; readonly order: Struct };

/** Whether an order may be filled now: a stop order that nobody has triggered may not. */
export const isLive = (order: Struct): boolean =>
  order.status === 'open' &&
  !(
    String(order.orderType).startsWith('trigger') &&
    !String(order.triggerCondition).startsWith('triggered')
  );

/** Orders of the named makers that a taker of that direction would fill, best price first. */
function restingOrders(
  session: Session,
  taker: string,
  marketIndex: number,
  direction: Direction,
): Resting[] {
  const found = session
    .makers()
    .filter((key) => key !== taker)
    .flatMap((key) => {
      const user = session.load('User', key);
      return (user.orders as Struct[])
        .filter(
          (order) =>
            isLive(order) &&
            order.orderType === 'limit' &&
            order.marketIndex === marketIndex &&
            order.direction === opposite(direction),
        )
        .map((order) => ({ key, user, order }));
    });
  const priceOf = ({ order }: Resting): number => Number(order.price);
  const sign = direction === 'long' ? 1 : -1;
  return found.sort((a, b) => sign * (priceOf(a) - priceOf(b)));
}

/** Takes base that was filled or cancelled off what an order has open; an order with nothing left leaves its slot. */
export function shrinkOrder(
  user: Struct,
  order: Struct,
  position: Struct,
  base: bigint,
  ended: 'filled' | 'canceled' | null,
): void {
  if (isLive(order)) {
    if (order.direction === 'long') position.openBids -= base;
    else position.openAsks += base;
  }
  if (ended === null) return;
  order.status = ended;
  position.openOrders -= 1;
  user.openOrders -= 1;
  user.hasOpenOrder = user.openOrders > 0;
}

type Filled = { base: bigint; quote: bigint; record: Struct };

/** Fills a resting order at its price. Returns what was filled. */
function match(
  session: Session,
  { key, user, order }: Resting,
  market: Struct,
  wanted: bigint,
  tier: Struct,
): Filled {
  settleFunding(session, user, key, market);
  const left = (order.baseAssetAmount as bigint) - order.baseAssetAmountFilled;
  const base = least(left, wanted);
  const price: bigint = order.price;
  const quote = (base * price) / BASE;
  const position = perpPosition(session, user, market.marketIndex);
  const change = applyFill(position, order.direction, base, quote);
  const rebate = (quote * BigInt(tier.makerRebateNumerator)) / BigInt(tier.makerRebateDenominator);
  charge(position, -rebate);
  restampFunding(position, market);
  order.baseAssetAmountFilled += base;
  order.quoteAssetAmountFilled += quote;
  shrinkOrder(user, order, position, base, base === left ? 'filled' : null);
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

/** Whole fourth root. */
function fourthRoot(value: bigint): bigint {
  let root = BigInt(Math.floor(Number(value) ** 0.25));
  while (root ** 4n > value) root--;
  while ((root + 1n) ** 4n <= value) root++;
  return root;
}

/**
 * A keeper's reward for a fill: a part of the fee, at most what grows with the order's age (math/fees.rs). The program
 * also multiplies the latter by how good the maker's price is, which is left out here.
 */
function keeperReward(session: Session, fee: bigint, orderSlot: bigint, structure: Struct): bigint {
  const bySize = (fee * BigInt(structure.rewardNumerator)) / BigInt(structure.rewardDenominator);
  const age = session.slot > orderSlot ? session.slot - orderSlot : 1n;
  const byTime = (fourthRoot(age * 100_000_000n) * structure.timeBasedRewardLowerBound) / 100n;
  return least(bySize, byTime);
}

/** The account that referred the taker, when it and its counter are among the accounts. */
function referrerOf(session: Session, takerStats: Struct): { user: Struct; stats: Struct } | null {
  const key = session.makers().find((each) => {
    const { authority, subAccountId } = session.load('User', each);
    return authority === takerStats.referrer && subAccountId === 0;
  });
  if (key === undefined) return null;
  const stats = session.statsOf(takerStats.referrer);
  return stats === null ? null : { user: session.load('User', key), stats };
}

export type Taking = {
  readonly user: Struct;
  readonly key: string;
  readonly stats: Struct;
  readonly market: Struct;
  readonly state: Struct;
  readonly direction: Direction;
  readonly base: bigint;
  /** The worst average price; 0 for any. */
  readonly limit: bigint;
  readonly oraclePrice: bigint;
  /** The order in the account, when it rests there; null for one that is taken at once. */
  readonly resting: Struct | null;
  readonly orderId: number;
  /** The slot that the order was placed in. */
  readonly placedAt: bigint;
  /** Who fills it: its owner, or a keeper who is paid for it. */
  readonly filler: { readonly key: string; readonly user: Struct };
};

/** Fills a taker's order as far as its limit goes. Returns what is left, and whether the position turned around. */
export function takeLiquidity(
  session: Session,
  taking: Taking,
): { left: bigint; flipped: boolean } {
  const { user, key, market, state, direction, stats, filler, resting } = taking;
  const { amm } = market;
  const tier = state.perpFeeStructure.feeTiers[0];
  const position = perpPosition(session, user, market.marketIndex);
  const referrer = referrerOf(session, stats);
  const ownFill = filler.key === key;
  let left = taking.base;
  let flipped = false;
  const before = resting === null ? 0n : (resting.baseAssetAmountFilled as bigint);
  const spentBefore = resting === null ? 0n : (resting.quoteAssetAmountFilled as bigint);
  let spent = 0n;
  const worse = (average: bigint): boolean =>
    taking.limit !== 0n && (direction === 'long' ? average > taking.limit : average < taking.limit);

  const take = ({ base, quote, record }: Filled): bigint => {
    const change = applyFill(position, direction, base, quote);
    const whole = mulDivCeil(quote, BigInt(tier.feeNumerator), BigInt(tier.feeDenominator));
    const part = (numerator: number, denominator: number) =>
      referrer === null ? 0n : (whole * BigInt(numerator)) / BigInt(denominator);
    const fee = whole - part(tier.refereeFeeNumerator, tier.refereeFeeDenominator);
    const referral = part(tier.referrerRewardNumerator, tier.referrerRewardDenominator);
    charge(position, fee);
    restampFunding(position, market);
    flipped ||= change.existingBase !== null;
    left -= base;
    spent += quote;
    if (resting !== null) {
      resting.baseAssetAmountFilled += base;
      resting.quoteAssetAmountFilled += quote;
      shrinkOrder(user, resting, position, base, left === 0n ? 'filled' : null);
    }
    stats.fees.totalFeePaid += fee;
    stats.takerVolume30d += quote;
    const { fillerRewardStructure } = state.perpFeeStructure;
    const reward = ownFill
      ? 0n
      : keeperReward(session, fee, taking.placedAt, fillerRewardStructure);
    if (reward > 0n)
      perpPosition(session, filler.user, market.marketIndex).quoteAssetAmount += reward;
    if (referrer !== null && referral > 0n) {
      perpPosition(session, referrer.user, market.marketIndex).quoteAssetAmount += referral;
      referrer.stats.fees.totalReferrerReward += referral;
    }
    session.emitLog('OrderActionRecord', {
      ...NO_ACTION,
      ts: session.now,
      action: 'fill',
      marketIndex: market.marketIndex,
      marketType: 'perp',
      oraclePrice: taking.oraclePrice,
      filler: filler.key,
      fillerReward: reward,
      fillRecordId: market.nextFillRecordId++,
      baseAssetAmountFilled: base,
      quoteAssetAmountFilled: quote,
      takerFee: fee,
      referrerReward: referral === 0n ? null : Number(referral),
      taker: key,
      takerOrderId: taking.orderId,
      takerOrderDirection: direction,
      takerOrderBaseAssetAmount: resting === null ? taking.base : resting.baseAssetAmount,
      takerOrderCumulativeBaseAssetAmountFilled: before + taking.base - left,
      takerOrderCumulativeQuoteAssetAmountFilled: spentBefore + spent,
      takerExistingQuoteEntryAmount: change.existingEntry,
      takerExistingBaseAssetAmount: change.existingBase,
      ...record,
    });
    return fee;
  };

  for (const maker of restingOrders(session, key, market.marketIndex, direction)) {
    if (left === 0n || worse(maker.order.price)) break;
    take(match(session, maker, market, left, tier));
  }
  if (left > 0n) {
    const reserves = { base: amm.baseAssetReserve, quote: amm.quoteAssetReserve };
    const swapped = left;
    const quote = swapBase(amm, direction, swapped);
    if (worse((quote * BASE) / swapped)) {
      Object.assign(amm, { baseAssetReserve: reserves.base, quoteAssetReserve: reserves.quote });
      return { left, flipped };
    }
    const fee = take({
      base: swapped,
      quote,
      record: { actionExplanation: 'orderFilledWithAMM', quoteAssetAmountSurplus: 0n },
    });
    amm.baseAssetAmountWithAmm += direction === 'long' ? swapped : -swapped;
    amm.quoteAssetAmount += (direction === 'long' ? -quote : quote) - fee;
    amm.totalFee += fee;
    amm.totalExchangeFee += fee;
    amm.totalFeeMinusDistributions += fee;
  }
  return { left, flipped };
}
