// Liquidations: those of the stand-in in which no position changes hands: a borrow or a loss of
// perps is paid with a deposit or a profit. The liquidator receives more than the amount that it
// pays is worth (controller/liquidation.rs).
import { accrueAtPrice } from './interest.ts';
import type { Struct } from './layout.ts';
import {
  beginLiquidation,
  endLiquidation,
  enterLiquidation,
  type Liquidation,
  needOf,
  tell,
} from './liquidating.ts';
import {
  liabilityToCover,
  partOf,
  type Side,
  spotInsuranceFee,
  takeover,
} from './liquidation-math.ts';
import { perpIsUsed } from './margin.ts';
import { validityOfSpot } from './oracle-validity.ts';
import { creditQuote, perpPosition, settleFunding } from './positions.ts';
import { fail, type Session } from './session.ts';
import { type BalanceType, movePool, movePosition, spotPosition, tokensOf } from './spot.ts';

const FEE = 1_000_000n;
const PAUSED = { perp: 32, spot: 16 } as const;
/** A loss is no borrow: it weighs what it is. */
const LOSS_WEIGHT = 10_000n;
const QUOTE = { decimals: 6, price: 1_000_000n } as const;

function openSpot(session: Session, marketIndex: number): Struct {
  const market = session.spotMarket(marketIndex, true);
  if (market.pausedOperations & PAUSED.spot) fail(session, 'InvalidLiquidation');
  return market;
}
function openPerp(session: Session, marketIndex: number): Struct {
  const market = session.perpMarket(marketIndex, true);
  if (market.pausedOperations & PAUSED.perp) fail(session, 'InvalidLiquidation');
  return market;
}

/** The spot position of a market, used or not; fails when there is none. */
function requireSpot(session: Session, user: Struct, marketIndex: number): Struct {
  const positions = user.spotPositions as Struct[];
  const found =
    marketIndex === 0 ? positions[0] : positions.find((each) => each.marketIndex === marketIndex);
  return found ?? fail(session, 'CouldNotFindSpotPosition');
}

function requirePerp(session: Session, user: Struct, marketIndex: number): Struct {
  const found = (user.perpPositions as Struct[]).find(
    (each) => each.marketIndex === marketIndex && perpIsUsed(each),
  );
  return found ?? fail(session, 'UserHasNoPositionInMarket');
}

/** A perp position without base; fails when it has one, or when its quote has the other sign. */
function requirePnl(session: Session, position: Struct, sign: 1n | -1n): bigint {
  const pnl: bigint = position.quoteAssetAmount;
  if (position.baseAssetAmount !== 0n || pnl * sign <= 0n)
    fail(session, 'InvalidPerpPositionToLiquidate');
  return pnl * sign;
}

/** A side of a takeover that is tokens of a spot market, at the price of its oracle. */
function spotSide(
  session: Session,
  { user, state }: Liquidation,
  market: Struct,
  type: BalanceType,
): Side {
  accrueAtPrice(session, market);
  const said = session.quote(market.oracle, market.oracleSource);
  const validity = validityOfSpot(state, market, said);
  if (market.marketIndex !== 0 && (validity === 'non_positive' || validity === 'too_volatile'))
    fail(session, 'InvalidOracle');
  const position = requireSpot(session, user, market.marketIndex);
  if (position.balanceType !== type) fail(session, 'WrongSpotBalanceType');
  const amount = tokensOf(position.scaledBalance, market, type);
  if (amount === 0n) fail(session, 'InvalidSpotPosition');
  const asset = type === 'deposit';
  const fee = BigInt(market.liquidatorFee);
  return {
    amount,
    decimals: market.decimals,
    price: said.price,
    weight: asset
      ? BigInt(market.maintenanceAssetWeight)
      : BigInt(market.maintenanceLiabilityWeight) + BigInt(state.liquidationMarginBufferRatio),
    multiplier: asset ? FEE + fee : FEE - fee,
  };
}

function move(
  session: Session,
  user: Struct,
  market: Struct,
  direction: BalanceType,
  tokens: bigint,
): void {
  const position = spotPosition(session, user, market.marketIndex, true);
  movePosition(position, market, direction, tokens, false);
  position.cumulativeDeposits += direction === 'deposit' ? tokens : -tokens;
}

/** Neither oracle may be too far off its own five-minute average. */
function requireBands(session: Session, state: Struct, markets: readonly Struct[]): void {
  const allowed: bigint = state.oracleGuardRails.priceDivergence.oracleTwap5minPercentDivergence;
  for (const market of markets) {
    const price = session.price(market.oracle, market.oracleSource);
    const average: bigint = market.historicalOracleData.lastOraclePriceTwap5min;
    const off = price > average ? price - average : average - price;
    if ((off * FEE) / average >= allowed) fail(session, 'PriceBandsBreached');
  }
}

