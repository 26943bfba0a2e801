// Takeover: liquidate_perp of the stand-in: the liquidator takes as much of a position over, at the
// oracle's price, as brings the account back to its margin, and is paid for it
// (controller/liquidation.rs).
import { least, most } from '../../core/money.ts';
import { updateAmm } from './curve.ts';
import type { Struct } from './layout.ts';
import {
  beginLiquidation,
  endLiquidation,
  enterLiquidation,
  type Need,
  needOf,
  tell,
} from './liquidating.ts';
import { baseToCover, partOf, perpInsuranceFee } from './liquidation-math.ts';
import { perpIsUsed } from './margin.ts';
import { validityOf } from './oracle-validity.ts';
import { NO_ACTION } from './order-record.ts';
import {
  applyFill,
  charge,
  type Direction,
  opposite,
  perpPosition,
  settleFunding,
} from './positions.ts';
import { fail, type Session } from './session.ts';
import { countVolume } from './volumes.ts';

const BASE = 1_000_000_000n;
const FEE = 1_000_000n;
const PAUSED = 32;
/** A position worth less is taken over whole. Quote units. */
const SMALL = 50_000_000n;
const size = (value: bigint): bigint => (value < 0n ? -value : value);
/** Base in whole steps, up. */
const steps = (base: bigint, step: bigint): bigint => ((base + step - 1n) / step) * step;

/** Fees of a liquidation, in millionths of the quote amount. */
type Rates = {
  readonly liquidator: bigint;
  readonly insurance: bigint;
  readonly protocol: bigint;
};
export type Measured = {
  /** The base that is taken over. */
  readonly base: bigint;
  /** The base that would bring the account back to its margin. */
  readonly toCover: bigint;
  readonly rates: Rates;
};

/**
 * How much of a position may be taken over, of `wanted` at most, and at which fees; null when
 * nothing may.
 */
export function measure(
  session: Session,
  {
    state,
    market,
    need,
    whole,
    price,
  }: {
    readonly state: Struct;
    readonly market: Struct;
    readonly need: Need;
    readonly whole: bigint;
    readonly price: bigint;
  },
  wanted: bigint,
): Measured | null {
  const step: bigint = market.amm.orderStepSize;
  const ratio = BigInt(market.marginRatioMaintenance) + BigInt(state.liquidationMarginBufferRatio);
  const fee = BigInt(market.liquidatorFee);
  const quoteMarket = session.spotMarket(0);
  const quotePrice = session.price(quoteMarket.oracle, quoteMarket.oracleSource);
  const highest = BigInt(market.ifLiquidationFee);
  const protocol = session.venue.protocolFees ? BigInt(market.protocolLiquidationFee) : 0n;
  const rate = perpInsuranceFee(
    need.tracked,
    size(whole),
    ratio,
    fee,
    price,
    quotePrice,
    highest + protocol,
  );
  const covering = baseToCover(need.shortage, ratio, fee, rate, price, quotePrice);
  if (covering === null) throw fail(session, 'MathError');
  const toCover = steps(covering, step);
  const allowed = partOf(toCover, need.part);
  if (allowed === 0n) return null;
  const small = (size(whole) * price) / BASE > SMALL ? 0n : size(whole);
  const base = steps(least(least(size(whole), wanted), most(allowed, small)), step);
  const insurance = least(highest, rate);
  return { base, toCover, rates: { liquidator: fee, insurance, protocol: rate - insurance } };
}

/** Books the fees of a liquidation that are not the liquidator's. */
export function bookFees(
  { venue }: Session,
  market: Struct,
  quote: bigint,
  { insurance, protocol }: Rates,
): { ifFee: bigint; protocolFee: bigint } {
  const ifFee = (quote * insurance) / FEE;
  const protocolFee = (quote * protocol) / FEE;
  market.amm.totalLiquidationFee += ifFee + protocolFee;
  if (venue.protocolFees) {
    market.pendingIfFee += ifFee;
    market.pendingProtocolFee += protocolFee;
  }
  return { ifFee, protocolFee };
}

/** The oracle may not be too far off its five-minute average. */
function requireBand(session: Session, state: Struct, { amm }: Struct, price: bigint): void {
  const average: bigint = amm.historicalOracleData.lastOraclePriceTwap5min;
  const allowed: bigint = state.oracleGuardRails.priceDivergence.oracleTwap5minPercentDivergence;
  if ((size(price - average) * FEE) / average >= allowed) fail(session, 'PriceBandsBreached');
}

