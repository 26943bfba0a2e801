// Keepers: instructions of the stand-in that anybody may send for a user: settling funding and
// liquidating. The order of events and the amounts follow controller/liquidation.rs: a take-over at
// the oracle price, or fills against the AMM.

import { PublicKey } from '@solana/web3.js';
import { least, mulDivCeil } from '../../core/money.ts';
import { swapBase } from './amm.ts';
import type { Struct } from './layout.ts';
import { emitLiquidationRecord } from './liquidation-record.ts';
import { meets } from './margin.ts';
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

const BASE = 1_000_000_000n;
const FEE_PRECISION = 1_000_000n;
const abs = (value: bigint): bigint => (value < 0n ? -value : value);

export function settleFundingPayment(session: Session): void {
  const key = session.at('user');
  const user = session.load('User', key);
  for (const { marketIndex, baseAssetAmount } of user.perpPositions as Struct[])
    if (baseAssetAmount !== 0n)
      settleFunding(session, user, key, session.perpMarket(marketIndex, true));
  user.lastActiveSlot = session.slot;
}

type Liquidated = { user: Struct; key: string; market: Struct; position: Struct; price: bigint };

function begin(session: Session, marketIndex: number): Liquidated {
  const key = session.at('user');
  const user = session.load('User', key);
  if (key === session.at('liquidator')) fail(session, 'UserCantLiquidateThemself');
  const market = session.perpMarket(marketIndex, true);
  settleFunding(session, user, key, market);
  if (meets(session, user, 'maintenance')) fail(session, 'SufficientCollateral');
  const position = (user.perpPositions as Struct[]).find(
    (each) => each.marketIndex === marketIndex && each.baseAssetAmount !== 0n,
  );
  if (position === undefined) return fail(session, 'InvalidPerpPositionToLiquidate');
  const price = session.price(market.amm.oracle, market.amm.oracleSource);
  return { user, key, market, position, price };
}

function emitLiquidation(session: Session, { user, key }: Liquidated, perp: Struct): void {
  emitLiquidationRecord(session, { user, key }, 'liquidatePerp', {
    lpShares: 0n,
    userOrderId: 0,
    liquidatorOrderId: 0,
    ...perp,
  });
}

/** A fill record of one side's forced order, as the two kinds of liquidation emit it. */
function fillOf(
  session: Session,
  { key, user, market, price }: Liquidated,
  fields: Struct,
): Struct {
  return {
    ...NO_ACTION,
    ts: session.now,
    action: 'fill',
    actionExplanation: 'liquidation',
    marketIndex: market.marketIndex,
    marketType: 'perp',
    oraclePrice: price,
    fillRecordId: market.nextFillRecordId++,
    taker: key,
    takerOrderId: user.nextOrderId++,
    takerOrderBaseAssetAmount: fields.baseAssetAmountFilled,
    takerOrderCumulativeBaseAssetAmountFilled: fields.baseAssetAmountFilled,
    takerOrderCumulativeQuoteAssetAmountFilled: fields.quoteAssetAmountFilled,
    ...fields,
  };
}

/** The liquidator takes the position over at the oracle price, and is paid for it. */
export function liquidatePerp(session: Session, args: Struct): void {
  const found = begin(session, args.marketIndex);
  const { market, position, price } = found;
  const liquidatorKey = session.at('liquidator');
  const liquidator = session.load('User', liquidatorKey);
  settleFunding(session, liquidator, liquidatorKey, market);
  const held: bigint = position.baseAssetAmount;
  const direction: Direction = held > 0n ? 'short' : 'long';
  const base = least(abs(held), args.liquidatorMaxBaseAssetAmount);
  const quote = (base * price) / BASE;
  const liquidatorFee = (quote * BigInt(market.liquidatorFee)) / FEE_PRECISION;
  const ifFee = (quote * BigInt(market.ifLiquidationFee)) / FEE_PRECISION;
  const change = applyFill(position, market, direction, base, quote);
  charge(position, market, liquidatorFee + ifFee);
  const other = perpPosition(session, liquidator, args.marketIndex);
  const taken = applyFill(other, market, opposite(direction), base, quote);
  charge(other, market, -liquidatorFee);
  session.emitData(
    'OrderActionRecord',
    fillOf(session, found, {
      takerOrderDirection: direction,
      baseAssetAmountFilled: base,
      quoteAssetAmountFilled: quote,
      takerFee: liquidatorFee + ifFee,
      makerFee: -liquidatorFee,
      maker: liquidatorKey,
      makerOrderId: liquidator.nextOrderId++,
      makerOrderDirection: opposite(direction),
      takerExistingQuoteEntryAmount: change.existingEntry,
      takerExistingBaseAssetAmount: change.existingBase,
      makerExistingQuoteEntryAmount: taken.existingEntry,
      makerExistingBaseAssetAmount: taken.existingBase,
    }),
  );
  emitLiquidation(session, found, {
    marketIndex: args.marketIndex,
    oraclePrice: price,
    baseAssetAmount: direction === 'long' ? base : -base,
    quoteAssetAmount: direction === 'long' ? -quote : quote,
    fillRecordId: (market.nextFillRecordId as bigint) - 1n,
    liquidatorFee,
    ifFee,
  });
}