/** A borrow is repaid by the liquidator, who takes a deposit for it. */
export function liquidateSpot(session: Session, args: Struct): void {
  const found = beginLiquidation(session);
  const { user, liquidator, state } = found;
  const given = openSpot(session, args.assetMarketIndex);
  const owed = openSpot(session, args.liabilityMarketIndex);
  requireSpot(session, user, args.assetMarketIndex);
  requireSpot(session, user, args.liabilityMarketIndex);
  for (const index of [args.assetMarketIndex, args.liabilityMarketIndex])
    spotPosition(session, liquidator, index, true);
  const asset = spotSide(session, found, given, 'deposit');
  const liability = spotSide(session, found, owed, 'borrow');
  const tracked = { kind: 'spot', market: args.liabilityMarketIndex } as const;
  const entered = enterLiquidation(session, found, tracked);
  if (entered === null) return;
  const fields = {
    assetMarketIndex: args.assetMarketIndex,
    assetPrice: asset.price,
    liabilityMarketIndex: args.liabilityMarketIndex,
    liabilityPrice: liability.price,
  };
  const told = { kind: 'liquidateSpot', fields } as const;
  const needed = needOf(session, found, entered, tracked, told);
  if (needed === null) return;
  const { need, freed } = needed;
  const rate = spotInsuranceFee(need.tracked, asset, liability, BigInt(owed.ifLiquidationFee));
  const toCover = liabilityToCover(need.shortage, asset, liability, rate);
  const allowed = partOf(toCover, need.part);
  if (allowed === 0n) return;
  const taken = takeover(asset, liability, allowed, args.liquidatorMaxLiabilityTransfer);
  if (taken.asset === 0n || taken.liability === 0n) fail(session, 'InvalidLiquidation');
  requireBands(session, state, [owed, given]);
  const ifFee = (taken.liability * rate) / FEE;
  move(session, user, owed, 'deposit', taken.liability - ifFee);
  movePool(owed.revenuePool, owed, 'deposit', ifFee);
  move(session, liquidator, owed, 'borrow', taken.liability);
  move(session, liquidator, given, 'deposit', taken.asset);
  move(session, user, given, 'borrow', taken.asset);
  const more = endLiquidation(session, found, need.shortage, taken.liability >= toCover);
  tell(session, found, entered, {
    kind: 'liquidateSpot',
    fields: { ...fields, assetTransfer: taken.asset, liabilityTransfer: taken.liability, ifFee },
    freed: freed + more,
    ids: [],
  });
}

/** A borrow is repaid by the liquidator, who takes profit of a perp market for it. */
export function liquidateBorrowForPerpPnl(session: Session, args: Struct): void {
  const found = beginLiquidation(session);
  const { user, key, liquidator, liquidatorKey } = found;
  const perp = openPerp(session, args.perpMarketIndex);
  const owed = openSpot(session, args.spotMarketIndex);
  const position = requirePerp(session, user, args.perpMarketIndex);
  requireSpot(session, user, args.spotMarketIndex);
  const other = perpPosition(session, liquidator, args.perpMarketIndex);
  spotPosition(session, liquidator, args.spotMarketIndex, true);
  settleFunding(session, user, key, perp);
  settleFunding(session, liquidator, liquidatorKey, perp);
  const asset: Side = {
    ...QUOTE,
    amount: requirePnl(session, position, 1n),
    weight: BigInt(perp.unrealizedPnlMaintenanceAssetWeight),
    multiplier: FEE + BigInt(perp.liquidatorFee),
  };
  const liability = spotSide(session, found, owed, 'borrow');
  const entered = enterLiquidation(session, found, null);
  if (entered === null) return;
  const fields = {
    perpMarketIndex: args.perpMarketIndex,
    marketOraclePrice: session.price(perp.amm.oracle, perp.amm.oracleSource),
    liabilityMarketIndex: args.spotMarketIndex,
    liabilityPrice: liability.price,
  };
  const told = { kind: 'liquidateBorrowForPerpPnl', fields } as const;
  const needed = needOf(session, found, entered, null, told);
  if (needed === null) return;
  const { need, freed } = needed;
  const toCover = liabilityToCover(need.shortage, asset, liability, 0n);
  const allowed = partOf(toCover, need.part);
  if (allowed === 0n) return;
  const taken = takeover(asset, liability, allowed, args.liquidatorMaxLiabilityTransfer);
  if (taken.asset === 0n || taken.liability === 0n) fail(session, 'InvalidLiquidation');
  move(session, user, owed, 'deposit', taken.liability);
  move(session, liquidator, owed, 'borrow', taken.liability);
  creditQuote(other, perp, taken.asset);
  creditQuote(position, perp, -taken.asset);
  const more = endLiquidation(session, found, need.shortage, taken.liability >= toCover);
  tell(session, found, entered, {
    kind: 'liquidateBorrowForPerpPnl',
    fields: { ...fields, pnlTransfer: taken.asset, liabilityTransfer: taken.liability },
    freed: freed + more,
    ids: [],
  });
}

