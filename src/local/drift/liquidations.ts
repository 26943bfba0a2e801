// Liquidations: the stand-in's liquidations that take over no position: a borrow or a perp loss
// against a deposit or a perp profit, and both bankruptcies. The liquidator takes either side at
// the oracle price, without the program's fees; the insurance fund pays nothing
// (controller/liquidation.rs).
import { least } from '../../core/money.ts';
import type { Struct } from './layout.ts';
import { emitLiquidationRecord } from './liquidation-record.ts';
import { meets, perpIsUsed } from './margin.ts';
import { creditQuote, perpPosition, settleFunding } from './positions.ts';
import { fail, failAnchor, type Session } from './session.ts';
import { movePosition, spotPosition, tokensOf } from './spot.ts';

const BANKRUPT = 2;

type Both = { user: Struct; key: string; liquidator: Struct };

function load(session: Session): Both {
  const [key, liquidatorKey] = [session.at('user'), session.at('liquidator')];
  if (key === liquidatorKey) fail(session, 'UserCantLiquidateThemself');
  const liquidator = session.load('User', liquidatorKey);
  const signer = session.at('authority');
  if (signer !== liquidator.authority && signer !== liquidator.delegate)
    failAnchor(session, 2003, 'ConstraintRaw');
  return { user: session.load('User', key), key, liquidator };
}

/** Loads both accounts; fails when either is bankrupt. */
function begin(session: Session): Both {
  const both = load(session);
  if ((both.user.status | both.liquidator.status) & BANKRUPT) fail(session, 'UserBankrupt');
  return both;
}

/** Fails unless the user is short of maintenance margin. The program checks the positions first. */
function requireShort(session: Session, user: Struct): void {
  if (meets(session, user, 'maintenance')) fail(session, 'SufficientCollateral');
}

/**
 * A perp position without base. Fails when there is none, when it has base, or when its quote
 * amount has the other sign.
 */
function perpPnlOf(session: Session, user: Struct, marketIndex: number, sign: 1n | -1n): Struct {
  const found = (user.perpPositions as Struct[]).find(
    (each) => each.marketIndex === marketIndex && perpIsUsed(each),
  );
  if (found === undefined) return fail(session, 'UserHasNoPositionInMarket');
  if (found.baseAssetAmount !== 0n || found.quoteAssetAmount * sign <= 0n)
    fail(session, 'InvalidPerpPositionToLiquidate');
  return found;
}

/** Fails when there is no spot position in the market, or one of the other type. */
function requireSpot(session: Session, user: Struct, marketIndex: number, type?: string): void {
  const found = (user.spotPositions as Struct[]).find(
    (each, at) => each.marketIndex === marketIndex && (at === 0 || marketIndex !== 0),
  );
  if (found === undefined) fail(session, 'CouldNotFindSpotPosition');
  else if (type !== undefined && found.balanceType !== type) fail(session, 'WrongSpotBalanceType');
}

const priceOf = (session: Session, market: Struct): bigint =>
  session.price(market.oracle, market.oracleSource);
const quoteOf = (tokens: bigint, market: Struct, price: bigint): bigint =>
  (tokens * price) / 10n ** BigInt(market.decimals);
const tokensFor = (quote: bigint, market: Struct, price: bigint): bigint =>
  (quote * 10n ** BigInt(market.decimals)) / price;

/** Moves tokens of a market from one account to the other, inside the venue. */
function hand(session: Session, market: Struct, from: Struct, to: Struct, tokens: bigint): void {
  const [source, target] = [from, to].map((user) =>
    spotPosition(session, user, market.marketIndex, true),
  );
  if (source === undefined || target === undefined) return;
  movePosition(source, market, 'borrow', tokens, false);
  movePosition(target, market, 'deposit', tokens, false);
  source.cumulativeDeposits -= tokens;
  target.cumulativeDeposits += tokens;
}

function depositOf(session: Session, user: Struct, market: Struct): bigint {
  const position = spotPosition(session, user, market.marketIndex, true);
  return position.balanceType === 'deposit'
    ? tokensOf(position.scaledBalance, market, 'deposit')
    : 0n;
}
function borrowOf(session: Session, user: Struct, market: Struct): bigint {
  const position = spotPosition(session, user, market.marketIndex, true);
  return position.balanceType === 'borrow'
    ? tokensOf(position.scaledBalance, market, 'borrow')
    : 0n;
}

/** The liquidator takes over a loss of a perp market, and a deposit for it. */
export function liquidatePerpPnlForDeposit(session: Session, args: Struct): void {
  const { user, key, liquidator } = begin(session);
  const perp = session.perpMarket(args.perpMarketIndex, true);
  const spot = session.spotMarket(args.spotMarketIndex, true);
  requireSpot(session, user, args.spotMarketIndex);
  settleFunding(session, user, key, perp);
  settleFunding(session, liquidator, session.at('liquidator'), perp);
  const position = perpPnlOf(session, user, args.perpMarketIndex, -1n);
  requireSpot(session, user, args.spotMarketIndex, 'deposit');
  requireShort(session, user);
  const price = priceOf(session, spot);
  const wanted = least(-(position.quoteAssetAmount as bigint), args.liquidatorMaxPnlTransfer);
  const assets = least(tokensFor(wanted, spot, price), depositOf(session, user, spot));
  const pnl = least(wanted, quoteOf(assets, spot, price));
  creditQuote(position, perp, pnl);
  creditQuote(perpPosition(session, liquidator, args.perpMarketIndex), perp, -pnl);
  hand(session, spot, user, liquidator, assets);
  emitLiquidationRecord(session, { user, key }, 'liquidatePerpPnlForDeposit', {
    perpMarketIndex: args.perpMarketIndex,
    marketOraclePrice: session.price(perp.amm.oracle, perp.amm.oracleSource),
    pnlTransfer: pnl,
    assetMarketIndex: args.spotMarketIndex,
    assetPrice: price,
    assetTransfer: assets,
  });
}

