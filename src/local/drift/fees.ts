// Fees: the fee of a fill for the taker, and its parts for maker, keeper and referrer
// (math/fees.rs, math/matching.rs). Every authority is in the first fee tier here, because no
// volume reaches a higher one.
import { least, mulDivCeil } from '../../core/money.ts';
import type { Filling, Referrer } from './filled-order.ts';
import type { Struct } from './layout.ts';
import type { Direction } from './positions.ts';
import { fail, type Session } from './session.ts';

const NOBODY = '11111111111111111111111111111111';
/** Twenty-eight days. */
const EPOCH = 2_419_200n;
const TEN_BPS = 1_000n;
const PERCENT = 1_000_000n;

export type Fees = {
  readonly fee: bigint;
  readonly rebate: bigint;
  readonly filler: bigint;
  readonly referral: bigint;
  readonly discount: bigint;
  readonly toMarket: bigint;
};

/** The account that referred the taker, or null. It and its counter must be among the accounts. */
export function referrerOf(session: Session, takerStats: Struct, taker: string): Referrer | null {
  const { referrer } = takerStats;
  if (referrer === NOBODY) return null;
  const stats = session.statsOf(referrer);
  if (stats === null) return fail(session, 'ReferrerStatsNotFound');
  const key = session.makers().find((each) => {
    const { authority, subAccountId } = session.load('User', each);
    return each !== taker && authority === referrer && subAccountId === 0;
  });
  if (key === undefined) return fail(session, 'ReferrerNotFound');
  const user = session.load('User', key);
  user.lastActiveSlot = session.slot;
  return { user, stats };
}

/** Counts a reward. The count of an epoch starts again after the reward that ended it. */
export function countReferral(stats: Struct, reward: bigint, now: bigint): void {
  stats.fees.totalReferrerReward += reward;
  stats.fees.currentEpochReferrerReward += reward;
  if (now <= stats.nextEpochTs) return;
  stats.nextEpochTs += EPOCH * ((now - stats.nextEpochTs) / EPOCH + 1n);
  stats.fees.currentEpochReferrerReward = 0n;
}

/** The fourth root, rounded down. */
function fourthRoot(value: bigint): bigint {
  let root = BigInt(Math.floor(Number(value) ** 0.25));
  while (root ** 4n > value) root--;
  while ((root + 1n) ** 4n <= value) root++;
  return root;
}

/**
 * The quality of a maker's price, in ten-thousandths of ten basis points: it multiplies the
 * keeper's reward by 1 to 100.
 */
function multiplierOf(price: bigint, direction: Direction, oracle: bigint): bigint {
  const above = ((oracle - price) * PERCENT) / oracle;
  const gained = (direction === 'long' ? -above : above) + TEN_BPS * 2n;
  return gained < TEN_BPS ? TEN_BPS : gained > TEN_BPS * 100n ? TEN_BPS * 100n : gained;
}

/**
 * A keeper's reward: a part of the fee, with a limit that grows with the order's age and the
 * maker's price.
 */
function rewardOf(
  session: Session,
  fee: bigint,
  orderSlot: bigint,
  multiplier: bigint,
  structure: Struct,
): bigint {
  const bySize = (fee * BigInt(structure.rewardNumerator)) / BigInt(structure.rewardDenominator);
  const lowest = (structure.timeBasedRewardLowerBound * multiplier) / TEN_BPS;
  const age = session.slot > orderSlot ? session.slot - orderSlot : 1n;
  return least(bySize, (fourthRoot(age * 100_000_000n) * lowest) / 100n);
}

/**
 * The fees of a fill against the AMM, which earns `surplus` beyond them, or with `maker` against a
 * resting order. `pays` says whether a keeper is rewarded.
 */
export function feesOf(
  session: Session,
  filling: Filling,
  quote: bigint,
  referrer: Referrer | null,
  maker: { readonly price: bigint; readonly direction: Direction } | null,
  surplus: bigint,
  pays: boolean,
): Fees {
  const { state, order, oracle } = filling;
  const structure = state.perpFeeStructure;
  const tier = structure.feeTiers[0];
  const rebateOf = (): bigint =>
    (quote * BigInt(tier.makerRebateNumerator)) / BigInt(tier.makerRebateDenominator);
  if (order.postOnly) {
    // A maker whose order the AMM fills pays no fee; the market receives what the AMM earned.
    const rebate = rebateOf();
    const reward = !pays
      ? 0n
      : rewardOf(session, surplus - rebate, order.slot, TEN_BPS, structure.fillerRewardStructure);
    const toMarket = surplus - rebate - reward;
    return { fee: 0n, rebate, filler: reward, referral: 0n, discount: 0n, toMarket };
  }
  const whole = mulDivCeil(quote, BigInt(tier.feeNumerator), BigInt(tier.feeDenominator));
  const part = (numerator: number, denominator: number) =>
    referrer === null ? 0n : (whole * BigInt(numerator)) / BigInt(denominator);
  const discount = part(tier.refereeFeeNumerator, tier.refereeFeeDenominator);
  const left: bigint =
    (structure.referrerRewardEpochUpperBound as bigint) -
    (referrer?.stats.fees.currentEpochReferrerReward ?? 0n);
  const referral = least(
    part(tier.referrerRewardNumerator, tier.referrerRewardDenominator),
    left < 0n ? 0n : left,
  );
  const fee = whole - discount;
  const multiplier = maker === null ? TEN_BPS : multiplierOf(maker.price, maker.direction, oracle);
  const reward = !pays
    ? 0n
    : rewardOf(session, fee, order.slot, multiplier, structure.fillerRewardStructure);
  const rebate = maker === null ? 0n : rebateOf();
  return {
    fee,
    rebate,
    filler: reward,
    referral,
    discount,
    toMarket: fee - reward - referral - rebate + surplus,
  };
}