const CONTRACT_TIERS = ['a', 'b', 'c', 'speculative', 'highlySpeculative', 'isolated'];
const ASSET_TIERS = ['collateral', 'protected', 'cross', 'isolated', 'unlisted'];

/** Whether the account owes something safer than the losses of this market, which comes first. */
function owesSafer(session: Session, user: Struct, perp: Struct): boolean {
  const tier = CONTRACT_TIERS.indexOf(perp.contractTier);
  const perps = (user.perpPositions as Struct[])
    .filter(perpIsUsed)
    .map((each) => CONTRACT_TIERS.indexOf(session.perpMarket(each.marketIndex).contractTier));
  if (perps.some((each) => each < tier)) return true;
  const spots = (user.spotPositions as Struct[])
    .filter((each) => each.balanceType === 'borrow')
    .filter((each) => each.scaledBalance !== 0n || each.openOrders !== 0)
    .map((each) => ASSET_TIERS.indexOf(session.spotMarket(each.marketIndex).assetTier));
  const safest = Math.min(ASSET_TIERS.indexOf('unlisted'), ...spots);
  if (safest === ASSET_TIERS.indexOf('unlisted')) return false;
  return safest < ASSET_TIERS.indexOf('cross') || tier > CONTRACT_TIERS.indexOf('c');
}

/** A loss of a perp market passes to the liquidator, and a deposit with it. */
export function liquidatePerpPnlForDeposit(session: Session, args: Struct): void {
  const found = beginLiquidation(session);
  const { user, key, liquidator, liquidatorKey } = found;
  const given = openSpot(session, args.spotMarketIndex);
  const perp = openPerp(session, args.perpMarketIndex);
  const position = requirePerp(session, user, args.perpMarketIndex);
  requireSpot(session, user, args.spotMarketIndex);
  const other = perpPosition(session, liquidator, args.perpMarketIndex);
  spotPosition(session, liquidator, args.spotMarketIndex, true);
  settleFunding(session, user, key, perp);
  settleFunding(session, liquidator, liquidatorKey, perp);
  const asset = spotSide(session, found, given, 'deposit');
  const liability: Side = {
    ...QUOTE,
    amount: requirePnl(session, position, -1n),
    weight: LOSS_WEIGHT,
    multiplier: FEE - BigInt(perp.liquidatorFee),
  };
  const entered = enterLiquidation(session, found, null);
  if (entered === null) return;
  const fields = {
    perpMarketIndex: args.perpMarketIndex,
    marketOraclePrice: session.price(perp.amm.oracle, perp.amm.oracleSource),
    assetMarketIndex: args.spotMarketIndex,
    assetPrice: asset.price,
  };
  const told = { kind: 'liquidatePerpPnlForDeposit', fields } as const;
  const violates = owesSafer(session, user, perp);
  const needed = needOf(session, found, entered, null, told, violates);
  if (needed === null) return;
  const { need, freed } = needed;
  const toCover = liabilityToCover(need.shortage, asset, liability, 0n);
  const allowed = partOf(toCover, need.part);
  if (allowed === 0n) return;
  const taken = takeover(asset, liability, allowed, args.liquidatorMaxPnlTransfer);
  if (taken.asset === 0n || taken.liability === 0n) fail(session, 'InvalidLiquidation');
  requireBands(session, found.state, [given]);
  move(session, liquidator, given, 'deposit', taken.asset);
  move(session, user, given, 'borrow', taken.asset);
  creditQuote(other, perp, -taken.liability);
  creditQuote(position, perp, taken.liability);
  const more = endLiquidation(session, found, need.shortage, taken.liability >= toCover);
  tell(session, found, entered, {
    kind: 'liquidatePerpPnlForDeposit',
    fields: { ...fields, pnlTransfer: taken.liability, assetTransfer: taken.asset },
    freed: freed + more,
    ids: [],
  });
}