/**
 * Closes the position against the AMM. The insurance fund's fee is charged on top, and is in no
 * fill record.
 */
export function liquidatePerpWithFill(session: Session, args: Struct): void {
  const found = begin(session, args.marketIndex);
  const { market, position, price } = found;
  const state = session.load('State', session.at('state'));
  const tier = state.perpFeeStructure.feeTiers[0];
  const held: bigint = position.baseAssetAmount;
  const direction: Direction = held > 0n ? 'short' : 'long';
  const base = abs(held);
  const { quote } = swapBase(market.amm, direction, base);
  const fee = mulDivCeil(quote, BigInt(tier.feeNumerator), BigInt(tier.feeDenominator));
  const change = applyFill(position, market, direction, base, quote);
  charge(position, market, fee);
  market.amm.baseAssetAmountWithAmm += direction === 'long' ? base : -base;
  session.emitLog(
    'OrderActionRecord',
    fillOf(session, found, {
      takerOrderDirection: direction,
      baseAssetAmountFilled: base,
      quoteAssetAmountFilled: quote,
      takerFee: fee,
      makerOrderId: null,
      makerOrderDirection: null,
      takerExistingQuoteEntryAmount: change.existingEntry,
      takerExistingBaseAssetAmount: change.existingBase,
    }),
  );
  const ifFee = (quote * BigInt(market.ifLiquidationFee)) / FEE_PRECISION;
  charge(position, market, ifFee);
  emitLiquidation(session, found, {
    marketIndex: args.marketIndex,
    oraclePrice: price,
    // Like the program, the record has the direction of the position that was closed.
    baseAssetAmount: held,
    quoteAssetAmount: direction === 'long' ? quote : -quote,
    fillRecordId: (market.nextFillRecordId as bigint) - 1n,
    liquidatorFee: 0n,
    ifFee,
  });
}

/** Moves a position to another sub-account of the same authority at the oracle price. */
export function transferPerpPosition(session: Session, args: Struct): void {
  const [fromKey, toKey] = [session.at('fromUser'), session.at('toUser')];
  const [from, to] = [session.load('User', fromKey), session.load('User', toKey)];
  const signer = session.at('authority');
  if (from.authority !== signer || to.authority !== signer) fail(session, 'DefaultError');
  if (fromKey === toKey) fail(session, 'CantTransferBetweenSameUserAccount');
  const market = session.perpMarket(args.marketIndex, true);
  settleFunding(session, from, fromKey, market);
  settleFunding(session, to, toKey, market);
  const price = session.price(market.amm.oracle, market.amm.oracleSource);
  const source = (from.perpPositions as Struct[]).find(
    (each) => each.marketIndex === args.marketIndex && each.baseAssetAmount !== 0n,
  );
  if (source === undefined) fail(session, 'UserHasNoPositionInMarket');
  const held: bigint = source.baseAssetAmount;
  const moved: bigint = args.amount === null ? held : args.amount;
  if (moved > 0n !== held > 0n || abs(moved) > abs(held))
    fail(session, 'InvalidTransferPerpPosition');
  const direction: Direction = held > 0n ? 'short' : 'long';
  const base = abs(moved);
  const quote = (base * price) / BASE;
  const left = applyFill(source, market, direction, base, quote);
  const target = perpPosition(session, to, args.marketIndex);
  const came = applyFill(target, market, opposite(direction), base, quote);
  for (const user of [from, to]) {
    if (!meets(session, user, 'initial')) fail(session, 'InsufficientCollateral');
  }
  session.emitLog('OrderActionRecord', {
    ...NO_ACTION,
    ts: session.now,
    action: 'fill',
    actionExplanation: 'transferPerpPosition',
    marketIndex: args.marketIndex,
    marketType: 'perp',
    oraclePrice: price,
    fillRecordId: market.nextFillRecordId++,
    baseAssetAmountFilled: base,
    quoteAssetAmountFilled: quote,
    taker: toKey,
    takerOrderId: to.nextOrderId++,
    takerOrderDirection: opposite(direction),
    takerOrderBaseAssetAmount: base,
    takerOrderCumulativeBaseAssetAmountFilled: base,
    takerOrderCumulativeQuoteAssetAmountFilled: quote,
    maker: fromKey,
    makerOrderId: from.nextOrderId++,
    makerOrderDirection: direction,
    makerOrderBaseAssetAmount: base,
    makerOrderCumulativeBaseAssetAmountFilled: base,
    makerOrderCumulativeQuoteAssetAmountFilled: quote,
    takerExistingQuoteEntryAmount: came.existingEntry,
    takerExistingBaseAssetAmount: came.existingBase,
    makerExistingQuoteEntryAmount: left.existingEntry,
    makerExistingBaseAssetAmount: left.existingBase,
  });
}

export function updateUserDelegate(session: Session, args: Struct): void {
  const user = session.load('User', session.at('user'));
  if (user.authority !== session.at('authority')) fail(session, 'DefaultError');
  user.delegate = new PublicKey(args.delegate as string).toBase58();
}
