// Funding rate: update_funding_rate, which every wallet may call once an hour and which every trade
// tries (controller/funding.rs, math/funding.rs): the larger side of the market pays the other one,
// and the AMM pays or receives the difference.
import { least, most } from '../../core/money.ts';
import { averageOf } from './averages.ts';
import { feePool, feesLeast, updateAmm, updateDepth } from './curve.ts';
import { fundingPayment } from './funding.ts';
import type { Struct } from './layout.ts';
import { rememberMark, rememberOracle, reservePrice, sidePrice } from './marks.ts';
import { allowsFunding, validityOf } from './oracle-validity.ts';
import { fail, type Session } from './session.ts';

const HOUR = 3_600n;
const DAY = 86_400n;
const PERCENT = 1_000_000n;
const BASIS_POINTS = 10_000n;
const FUNDING_PAUSED = { exchange: 32, market: 1 } as const;
/** Rates have a thousand times the precision of prices. */
const BUFFER = 1_000n;
/** One unit of quote per unit of base, as a rate. */
const RATE_UNIT = 1_000_000_000_000n;
/** The largest premium that counts, as a part of the oracle price, by the market's tier. */
const PREMIUM: Record<string, bigint> = { a: 33n, b: 33n, c: 20n };
const PREMIUM_OTHERS = 10n;
const size = (value: bigint): bigint => (value < 0n ? -value : value);

/**
 * Seconds until the rate may be updated again. Updates happen on the hour: one that came late in
 * its hour makes the next one wait for the hour after the next (math/helpers.rs).
 */
function secondsToUpdate(now: bigint, last: bigint, period: bigint): bigint {
  const late = period > 1n ? ((last % period) + period) % period : 0n;
  let wait = period;
  if (late > 0n) wait = late > period / 3n ? 2n * period - late : period - late;
  return most(0n, wait - (now - last));
}

/**
 * The premium that a distance of the mark from the oracle counts for. A market with a dead zone
 * counts the part beyond it, times the slope of its ramp.
 */
function rampedPremium(market: Struct, distance: bigint, oracle: bigint): bigint {
  if (market.fundingClampThreshold === undefined) return distance;
  const zone = (size(oracle) * BigInt(market.fundingClampThreshold as number)) / BASIS_POINTS;
  const beyond = most(0n, size(distance) - zone);
  const signed = distance < 0n ? -beyond : beyond;
  return (signed * BigInt(market.fundingRampSlope as number)) / PERCENT;
}

/** A rate that costs the AMM no more than a limit, beside the payments between users. */
function cappedRate(amm: Struct, rate: bigint, limit: bigint): bigint {
  const payers: bigint = rate > 0n ? amm.baseAssetAmountLong : amm.baseAssetAmountShort;
  const getters: bigint = rate < 0n ? amm.baseAssetAmountLong : amm.baseAssetAmountShort;
  const whole = limit - size(fundingPayment(rate, payers));
  if (getters === 0n) return 0n;
  return ((whole < 0n ? whole + 1n : whole) * RATE_UNIT) / getters;
}

/**
 * The rates of both sides, and the AMM's income from them; the AMM pays up to a third of its fees.
 */
function split(
  session: Session,
  market: Struct,
  rate: bigint,
): { long: bigint; short: bigint; revenue: bigint } {
  const { amm } = market;
  const net: bigint = amm.baseAssetAmountWithAmm + amm.baseAssetAmountWithUnsettledLp;
  const revenue = -fundingPayment(rate, net);
  if (revenue >= 0n) {
    amm.totalFeeMinusDistributions += revenue;
    amm.netRevenueSinceLastFunding += revenue;
    return { long: rate, short: rate, revenue };
  }
  const limit = -(feePool(market) / 3n);
  const paid = most(revenue, limit);
  const capped = revenue < limit ? cappedRate(amm, rate, limit) : rate;
  const left: bigint = amm.totalFeeMinusDistributions + paid;
  if (paid !== 0n && left < feesLeast(market)) fail(session, 'InvalidFundingProfitability');
  amm.totalFeeMinusDistributions = left;
  amm.netRevenueSinceLastFunding -= size(paid);
  return { long: rate < 0n ? capped : rate, short: rate > 0n ? capped : rate, revenue };
}

