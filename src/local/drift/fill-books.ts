// Fill books: the bookkeeping of every fill: it books fees, rewards and volumes, shrinks the order,
// and writes the record (controller/orders.rs).
import { countReferral, feesOf } from './fees.ts';
import type { Account, Filling } from './filled-order.ts';
import type { Struct } from './layout.ts';
import { NO_ACTION, NO_TAKER, sideOf } from './order-record.ts';
import { hasAuction, noOrder, unfilled } from './order-rules.ts';
import { creditEven, creditQuote, type Direction, hasRoom, perpPosition } from './positions.ts';
import { divideFee } from './protocol-fees.ts';
import { fail, type Session } from './session.ts';
import { countVolume } from './volumes.ts';

const BASE = 1_000_000_000n;

/**
 * Reduces an order and its position by the filled amount. An order that is filled completely leaves
 * its slot.
 */
export function shrink({ user }: Account, order: Struct, position: Struct, base: bigint): void {
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

/** Adds a fill to the order's filled amounts. */
export function addTo(order: Struct, base: bigint, quote: bigint): void {
  order.baseAssetAmountFilled += base;
  order.quoteAssetAmountFilled += quote;
  if (unfilled(order, null) === 0n) order.status = 'filled';
}

/** Fails when a price lies beyond a limit, with one unit allowed for rounding. */
export function requirePrice(
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
export const NOTHING: Traded = { base: 0n, quote: 0n };

/** The account, if it can be paid in that market's quote; else null. */
const payable = <T extends { readonly user: Struct }>(
  account: T | null,
  market: Struct,
): T | null => (account !== null && hasRoom(account.user, market.marketIndex) ? account : null);

/**
 * Adds the market's earnings, and counts fees and rewards. `beside` marks a fill of the AMM beside
 * a maker, by which no referrer and no maker earns.
 */
export function settleFees(
  session: Session,
  filling: Filling,
  quote: bigint,
  maker: (Account & { stats: Struct | null; price: bigint; direction: Direction }) | null,
  surplus: bigint,
  beside = false,
) {
  const { taker, stats, market, filler } = filling;
  const { marketIndex } = market;
  const own = beside || maker?.user.authority === stats.referrer;
  const referrer = own ? null : payable(filling.referrer, market);
  const other = maker === null && !beside ? filler.maker : null;
  const paid = filler.paid ?? other;
  const pays = payable(paid, market) !== null;
  const fees = feesOf(session, filling, quote, referrer, maker, surplus, pays);
  const { amm } = market;
  const { whole, amms } = session.venue.protocolFees
    ? { whole: fees.fee, amms: surplus + divideFee(filling.state, market, fees.toMarket - surplus) }
    : { whole: maker === null ? fees.fee : fees.toMarket, amms: fees.toMarket };
  amm.totalFee += amms;
  amm.totalExchangeFee += whole;
  amm.totalMmFee += surplus;
  amm.totalFeeMinusDistributions += amms;
  amm.netRevenueSinceLastFunding += amms;
  const position = perpPosition(session, taker.user, marketIndex);
  stats.fees.totalFeePaid += fees.fee;
  stats.fees.totalRefereeDiscount += fees.discount;
  const payReferrer = () => {
    if (referrer === null || fees.referral === 0n) return;
    creditQuote(perpPosition(session, referrer.user, marketIndex), market, fees.referral);
    countReferral(referrer.stats, fees.referral, session.now);
  };
  if (maker === null) payReferrer();
  creditEven(position, market, -fees.fee);
  const rebated = maker === null ? position : perpPosition(session, maker.user, marketIndex);
  if (fees.rebate > 0n) {
    creditEven(rebated, market, fees.rebate);
    (maker?.stats ?? stats).fees.totalFeeRebate += fees.rebate;
  }
  if (paid !== null) {
    if (fees.filler > 0n) {
      creditQuote(perpPosition(session, paid.user, marketIndex), market, fees.filler);
      countVolume(paid.stats, 'filler', quote, session.now);
    }
    paid.user.lastActiveSlot = session.slot;
  }
  if (maker !== null) payReferrer();
  return fees;
}

/** Emits the record of a fill. */
export function emitFill(session: Session, filling: Filling, traded: Traded, fields: Struct): void {
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
    ...(filling.liquidating === true ? { actionExplanation: 'liquidation' } : {}),
  });
}

/**
 * The quote amount of a maker's order at its price, rounded in the maker's favour: a buyer pays no
 * more, a seller receives no less.
 */
export function makerQuote(base: bigint, price: bigint, direction: Direction): bigint {
  const exact = base * price;
  return direction === 'long' ? exact / BASE : (exact + BASE - 1n) / BASE;
}
