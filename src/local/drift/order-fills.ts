// Order fills: fills one order of an account, for its owner or a keeper, or ends it when it may not
// stay (controller/orders.rs: fill_perp_order).
import { referrerOf } from './fees.ts';
import type { Traded } from './fill-books.ts';
import type { Filling } from './filled-order.ts';
import { fulfill } from './filling.ts';
import { tryFundingRate } from './funding-rate.ts';
import type { Struct } from './layout.ts';
import { findMakers, heldOf } from './makers.ts';
import { meets } from './margin.ts';
import { reservePrice } from './marks.ts';
import { allowsOrderPrice, validityOf } from './oracle-validity.ts';
import { type Account, endOrder, payFlatFee, STATUS } from './order-ends.ts';
import {
  isExpired,
  isSpent,
  isTooEarlyToExpire,
  isTriggered,
  limitPrice,
  mustBeTriggered,
  takingPrice,
} from './order-rules.ts';
import { settleFunding } from './positions.ts';
import { fail, type Session } from './session.ts';

const AMM_PAUSED = 4;
const PAUSED = { amm: 2, fill: 4 } as const;
const BASE = 1_000_000_000n;
const MARGIN = 10_000n;
const PERCENTAGE = 1_000_000n;

/**
 * An AMM that lost more than this in an hour fills nothing, by the market's tier, in quote units.
 */
const LOST: Record<string, { quote: bigint; part: bigint }> = {
  a: { quote: 10_000_000_000n, part: 50n },
  b: { quote: 10_000_000_000n, part: 33n },
  c: { quote: 5_000_000_000n, part: 25n },
};
const LOST_OTHERS = { quote: 5_000_000_000n, part: 20n };

/**
 * Whether the AMM fills orders: it is not paused, and did not lose too much since the last funding
 * update.
 */
function isAmmOpen(state: Struct, { amm, contractTier, pausedOperations }: Struct): boolean {
  if (state.exchangeStatus & AMM_PAUSED || pausedOperations & PAUSED.amm) return false;
  const { quote, part } = LOST[contractTier] ?? LOST_OTHERS;
  const revenue: bigint = amm.netRevenueSinceLastFunding;
  if (revenue > -quote) return true;
  const fees: bigint = amm.totalFeeMinusDistributions;
  return (revenue * PERCENTAGE) / (fees > 1n ? fees : 1n) > -PERCENTAGE / part;
}

/** Whether the oracle price is so far from its own five-minute average that nothing is filled. */
const isDivergent = (state: Struct, market: Struct, oracle: bigint): boolean => {
  const average: bigint = market.amm.historicalOracleData.lastOraclePriceTwap5min;
  const off = oracle > average ? oracle - average : average - oracle;
  const most: bigint = state.oracleGuardRails.priceDivergence.oracleTwap5minPercentDivergence;
  return (off * PERCENTAGE) / average >= most;
};

/**
 * Fails when a fill's price is further from the oracle price than the initial margin, or further
 * from its average than the State allows.
 */
function requireBands(
  session: Session,
  state: Struct,
  market: Struct,
  direction: string,
  oracle: bigint,
  { base, quote }: Traded,
): void {
  const price = (quote * BASE) / base;
  const average: bigint = market.amm.historicalOracleData.lastOraclePriceTwap5min;
  const worse = (than: bigint): bigint => {
    const by = direction === 'long' ? price - than : than - price;
    return by > 0n ? by : 0n;
  };
  const most: bigint = state.oracleGuardRails.priceDivergence.oracleTwap5minPercentDivergence;
  if ((worse(oracle) * MARGIN) / oracle >= BigInt(market.marginRatioInitial))
    fail(session, 'PriceBandsBreached');
  if ((worse(average) * PERCENTAGE) / average >= most) fail(session, 'PriceBandsBreached');
}

/** Fills a resting order for its owner or a keeper, or ends it when it may not stay. */
export function fillOrder(
  session: Session,
  state: Struct,
  owner: Account,
  order: Struct,
  filler: Filling['filler'],
  taking: boolean,
): void {
  const { user, key } = owner;
  const market = session.perpMarket(order.marketIndex, true);
  const { amm } = market;
  settleFunding(session, user, key, market);
  if (market.status !== 'active' && market.status !== 'reduceOnly')
    fail(session, 'MarketFillOrderPaused');
  if (order.status !== 'open') fail(session, 'OrderNotOpen');
  if (mustBeTriggered(order) && !isTriggered(order)) fail(session, 'OrderMustBeTriggeredFirst');
  if (user.status & STATUS.bankrupt) return;
  if (user.status & STATUS.beingLiquidated && !meets(session, user, 'maintenance')) return;
  if (market.pausedOperations & PAUSED.fill) fail(session, 'MarketFillOrderPaused');
  const said = session.quote(amm.oracle, amm.oracleSource);
  const validity = validityOf(state, market, said);
  const oracle = said.price;
  const tick: bigint = amm.orderTickSize;
  const stats = session.load('UserStats', session.at('userStats'));
  const found: Filling = {
    taker: owner,
    stats,
    referrer: null,
    order,
    market,
    state,
    reserve: reservePrice(amm),
    oracleUsable: allowsOrderPrice(validity),
    ammOpen: validity === 'valid' && isAmmOpen(state, market),
    limit: (taking ? takingPrice : limitPrice)(order, session.slot, tick),
    oracle,
    filler,
  };
  const makers = findMakers(session, found);
  const filling = { ...found, referrer: referrerOf(session, stats, key) };
  if (isDivergent(state, market, oracle)) {
    if (filler.paid !== null) filler.paid.user.lastActiveSlot = session.slot;
    return;
  }
  const { marketIndex } = market;
  const held = (): bigint => heldOf(user, marketIndex);
  const expired = isExpired(order, session.now);
  const end = (): void => {
    const fillerReward = payFlatFee(session, owner, filler, market, state);
    endOrder(session, owner, market, order, {
      actionExplanation: expired ? 'orderExpired' : 'reduceOnlyOrderIncreasedPosition',
      filler: filler.key,
      fillerReward,
    });
  };
  if (expired && isTooEarlyToExpire(order, session.now)) fail(session, 'ImpossibleFill');
  if (expired || isSpent(order, held(), amm.orderStepSize)) {
    end();
    return;
  }
  const { direction } = order;
  const traded = fulfill(session, filling, makers);
  if (traded.base !== 0n) requireBands(session, state, market, direction, oracle, traded);
  if (isSpent(order, held(), amm.orderStepSize)) end();
  if (traded.base === 0n) return;
  // Every trade tries to update the funding rate.
  tryFundingRate(session, market, state, filling.reserve);
  user.lastActiveSlot = session.slot;
}
