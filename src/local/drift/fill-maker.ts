// Fill by a maker: an order matches a resting one at the resting order's price, and the AMM takes a
// part at the same price when that reduces its own position (controller/orders.rs:
// fulfill_perp_order_with_match).
import { least, most } from '../../core/money.ts';
import { availableBase } from './amm.ts';
import { fillBeside } from './fill-amm.ts';
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
import { jitBase } from './jit.ts';
import type { Maker } from './makers.ts';
import { rememberMark, reservePrice, sidePrice } from './marks.ts';
import { ordersSide } from './order-record.ts';
import { crosses, unfilled } from './order-rules.ts';
import { applyFill, opposite, perpPosition } from './positions.ts';
import type { Session } from './session.ts';
import { countVolume } from './volumes.ts';

/**
 * The worst price that a taker without a limit accepts of a maker: the AMM's side and 0.5 to 1 %
 * beyond it; or, when the AMM has too little to trade, the oracle price with the recent distance of
 * that side from it, and 2 to 10 % beyond it.
 */
function fallbackPrice(session: Session, { order, market, oracle }: Filling): bigint {
  const { amm } = market;
  const { direction } = order;
  const long = direction === 'long';
  const seconds: bigint = most(0n, order.maxTs - session.now);
  const within = (value: bigint, low: bigint, high: bigint) => least(most(value, low), high);
  if (availableBase(amm, direction) >= amm.minOrderSize) {
    const side = sidePrice(amm, direction, reservePrice(amm));
    const more = side / within(seconds * 20n, 100n, 200n);
    return long ? side + more : side - more;
  }
  const average: bigint = amm.historicalOracleData.lastOraclePriceTwap;
  const more = oracle / within(seconds * 2n, 10n, 50n);
  return long
    ? oracle + most(0n, amm.lastAskPriceTwap - average) + more
    : most(0n, oracle + least(0n, amm.lastBidPriceTwap - average) - more);
}

/** Fills against one maker's order. Returns the traded amounts, including the AMM's part. */
export function fillWithMaker(session: Session, filling: Filling, maker: Maker): Traded {
  const { taker, stats, order, market } = filling;
  const { marketIndex } = market;
  const position = perpPosition(session, taker.user, marketIndex);
  const other = perpPosition(session, maker.user, marketIndex);
  const { direction } = order;
  const price = filling.limit ?? fallbackPrice(session, filling);
  if (!crosses(opposite(direction), maker.price, price)) return NOTHING;
  const offered = unfilled(maker.order, other.baseAssetAmount);
  const wanted = unfilled(order, position.baseAssetAmount);
  const possible = least(offered, wanted);
  if (possible === 0n) return NOTHING;
  rememberMark(session, market, maker.price, direction);
  const jit = jitBase(session, filling, maker.price, { possible, offered, wanted });
  const beside = jit > 0n ? fillBeside(session, filling, jit, maker.price) : NOTHING;
  const base = least(offered, unfilled(order, position.baseAssetAmount));
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
  return { base: base + beside.base, quote: quote + beside.quote };
}
