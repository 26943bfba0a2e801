// Liquidation fill: liquidate_perp_with_fill of Velocity's stand-in: an order of the account that
// is being liquidated closes as much of its position as brings it back to its margin, against
// makers and the AMM. The fees of the insurance fund and the protocol are charged in addition to
// the fee of the fill (controller/liquidation.rs).
import { updateAmm } from '../drift/curve.ts';
import { referrerOf } from '../drift/fees.ts';
import type { Filling } from '../drift/filled-order.ts';
import { fulfill } from '../drift/filling.ts';
import type { Struct } from '../drift/layout.ts';
import {
  beginLiquidation,
  endLiquidation,
  enterLiquidation,
  isSafe,
  needOf,
  tell,
} from '../drift/liquidating.ts';
import { findMakers } from '../drift/makers.ts';
import { perpIsUsed } from '../drift/margin.ts';
import { reservePrice } from '../drift/marks.ts';
import { validityOf } from '../drift/oracle-validity.ts';
import { emitAct, endOrder } from '../drift/order-ends.ts';
import { noOrder } from '../drift/order-rules.ts';
import { charge, settleFunding } from '../drift/positions.ts';
import { fail, type Session } from '../drift/session.ts';
import { bookFees, measure } from '../drift/takeover.ts';

const FEE = 1_000_000n;
const size = (value: bigint): bigint => (value < 0n ? -value : value);

/** The order that closes `base` of a position, at a price that leaves the liquidator's fee. */
function place(
  session: Session,
  user: Struct,
  market: Struct,
  { whole, base, price, fee }: { whole: bigint; base: bigint; price: bigint; fee: bigint },
): Struct {
  const long = whole < 0n;
  const by = (price * fee) / FEE;
  const order = (user.orders as Struct[]).find((each) => each.status !== 'open');
  if (order === undefined) throw fail(session, 'MaxNumberOfOrders');
  Object.assign(order, {
    ...noOrder(),
    status: 'open',
    slot: session.slot,
    orderId: user.nextOrderId++,
    marketIndex: market.marketIndex,
    price: long ? price + by : price - by,
    existingPositionDirection: whole > 0n ? 'long' : 'short',
    baseAssetAmount: base,
    direction: long ? 'long' : 'short',
    reduceOnly: true,
  });
  return order;
}

/** liquidate_perp_with_fill: closes a position that is liquidated by an order. */
export function liquidateWithFill(session: Session, args: Struct): void {
  const found = beginLiquidation(session);
  const { user, key, liquidator, liquidatorKey, state } = found;
  const market = session.perpMarket(args.marketIndex, true);
  settleFunding(session, user, key, market);
  settleFunding(session, liquidator, liquidatorKey, market);
  const tracked = { kind: 'perp', market: args.marketIndex } as const;
  const held = (): Struct | undefined =>
    (user.perpPositions as Struct[]).find(
      (each) => each.marketIndex === args.marketIndex && perpIsUsed(each),
    );
  const entered = enterLiquidation(session, found, tracked, () => {
    const position = held();
    if (position === undefined) fail(session, 'UserHasNoPositionInMarket');
    if (position?.baseAssetAmount === 0n && position.openOrders === 0)
      fail(session, 'PositionDoesntHaveOpenPositionOrOrders');
  });
  if (entered === null) return;
  updateAmm(session, market, state);
  const said = session.quote(market.amm.oracle, market.amm.oracleSource);
  const { price } = said;
  const fields: Struct = { marketIndex: args.marketIndex, oraclePrice: price };
  const needed = needOf(session, found, entered, tracked, { kind: 'liquidatePerp', fields });
  if (needed === null) return;
  const position = held();
  const whole: bigint = position?.baseAssetAmount ?? 0n;
  if (position === undefined || whole === 0n) return;
  const { need, freed } = needed;
  const measured = measure(session, { state, market, need, whole, price }, size(whole));
  if (measured === null) return;
  const { base, rates } = measured;
  const order = place(session, user, market, { whole, base, price, fee: rates.liquidator });
  const { orderId, direction } = order as { orderId: number; direction: 'long' | 'short' };
  user.openOrders += 1;
  user.hasOpenOrder = true;
  position.openOrders += 1;
  if (direction === 'long') position.openBids += base;
  else position.openAsks -= base;
  emitAct(session, market, order, key, { action: 'place', actionExplanation: 'liquidation' });
  const fillRecordId: bigint = market.nextFillRecordId;
  const validity = validityOf(state, market, said);
  const stats = session.load('UserStats', session.at('userStats'));
  const filling: Filling = {
    taker: { user, key },
    stats,
    referrer: referrerOf(session, stats, key),
    order,
    market,
    state,
    limit: order.price,
    oracle: price,
    reserve: reservePrice(market.amm),
    oracleUsable: validity === 'valid',
    ammOpen: validity === 'valid',
    liquidating: true,
    filler: {
      key: liquidatorKey,
      paid: { user: liquidator, stats: session.load('UserStats', session.at('liquidatorStats')) },
      maker: null,
    },
  };
  const makers = findMakers(session, filling).filter((each) => each.key !== liquidatorKey);
  const filled = fulfill(session, filling, makers);
  if (order.status === 'open' && order.orderId === orderId)
    endOrder(session, { user, key }, market, order, {
      actionExplanation: 'liquidation',
      fillerReward: 0n,
    });
  const { ifFee, protocolFee } = bookFees(session, market, filled.quote, rates);
  charge(position, market, ifFee + protocolFee);
  const more = endLiquidation(session, found, need.shortage, isSafe(session, found));
  tell(session, found, entered, {
    kind: 'liquidatePerp',
    fields: {
      ...fields,
      // The program writes the sign of the position before the liquidation into this record.
      baseAssetAmount: whole > 0n ? filled.base : -filled.base,
      quoteAssetAmount: whole > 0n ? -filled.quote : filled.quote,
      fillRecordId,
      userOrderId: orderId,
      ifFee,
      protocolFee,
    },
    freed: freed + more,
    ids: entered.canceledOrderIds,
  });
}
