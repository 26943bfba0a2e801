// Interest: the interest that borrowers of a spot market owe its depositors since its last update,
// and the market's averages (controller/spot_balance.rs, math/spot_balance.rs).
import { most } from '../../core/money.ts';
import { remember, weighted } from './averages.ts';
import type { Struct } from './layout.ts';
import type { Quote, Session } from './session.ts';
import { movePool, tokensOf } from './spot.ts';

const UTILIZATION = 1_000_000n;
const RATE = 1_000_000n;
const FACTOR = 1_000_000n;
const YEAR = 31_536_000n;
const DAY = 86_400n;
/**
 * A price enters the averages as far as it lies within this part of the hourly average; null for no
 * limit.
 */
const CLAMP: Record<string, bigint | null> = {
  collateral: 10n,
  protected: 10n,
  cross: 5n,
  isolated: 3n,
  unlisted: null,
};

const utilization = (deposits: bigint, borrows: bigint): bigint =>
  deposits === 0n ? (borrows === 0n ? 0n : UTILIZATION) : (borrows * UTILIZATION) / deposits;

function accumulated(market: Struct, now: bigint): { deposit: bigint; borrow: bigint } {
  const used = utilization(
    tokensOf(market.depositBalance, market, 'deposit'),
    tokensOf(market.borrowBalance, market, 'borrow'),
  );
  if (used === 0n) return { deposit: 0n, borrow: 0n };
  const optimal = BigInt(market.optimalUtilization);
  const [usual, highest] = [BigInt(market.optimalBorrowRate), BigInt(market.maxBorrowRate)];
  const rate =
    used > optimal
      ? usual +
        ((used - optimal) * (((highest - usual) * UTILIZATION) / (UTILIZATION - optimal))) /
          UTILIZATION
      : (used * ((usual * UTILIZATION) / optimal)) / UTILIZATION;
  const byTime = rate * (now - (market.lastInterestTs as bigint));
  const deposited = (byTime * used) / UTILIZATION;
  return {
    borrow: ((market.cumulativeBorrowInterest as bigint) * byTime) / YEAR / RATE + 1n,
    deposit: ((market.cumulativeDepositInterest as bigint) * deposited) / YEAR / RATE,
  };
}

function average(market: Struct, now: bigint, quote: Quote | null): void {
  const passed = most(0n, now - (market.lastTwapTs as bigint));
  const rest = most(1n, DAY - passed);
  const deposits = tokensOf(market.depositBalance, market, 'deposit');
  const borrows = tokensOf(market.borrowBalance, market, 'borrow');
  Object.assign(market, {
    depositTokenTwap: weighted(deposits, market.depositTokenTwap, passed, rest),
    borrowTokenTwap: weighted(borrows, market.borrowTokenTwap, passed, rest),
    utilizationTwap: weighted(utilization(deposits, borrows), market.utilizationTwap, passed, rest),
  });
  if (quote !== null)
    remember(market.historicalOracleData, quote, now, CLAMP[market.assetTier] ?? null);
  market.lastTwapTs = now;
}

/** Lets interest accrue up to now. Without a quote the market's price history stays as it is. */
export function accrue(session: Session, market: Struct, quote: Quote | null): void {
  const { now } = session;
  const { deposit, borrow } = accumulated(market, now);
  const stakers = (deposit * BigInt(market.insuranceFund.totalFactor)) / FACTOR;
  const lenders = deposit - stakers;
  if (deposit > 0n && borrow > 1n && lenders > 0n) {
    market.cumulativeDepositInterest += lenders;
    market.cumulativeBorrowInterest += borrow;
    market.lastInterestTs = now;
    const tokens =
      ((market.depositBalance as bigint) * stakers) / 10n ** BigInt(19 - market.decimals);
    if (tokens > 0n) movePool(market.revenuePool, market, 'deposit', tokens);
    session.emitData('SpotInterestRecord', {
      ts: now,
      marketIndex: market.marketIndex,
      depositBalance: market.depositBalance,
      cumulativeDepositInterest: market.cumulativeDepositInterest,
      borrowBalance: market.borrowBalance,
      cumulativeBorrowInterest: market.cumulativeBorrowInterest,
      optimalUtilization: market.optimalUtilization,
      optimalBorrowRate: market.optimalBorrowRate,
      maxBorrowRate: market.maxBorrowRate,
    });
  }
  average(market, now, quote);
}

/** Lets interest accrue up to now, with the price of the market's oracle. */
export const accrueAtPrice = (session: Session, market: Struct): void =>
  accrue(session, market, session.quote(market.oracle, market.oracleSource));
