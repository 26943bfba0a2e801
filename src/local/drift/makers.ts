// Makers: the resting orders of named accounts that could fill a taker's order, best price first.
// Orders that may not stay are ended at their owner's cost (controller/orders.rs:
// get_maker_orders_info).
import type { Filling } from './filled-order.ts';
import type { Struct } from './layout.ts';
import { endOrder, payFlatFee } from './order-ends.ts';
import { breachesBand, isExpired, isMakers, isSpent, limitPrice, mayMatch } from './order-rules.ts';
import { opposite, settleFunding } from './positions.ts';
import type { Session } from './session.ts';

const MAKERS_MOST = 16;

export type Maker = {
  readonly key: string;
  readonly user: Struct;
  readonly order: Struct;
  readonly price: bigint;
};

/** The base that an account holds in a market. */
export const heldOf = (user: Struct, marketIndex: number): bigint =>
  (user.perpPositions as Struct[]).find(
    (each) => each.marketIndex === marketIndex && each.baseAssetAmount !== 0n,
  )?.baseAssetAmount ?? 0n;

/**
 * The orders of the named makers that could fill the taker's order, best price first. Orders that
 * may not stay are cancelled at their owner's cost.
 */
export function findMakers(session: Session, filling: Filling): Maker[] {
  const { taker, order: taking, market, state, oracle, filler } = filling;
  const { marketIndex } = market;
  const direction = opposite(taking.direction);
  const found: Maker[] = [];
  for (const key of session.makers().sort(session.byAddress)) {
    if (key === taker.key) continue;
    const user = session.load('User', key);
    if (user.status & 3) continue;
    const orders = (user.orders as Struct[]).filter((each) =>
      isMakers(each, marketIndex, direction),
    );
    if (orders.length === 0) continue;
    user.lastActiveSlot = session.slot;
    settleFunding(session, user, key, market);
    for (const order of orders) {
      const price = limitPrice(order, session.slot, market.amm.orderTickSize) ?? 0n;
      if (!mayMatch(order, taking, session.slot, session.venue.matchesInSlot)) continue;
      const breaches = breachesBand(price, direction, oracle, market.marginRatioInitial);
      const expired = isExpired(order, session.now);
      const spent = isSpent(order, heldOf(user, marketIndex), market.amm.orderStepSize);
      if (breaches || expired || spent) {
        const fillerReward = payFlatFee(session, { user, key }, filler, market, state);
        endOrder(session, { user, key }, market, order, {
          actionExplanation: breaches
            ? 'oraclePriceBreachedLimitPrice'
            : expired
              ? 'orderExpired'
              : 'reduceOnlyOrderIncreasedPosition',
          filler: filler.key,
          fillerReward,
        });
        continue;
      }
      // Of orders with the same price the later one comes first, as in the program.
      const at = found.findIndex((each) =>
        direction === 'short' ? each.price >= price : each.price <= price,
      );
      if (found.length < MAKERS_MOST || at >= 0)
        found.splice(at < 0 ? found.length : at, 0, { key, user, order, price });
    }
  }
  return found;
}