/** liquidate_perp: a liquidator takes over a part of a perp position. */
export function liquidatePerp(session: Session, args: Struct): void {
  const found = beginLiquidation(session);
  const { user, key, liquidator, liquidatorKey, state } = found;
  const market = session.perpMarket(args.marketIndex, true);
  const { amm } = market;
  if (market.pausedOperations & PAUSED) fail(session, 'InvalidLiquidation');
  settleFunding(session, user, key, market);
  settleFunding(session, liquidator, liquidatorKey, market);
  const held = (): Struct | undefined =>
    (user.perpPositions as Struct[]).find(
      (each) => each.marketIndex === args.marketIndex && perpIsUsed(each),
    );
  const tracked = { kind: 'perp', market: args.marketIndex } as const;
  const entered = enterLiquidation(session, found, tracked, () => {
    const position = held();
    if (position === undefined) fail(session, 'UserHasNoPositionInMarket');
    perpPosition(session, liquidator, args.marketIndex);
    if (position?.baseAssetAmount === 0n && position.openOrders === 0)
      fail(session, 'PositionDoesntHaveOpenPositionOrOrders');
  });
  if (entered === null) return;
  updateAmm(session, market, state);
  const said = session.quote(amm.oracle, amm.oracleSource);
  const validity = validityOf(state, market, said);
  if (validity === 'non_positive' || validity === 'too_volatile') fail(session, 'InvalidOracle');
  const { price } = said;
  const fields = { marketIndex: args.marketIndex, oraclePrice: price };
  const told = { kind: 'liquidatePerp', fields } as const;
  const needed = needOf(session, found, entered, tracked, told);
  if (needed === null) return;
  const { need, freed } = needed;
  const position = held();
  const whole: bigint = position?.baseAssetAmount ?? 0n;
  if (position === undefined || whole === 0n) return;
  const largest: bigint = args.liquidatorMaxBaseAssetAmount;
  const wanted = largest - (largest % (amm.orderStepSize as bigint));
  if (wanted === 0n) fail(session, 'InvalidBaseAssetAmountForLiquidatePerp');
  requireBand(session, state, market, price);
  const measured = measure(session, { state, market, need, whole, price }, wanted);
  if (measured === null) return;
  const { base, toCover, rates } = measured;
  const { limitPrice } = args;
  if (limitPrice !== null && (whole > 0n ? price > limitPrice : price < limitPrice))
    fail(session, 'LiquidationDoesntSatisfyLimitPrice');
  const quote = (base * price) / BASE;
  const liquidatorFee = (quote * rates.liquidator) / FEE;
  const { ifFee, protocolFee } = bookFees(session, market, quote, rates);
  countVolume(session.load('UserStats', session.at('userStats')), 'taker', quote, session.now);
  countVolume(
    session.load('UserStats', session.at('liquidatorStats')),
    'maker',
    quote,
    session.now,
  );
  const direction: Direction = whole > 0n ? 'short' : 'long';
  const change = applyFill(position, market, direction, base, quote);
  charge(position, market, liquidatorFee);
  charge(position, market, ifFee + protocolFee);
  const other = perpPosition(session, liquidator, args.marketIndex);
  const taken = applyFill(other, market, opposite(direction), base, quote);
  charge(other, market, -liquidatorFee);
  const more = endLiquidation(session, found, need.shortage, base >= toCover);
  const userOrderId: number = user.nextOrderId++;
  const liquidatorOrderId: number = liquidator.nextOrderId++;
  const fillRecordId: bigint = market.nextFillRecordId;
  market.nextFillRecordId = fillRecordId + 1n;
  const side = (name: 'taker' | 'maker', account: string, id: number, to: Direction): Struct => ({
    [name]: account,
    [`${name}OrderId`]: id,
    [`${name}OrderDirection`]: to,
    [`${name}OrderBaseAssetAmount`]: base,
    [`${name}OrderCumulativeBaseAssetAmountFilled`]: base,
    [`${name}OrderCumulativeQuoteAssetAmountFilled`]: quote,
  });
  session.emitData('OrderActionRecord', {
    ...NO_ACTION,
    ts: session.now,
    action: 'fill',
    actionExplanation: 'liquidation',
    marketIndex: args.marketIndex,
    marketType: 'perp',
    oraclePrice: price,
    fillRecordId,
    baseAssetAmountFilled: base,
    quoteAssetAmountFilled: quote,
    takerFee: liquidatorFee + ifFee + protocolFee,
    makerFee: -liquidatorFee,
    ...side('taker', key, userOrderId, direction),
    ...side('maker', liquidatorKey, liquidatorOrderId, opposite(direction)),
    takerExistingQuoteEntryAmount: change.existingEntry,
    takerExistingBaseAssetAmount: change.existingBase,
    makerExistingQuoteEntryAmount: taken.existingEntry,
    makerExistingBaseAssetAmount: taken.existingBase,
  });
  tell(session, found, entered, {
    kind: 'liquidatePerp',
    fields: {
      ...fields,
      baseAssetAmount: direction === 'long' ? base : -base,
      quoteAssetAmount: direction === 'long' ? -quote : quote,
      userOrderId,
      liquidatorOrderId,
      fillRecordId,
      liquidatorFee,
      ifFee,
      protocolFee,
    },
    freed: freed + more,
    ids: entered.canceledOrderIds,
  });
}
