// Keepers: instructions of the stand-in that every wallet may send for a user: settling funding,
// closing a position of an account that is liquidated against the AMM; and those by which an owner
// moves a position to another sub-account or changes who may do what with an account.

import { PublicKey } from '@solana/web3.js';
import { mulDivCeil } from '../../core/money.ts';
import { swapBase } from './amm.ts';
import type { Struct } from './layout.ts';
import {
  beginLiquidation,
  enterLiquidation,
  exitLiquidation,
  isBankrupt,
  tell,
} from './liquidating.ts';
import { meets, perpIsUsed } from './margin.ts';
import { STATUS } from './order-ends.ts';
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

/** settle_funding_payment: pays or receives the funding of every open position of a user. */
export function settleFundingPayment(session: Session): void {
  const key = session.at('user');
  const user = session.load('User', key);
  for (const { marketIndex, baseAssetAmount } of user.perpPositions as Struct[])
    if (baseAssetAmount !== 0n)
      settleFunding(session, user, key, session.perpMarket(marketIndex, true));
  user.lastActiveSlot = session.slot;
}

/**
 * Closes the position against the AMM. The insurance fund's fee is charged on top, and is in no
 * fill record. No public build has this instruction: the position is closed whole, without a look
 * at the shortage.
 */
export function liquidatePerpWithFill(session: Session, args: Struct): void {
  const found = beginLiquidation(session);
  const { user, key, state } = found;
  const market = session.perpMarket(args.marketIndex, true);
  settleFunding(session, user, key, market);
  const entered = enterLiquidation(session, found, null);
  if (entered === null) return;
  const position = (user.perpPositions as Struct[]).find(
    (each) => each.marketIndex === args.marketIndex && each.baseAssetAmount !== 0n,
  );
  if (position === undefined) throw fail(session, 'InvalidPerpPositionToLiquidate');
  const price = session.price(market.amm.oracle, market.amm.oracleSource);
  const tier = state.perpFeeStructure.feeTiers[0];
  const held: bigint = position.baseAssetAmount;
  const direction: Direction = held > 0n ? 'short' : 'long';
  const base = abs(held);
  const { quote } = swapBase(market.amm, direction, base);
  const fee = mulDivCeil(quote, BigInt(tier.feeNumerator), BigInt(tier.feeDenominator));
  const change = applyFill(position, market, direction, base, quote);
  charge(position, market, fee);
  market.amm.baseAssetAmountWithAmm += direction === 'long' ? base : -base;
  const fillRecordId: bigint = market.nextFillRecordId;
  market.nextFillRecordId = fillRecordId + 1n;
  session.emitLog('OrderActionRecord', {
    ...NO_ACTION,
    ts: session.now,
    action: 'fill',
    actionExplanation: 'liquidation',
    marketIndex: market.marketIndex,
    marketType: 'perp',
    oraclePrice: price,
    fillRecordId,
    taker: key,
    takerOrderId: user.nextOrderId++,
    takerOrderDirection: direction,
    takerOrderBaseAssetAmount: base,
    takerOrderCumulativeBaseAssetAmountFilled: base,
    takerOrderCumulativeQuoteAssetAmountFilled: quote,
    baseAssetAmountFilled: base,
    quoteAssetAmountFilled: quote,
    takerFee: fee,
    takerExistingQuoteEntryAmount: change.existingEntry,
    takerExistingBaseAssetAmount: change.existingBase,
  });
  const ifFee = (quote * BigInt(market.ifLiquidationFee)) / FEE_PRECISION;
  charge(position, market, ifFee);
  if (isBankrupt(user)) user.status = STATUS.bankrupt;
  else exitLiquidation(user);
  tell(session, found, entered, {
    kind: 'liquidatePerp',
    fields: {
      marketIndex: args.marketIndex,
      oraclePrice: price,
      // As the program does it here: in the direction of the position that was there.
      baseAssetAmount: held,
      quoteAssetAmount: direction === 'long' ? quote : -quote,
      fillRecordId,
      ifFee,
    },
    freed: 0n,
    ids: entered.canceledOrderIds,
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

/** update_user_delegate: names the delegate of a sub-account. */
export function updateUserDelegate(session: Session, args: Struct): void {
  const user = session.load('User', session.at('user'));
  if (user.authority !== session.at('authority')) fail(session, 'DefaultError');
  user.delegate = new PublicKey(args.delegate as string).toBase58();
}

/**
 * Allows or forbids borrows by swaps and spot orders. An isolated perp market forbids them. The
 * stand-in has no spot orders, whose open amounts could stand against a prohibition.
 */
export function updateUserMarginTradingEnabled(session: Session, args: Struct): void {
  const user = session.load('User', session.at('user'));
  if (user.authority !== session.at('authority')) fail(session, 'DefaultError');
  user.isMarginTradingEnabled = args.marginTradingEnabled;
  if (!user.isMarginTradingEnabled) return;
  for (const each of (user.perpPositions as Struct[]).filter(perpIsUsed))
    if (session.perpMarket(each.marketIndex).contractTier === 'isolated')
      fail(session, 'MarginOrdersOpen');
}
