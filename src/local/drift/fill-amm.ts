// Fill by the AMM: an order takes from the market's own liquidity, up to its limit or to the price
// of the next maker, or beside a maker at the maker's price (controller/orders.rs:
// fulfill_perp_order_with_amm).
import { least } from '../../core/money.ts';
import { availableBase, baseToPrice, standardBase, swapBase } from './amm.ts';
import {
  addTo,
  emitFill,
  makerQuote,
  NOTHING,
  requirePrice,
  settleFees,
  shrink,
  type Traded,
} from './fill-books.ts';
import type { Filling } from './filled-order.ts';
import { rememberMark, sidePrice } from './marks.ts';
import { unfilled } from './order-rules.ts';
import { applyFill, perpPosition } from './positions.ts';
import { fail, type Session } from './session.ts';
import { countVolume } from './volumes.ts';

/** Fills up to a price, or up to the order's own limit, with as much as one fill may take. */
export function fillWithAmm(session: Session, filling: Filling, upTo: bigint | null): Traded {
  const { taker, order, market } = filling;
  const { amm } = market;
  const held: bigint = perpPosition(session, taker.user, market.marketIndex).baseAssetAmount;
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
  const price = order.postOnly ? limit : null;
  return take(session, filling, { base, limit, price, explanation: 'orderFilledWithAMM' });
}

/** The AMM takes a part of a match, at the maker's price. */
export const fillBeside = (
  session: Session,
  filling: Filling,
  base: bigint,
  price: bigint,
): Traded =>
  take(session, filling, {
    base,
    limit: filling.limit,
    price,
    explanation: 'orderFilledWithAMMJit',
  });

type Take = {
  readonly base: bigint;
  readonly limit: bigint | null;
  /** A price that replaces the curve's; null for the curve's own. */
  readonly price: bigint | null;
  readonly explanation: 'orderFilledWithAMM' | 'orderFilledWithAMMJit';
};

function take(session: Session, filling: Filling, wanted: Take): Traded {
  const { taker, stats, order, market } = filling;
  const { amm } = market;
  const { direction } = order;
  const { base, limit, price } = wanted;
  const position = perpPosition(session, taker.user, market.marketIndex);
  const held: bigint = position.baseAssetAmount;
  const size = held < 0n ? -held : held;
  if (base < (size > amm.minOrderSize ? amm.minOrderSize : amm.orderStepSize)) return NOTHING;
  const empty =
    direction === 'long'
      ? amm.baseAssetReserve < amm.minBaseAssetReserve
      : amm.baseAssetReserve > amm.maxBaseAssetReserve;
  if (empty) fail(session, 'InvalidAmmForFillDetected');
  rememberMark(session, market, sidePrice(amm, direction, filling.reserve), direction);
  const swap = swapBase(amm, direction, base);
  const quote = price === null ? swap.quote : makerQuote(base, price, direction);
  const earned = direction === 'long' ? quote - swap.quote : swap.quote - quote;
  const surplus = price === null ? swap.surplus : earned;
  const change = applyFill(position, market, direction, base, quote);
  amm.baseAssetAmountWithAmm += direction === 'long' ? base : -base;
  if (limit !== null) requirePrice(session, base, quote, direction, limit, !order.postOnly);
  const beside = wanted.explanation === 'orderFilledWithAMMJit';
  const fees = settleFees(session, filling, quote, null, surplus, beside);
  countVolume(stats, order.postOnly ? 'maker' : 'taker', quote, session.now);
  addTo(order, base, quote);
  const traded = { base, quote };
  const side = order.postOnly ? 'maker' : 'taker';
  emitFill(session, filling, traded, {
    actionExplanation: wanted.explanation,
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
