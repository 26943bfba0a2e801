// Bankruptcies: the loss or the borrow of an account that has nothing left is paid by the insurance
// fund, then by the market's fees, and the rest by every position in the market
// (controller/liquidation.rs).
import { createTransferInstruction } from '@solana/spl-token';
import { PublicKey } from '@solana/web3.js';
import { least, most } from '../../core/money.ts';
import { accrueAtPrice } from './interest.ts';
import type { Struct } from './layout.ts';
import { isBankrupt, type Liquidation, loadLiquidation } from './liquidating.ts';
import { emitLiquidationRecord, type Kind } from './liquidation-record.ts';
import { marginOf, perpIsUsed } from './margin.ts';
import { STATUS } from './order-ends.ts';
import { creditQuote } from './positions.ts';
import { fail, type Session } from './session.ts';
import { movePool, movePosition, tokensOf } from './spot.ts';

const PAUSED = { perp: 32, spot: 16 } as const;
const BASE = 1_000_000_000n;
const RATE_UNIT = 1_000n;
const size = (value: bigint): bigint => (value < 0n ? -value : value);
const ceil = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

function begin(session: Session): Liquidation {
  const found = loadLiquidation(session, false);
  const { user, liquidator } = found;
  if (!(user.status & STATUS.bankrupt) && isBankrupt(user)) {
    user.status &= ~STATUS.beingLiquidated;
    user.status |= STATUS.bankrupt;
  }
  if (!(user.status & STATUS.bankrupt)) fail(session, 'UserNotBankrupt');
  if (liquidator.status & STATUS.beingLiquidated) fail(session, 'UserIsBeingLiquidated');
  if (liquidator.status & STATUS.bankrupt) fail(session, 'UserBankrupt');
  return found;
}

/** Tokens of the insurance fund, of which one must stay. */
function insurance(session: Session): bigint {
  const account = session.context.get(session.at('insuranceFundVault'));
  return account === null ? 0n : Buffer.from(account.data).readBigUInt64LE(64);
}

function payFromInsurance(session: Session, amount: bigint): void {
  if (amount === 0n) return;
  session.context.call(
    createTransferInstruction(
      new PublicKey(session.at('insuranceFundVault')),
      new PublicKey(session.at('spotMarketVault')),
      session.venue.signer,
      amount,
    ),
  );
}

function end(
  session: Session,
  { user, key }: Liquidation,
  margin: { readonly requirement: bigint; readonly collateral: bigint },
  kind: Kind,
  fields: Struct,
): void {
  if (!isBankrupt(user)) {
    user.status &= ~(STATUS.beingLiquidated | STATUS.bankrupt);
    user.liquidationMarginFreed = 0n;
  }
  emitLiquidationRecord(session, key, kind, fields, {
    liquidationId: user.nextLiquidationId - 1,
    marginRequirement: margin.requirement,
    totalCollateral: margin.collateral,
    bankrupt: true,
    canceledOrderIds: [],
    marginFreed: 0n,
  });
}

/** The loss of a bankrupt account in a perp market. */
export function resolvePerpBankruptcy(session: Session, args: Struct): void {
  if (args.quoteSpotMarketIndex !== 0) fail(session, 'InvalidSpotMarketAccount');
  const found = begin(session);
  const { user } = found;
  const market = session.perpMarket(args.marketIndex, true);
  const { amm, insuranceClaim } = market;
  if (market.pausedOperations & PAUSED.perp) fail(session, 'InvalidLiquidation');
  const position = (user.perpPositions as Struct[]).find(
    (each) => each.marketIndex === args.marketIndex && perpIsUsed(each),
  );
  if (position === undefined) throw fail(session, 'UserHasNoPositionInMarket');
  const loss: bigint = position.quoteAssetAmount;
  if (loss >= 0n) fail(session, 'InvalidPerpPositionToLiquidate');
  const margin = marginOf(session, user, 'maintenance');
  const { quoteMaxInsurance, quoteSettledInsurance } = insuranceClaim;
  const claim = (quoteMaxInsurance as bigint) - quoteSettledInsurance;
  if (claim < 0n) fail(session, 'MathError');
  const ifPayment = least(least(-loss, most(0n, insurance(session) - 1n)), claim);
  insuranceClaim.quoteSettledInsurance += ifPayment;
  const quote = session.spotMarket(0, true);
  accrueAtPrice(session, quote);
  movePool(market.pnlPool, quote, 'deposit', ifPayment);
  const left = -loss - ifPayment;
  const fees = least(left, tokensOf(amm.feePool.scaledBalance, quote, 'deposit'));
  if (fees > 0n) movePool(amm.feePool, quote, 'borrow', fees);
  const shared = left - fees;
  const base = size(amm.baseAssetAmountLong as bigint) + size(amm.baseAssetAmountShort as bigint);
  if (base === 0n) fail(session, 'CantResolvePerpBankruptcy');
  const delta = ceil(shared * BASE, base) * RATE_UNIT;
  if (shared > 0n) {
    amm.totalSocialLoss += shared;
    amm.cumulativeFundingRateLong += delta;
    amm.cumulativeFundingRateShort -= delta;
  }
  creditQuote(position, market, -loss);
  user.totalSocialLoss += -loss;
  end(session, found, margin, 'perpBankruptcy', {
    marketIndex: args.marketIndex,
    ifPayment,
    pnl: loss,
    cumulativeFundingRateDelta: delta,
  });
  payFromInsurance(session, ifPayment);
}

/** The borrow of a bankrupt account. */
export function resolveSpotBankruptcy(session: Session, args: Struct): void {
  const found = begin(session);
  const { user } = found;
  const market = session.spotMarket(args.marketIndex, true);
  if (market.pausedOperations & PAUSED.spot) fail(session, 'InvalidLiquidation');
  const positions = user.spotPositions as Struct[];
  const position =
    args.marketIndex === 0
      ? positions[0]
      : positions.find((each) => each.marketIndex === args.marketIndex);
  if (position === undefined) throw fail(session, 'CouldNotFindSpotPosition');
  const margin = marginOf(session, user, 'maintenance');
  if (position.balanceType !== 'borrow' || position.scaledBalance === 0n)
    fail(session, 'UserHasInvalidBorrow');
  const borrowAmount = tokensOf(position.scaledBalance, market, 'borrow');
  const ifPayment = least(borrowAmount, most(0n, insurance(session) - 1n));
  const shared = borrowAmount - ifPayment;
  const deposits = tokensOf(market.depositBalance, market, 'deposit');
  const interest: bigint = market.cumulativeDepositInterest;
  const delta = deposits === 0n ? 0n : ceil(interest * shared, deposits);
  const price = session.price(market.oracle, market.oracleSource);
  const loss = ceil(borrowAmount * price, 10n ** BigInt(market.decimals));
  user.totalSocialLoss += loss;
  movePosition(position, market, 'deposit', borrowAmount, false);
  position.cumulativeDeposits += borrowAmount;
  market.cumulativeDepositInterest -= delta;
  market.totalSocialLoss += borrowAmount;
  market.totalQuoteSocialLoss += loss;
  end(session, found, margin, 'spotBankruptcy', {
    marketIndex: args.marketIndex,
    borrowAmount,
    ifPayment,
    cumulativeDepositInterestDelta: delta,
  });
  payFromInsurance(session, ifPayment);
}