/** Whether the rate may not be updated: because of a pause, the oracle, or a price too far off. */
function isBlocked(session: Session, market: Struct, state: Struct, reserve: bigint): boolean {
  const { amm } = market;
  if (state.exchangeStatus & FUNDING_PAUSED.exchange) return true;
  if (market.pausedOperations & FUNDING_PAUSED.market) return true;
  const quote = session.quote(amm.oracle, amm.oracleSource);
  if (!allowsFunding(validityOf(state, market, quote))) return true;
  if (session.slot - amm.lastUpdateSlot > amm.fundingPeriod) return true;
  const average: bigint = amm.historicalOracleData.lastOraclePriceTwap5min;
  const off = size(((reserve - average) * PERCENT) / reserve);
  const rails = state.oracleGuardRails.priceDivergence;
  return off > most(rails.markOraclePercentDivergence, PERCENT / 10n);
}

/**
 * Updates a market's rate when its hour has come and nothing forbids it. `reserve` is the AMM's
 * price before the trade, if there was one. Returns whether it was updated.
 */
export function tryFundingRate(
  session: Session,
  market: Struct,
  state: Struct,
  reserve: bigint = reservePrice(market.amm),
): boolean {
  const { amm } = market;
  const { now } = session;
  if (isBlocked(session, market, state, reserve)) return false;
  const period: bigint = amm.fundingPeriod;
  if (secondsToUpdate(now, amm.lastFundingRateTs, period) > 0n) return false;
  const quote = session.quote(amm.oracle, amm.oracleSource);
  const oracle = rememberOracle(market, quote, reserve, now);
  const wider =
    amm.longSpread > amm.shortSpread
      ? ('long' as const)
      : amm.longSpread < amm.shortSpread
        ? ('short' as const)
        : null;
  const price = wider === null ? reserve : sidePrice(amm, wider, reserve);
  const mark = rememberMark(session, market, price, wider);
  const top = oracle / (PREMIUM[market.contractTier] ?? PREMIUM_OTHERS);
  const offset = size(oracle) / session.venue.fundingOffset;
  const premium = most(-top, least(top, rampedPremium(market, mark - oracle, oracle) + offset));
  const fundingRate = (premium * BUFFER) / (DAY / most(HOUR, period));
  const { long, short, revenue } = split(session, market, fundingRate);
  if (amm.curveUpdateIntensity > 0) updateDepth(session, market, revenue);
  Object.assign(amm, {
    cumulativeFundingRateLong: amm.cumulativeFundingRateLong + long,
    cumulativeFundingRateShort: amm.cumulativeFundingRateShort + short,
    lastFundingRate: fundingRate,
    lastFundingRateLong: long,
    lastFundingRateShort: short,
    last24hAvgFundingRate: averageOf(
      fundingRate,
      now,
      amm.last24hAvgFundingRate,
      amm.lastFundingRateTs,
      DAY,
    ),
    netUnsettledFundingPnl: amm.netUnsettledFundingPnl - revenue,
    lastFundingRateTs: now,
  });
  session.emitData('FundingRateRecord', {
    ts: now,
    recordId: market.nextFundingRateRecordId++,
    marketIndex: market.marketIndex,
    fundingRate,
    fundingRateLong: long,
    fundingRateShort: short,
    cumulativeFundingRateLong: amm.cumulativeFundingRateLong,
    cumulativeFundingRateShort: amm.cumulativeFundingRateShort,
    oraclePriceTwap: oracle,
    markPriceTwap: mark,
    periodRevenue: amm.netRevenueSinceLastFunding,
    baseAssetAmountWithAmm: amm.baseAssetAmountWithAmm,
    baseAssetAmountWithUnsettledLp: amm.baseAssetAmountWithUnsettledLp,
  });
  amm.netRevenueSinceLastFunding = 0n;
  return true;
}

/** update_funding_rate: fails when the rate could not be updated. */
export function updateFundingRate(session: Session): void {
  const market = session.load('PerpMarket', session.at('perpMarket'));
  const state = session.load('State', session.at('state'));
  if (market.status === 'delisted') fail(session, 'MarketDelisted');
  if (state.exchangeStatus & FUNDING_PAUSED.exchange) fail(session, 'ExchangePaused');
  if (market.amm.oracle !== session.at('oracle')) fail(session, 'InvalidOracle');
  updateAmm(session, market, state);
  if (market.status !== 'active' && market.status !== 'reduceOnly')
    fail(session, 'MarketActionPaused');
  if (!tryFundingRate(session, market, state)) fail(session, 'FundingWasNotUpdated');
}