/** The liquidator repays a borrow, and takes profit of a perp market for it. */
export function liquidateBorrowForPerpPnl(session: Session, args: Struct): void {
  const { user, key, liquidator } = begin(session);
  const perp = session.perpMarket(args.perpMarketIndex, true);
  const spot = session.spotMarket(args.spotMarketIndex, true);
  requireSpot(session, user, args.spotMarketIndex);
  settleFunding(session, user, key, perp);
  settleFunding(session, liquidator, session.at('liquidator'), perp);
  const position = perpPnlOf(session, user, args.perpMarketIndex, 1n);
  requireSpot(session, user, args.spotMarketIndex, 'borrow');
  requireShort(session, user);
  const price = priceOf(session, spot);
  const owed = least(borrowOf(session, user, spot), args.liquidatorMaxLiabilityTransfer);
  const pnl = least(quoteOf(owed, spot, price), position.quoteAssetAmount);
  const repaid = least(owed, tokensFor(pnl, spot, price));
  creditQuote(position, perp, -pnl);
  creditQuote(perpPosition(session, liquidator, args.perpMarketIndex), perp, pnl);
  hand(session, spot, liquidator, user, repaid);
  emitLiquidationRecord(session, { user, key }, 'liquidateBorrowForPerpPnl', {
    perpMarketIndex: args.perpMarketIndex,
    marketOraclePrice: session.price(perp.amm.oracle, perp.amm.oracleSource),
    pnlTransfer: pnl,
    liabilityMarketIndex: args.spotMarketIndex,
    liabilityPrice: price,
    liabilityTransfer: repaid,
  });
}

/** The liquidator repays a borrow, and takes a deposit for it. */
export function liquidateSpot(session: Session, args: Struct): void {
  const { user, key, liquidator } = begin(session);
  const asset = session.spotMarket(args.assetMarketIndex, true);
  const liability = session.spotMarket(args.liabilityMarketIndex, true);
  requireSpot(session, user, args.assetMarketIndex);
  requireSpot(session, user, args.liabilityMarketIndex);
  requireSpot(session, user, args.assetMarketIndex, 'deposit');
  requireSpot(session, user, args.liabilityMarketIndex, 'borrow');
  requireShort(session, user);
  const [assetPrice, liabilityPrice] = [priceOf(session, asset), priceOf(session, liability)];
  const owed = least(borrowOf(session, user, liability), args.liquidatorMaxLiabilityTransfer);
  const value = quoteOf(owed, liability, liabilityPrice);
  const taken = least(tokensFor(value, asset, assetPrice), depositOf(session, user, asset));
  const covered = quoteOf(taken, asset, assetPrice);
  const repaid = least(owed, tokensFor(covered, liability, liabilityPrice));
  hand(session, asset, user, liquidator, taken);
  hand(session, liability, liquidator, user, repaid);
  emitLiquidationRecord(session, { user, key }, 'liquidateSpot', {
    assetMarketIndex: args.assetMarketIndex,
    assetPrice,
    assetTransfer: taken,
    liabilityMarketIndex: args.liabilityMarketIndex,
    liabilityPrice,
    liabilityTransfer: repaid,
  });
}

/** The loss of a bankrupt account is forgiven. */
export function resolvePerpBankruptcy(session: Session, args: Struct): void {
  const { user, key } = load(session);
  if (!(user.status & BANKRUPT)) fail(session, 'UserNotBankrupt');
  const position = perpPosition(session, user, args.marketIndex);
  const loss: bigint = position.quoteAssetAmount;
  if (loss >= 0n) fail(session, 'UserHasNoPositionInMarket');
  position.quoteAssetAmount = 0n;
  user.totalSocialLoss -= loss;
  user.status &= ~BANKRUPT;
  emitLiquidationRecord(session, { user, key }, 'perpBankruptcy', {
    marketIndex: args.marketIndex,
    pnl: loss,
  });
}

/** The borrow of a bankrupt account is forgiven. */
export function resolveSpotBankruptcy(session: Session, args: Struct): void {
  const { user, key } = load(session);
  if (!(user.status & BANKRUPT)) fail(session, 'UserNotBankrupt');
  const market = session.spotMarket(args.marketIndex, true);
  const borrow = borrowOf(session, user, market);
  if (borrow === 0n) fail(session, 'UserHasInvalidBorrow');
  movePosition(spotPosition(session, user, args.marketIndex, true), market, 'deposit', borrow);
  user.totalSocialLoss += quoteOf(borrow, market, priceOf(session, market));
  user.status &= ~BANKRUPT;
  emitLiquidationRecord(session, { user, key }, 'spotBankruptcy', {
    marketIndex: args.marketIndex,
    borrowAmount: borrow,
  });
}
