// Records: the layouts of the events that Bailiff asks, as tables in the order of the program's state/events.rs. A `?` marks
// a field that older versions of the program did not write yet. Records of other kinds are passed over undecoded.
import { compileReader, type Layout, type RecordOf, type Spoiled } from './codec.ts';

const MARKET_TYPE = ['spot', 'perp'] as const;
const DIRECTION = ['long', 'short'] as const;

const DepositRecord = {
  ts: 'i64',
  userAuthority: 'key',
  user: 'key',
  direction: ['deposit', 'withdraw'],
  depositRecordId: 'u64',
  /** Token base units, after clamping. */
  amount: 'u64',
  marketIndex: 'u16',
  oraclePrice: 'i64',
  marketDepositBalance: 'u128',
  marketWithdrawBalance: 'u128',
  marketCumulativeDepositInterest: 'u128',
  marketCumulativeBorrowInterest: 'u128',
  totalDepositsAfter: 'u64',
  totalWithdrawsAfter: 'u64',
  explanation: ['none', 'transfer', 'borrow', 'repayBorrow', 'reward'],
  transferUser: { option: 'key' },
  // Both since 2025-11.
  'signer?': { option: 'key' },
  'userTokenAmountAfter?': 'i128',
} as const satisfies Layout;

const OrderActionRecord = {
  ts: 'i64',
  action: ['place', 'cancel', 'fill', 'trigger', 'expire'],
  actionExplanation: [
    'none',
    'insufficientFreeCollateral',
    'oraclePriceBreachedLimitPrice',
    'marketOrderFilledToLimitPrice',
    'orderExpired',
    'liquidation',
    'orderFilledWithAmm',
    'orderFilledWithAmmJit',
    'orderFilledWithMatch',
    'orderFilledWithMatchJit',
    'marketExpired',
    'riskingIncreasingOrder',
    'reduceOnlyOrderIncreasedPosition',
    'orderFillWithSerum',
    'noBorrowLiquidity',
    'orderFillWithPhoenix',
    'orderFilledWithAmmJitLpSplit',
    'orderFilledWithLpJit',
    'deriskLp',
    'orderFilledWithOpenbookV2',
    'transferPerpPosition',
  ],
  marketIndex: 'u16',
  marketType: MARKET_TYPE,
  filler: { option: 'key' },
  fillerReward: { option: 'u64' },
  fillRecordId: { option: 'u64' },
  baseAssetAmountFilled: { option: 'u64' },
  quoteAssetAmountFilled: { option: 'u64' },
  takerFee: { option: 'u64' },
  makerFee: { option: 'i64' },
  referrerReward: { option: 'u32' },
  quoteAssetAmountSurplus: { option: 'i64' },
  spotFulfillmentMethodFee: { option: 'u64' },
  taker: { option: 'key' },
  takerOrderId: { option: 'u32' },
  takerOrderDirection: { option: DIRECTION },
  takerOrderBaseAssetAmount: { option: 'u64' },
  takerOrderCumulativeBaseAssetAmountFilled: { option: 'u64' },
  takerOrderCumulativeQuoteAssetAmountFilled: { option: 'u64' },
  maker: { option: 'key' },
  makerOrderId: { option: 'u32' },
  makerOrderDirection: { option: DIRECTION },
  makerOrderBaseAssetAmount: { option: 'u64' },
  makerOrderCumulativeBaseAssetAmountFilled: { option: 'u64' },
  makerOrderCumulativeQuoteAssetAmountFilled: { option: 'u64' },
  oraclePrice: 'i64',
  // Since 2025-03.
  'bitFlags?': 'u8',
  // Since 2025-06; without them a fill does not tell what it realised.
  'takerExistingQuoteEntryAmount?': { option: 'u64' },
  'takerExistingBaseAssetAmount?': { option: 'u64' },
  'makerExistingQuoteEntryAmount?': { option: 'u64' },
  'makerExistingBaseAssetAmount?': { option: 'u64' },
  // Since 2025-07 and 2025-09.
  'triggerPrice?': { option: 'u64' },
  'builderIdx?': { option: 'u8' },
  'builderFee?': { option: 'u64' },
} as const satisfies Layout;

const FundingPaymentRecord = {
  ts: 'i64',
  userAuthority: 'key',
  user: 'key',
  marketIndex: 'u16',
  /** Quote base units; positive is received. */
  fundingPayment: 'i64',
  baseAssetAmount: 'i64',
  userLastCumulativeFunding: 'i64',
  ammCumulativeFundingLong: 'i128',
  ammCumulativeFundingShort: 'i128',
} as const satisfies Layout;

const LiquidationRecord = {
  ts: 'i64',
  liquidationType: [
    'liquidatePerp',
    'liquidateSpot',
    'liquidateBorrowForPerpPnl',
    'liquidatePerpPnlForDeposit',
    'perpBankruptcy',
    'spotBankruptcy',
  ],
  user: 'key',
  liquidator: 'key',
  marginRequirement: 'u128',
  totalCollateral: 'i128',
  marginFreed: 'u64',
  liquidationId: 'u16',
  bankrupt: 'bool',
  canceledOrderIds: { vec: 'u32' },
  // All six are always there, zeroed when they are not the type.
  liquidatePerp: {
    struct: {
      marketIndex: 'u16',
      oraclePrice: 'i64',
      baseAssetAmount: 'i64',
      quoteAssetAmount: 'i64',
      lpShares: 'u64',
      fillRecordId: 'u64',
      userOrderId: 'u32',
      liquidatorOrderId: 'u32',
      liquidatorFee: 'u64',
      ifFee: 'u64',
    },
  },
  liquidateSpot: {
    struct: {
      assetMarketIndex: 'u16',
      assetPrice: 'i64',
      assetTransfer: 'u128',
      liabilityMarketIndex: 'u16',
      liabilityPrice: 'i64',
      liabilityTransfer: 'u128',
      ifFee: 'u64',
    },
  },
  liquidateBorrowForPerpPnl: {
    struct: {
      perpMarketIndex: 'u16',
      marketOraclePrice: 'i64',
      pnlTransfer: 'u128',
      liabilityMarketIndex: 'u16',
      liabilityPrice: 'i64',
      liabilityTransfer: 'u128',
    },
  },
  liquidatePerpPnlForDeposit: {
    struct: {
      perpMarketIndex: 'u16',
      marketOraclePrice: 'i64',
      pnlTransfer: 'u128',
      assetMarketIndex: 'u16',
      assetPrice: 'i64',
      assetTransfer: 'u128',
    },
  },
  perpBankruptcy: {
    struct: {
      marketIndex: 'u16',
      pnl: 'i128',
      ifPayment: 'u128',
      clawbackUser: { option: 'key' },
      clawbackUserPayment: { option: 'u128' },
      cumulativeFundingRateDelta: 'i128',
    },
  },
  spotBankruptcy: {
    struct: {
      marketIndex: 'u16',
      borrowAmount: 'u128',
      ifPayment: 'u128',
      cumulativeDepositInterestDelta: 'u128',
    },
  },
  'bitFlags?': 'u8',
} as const satisfies Layout;

const SwapRecord = {
  ts: 'i64',
  user: 'key',
  /** What came back into Drift. */
  amountOut: 'u64',
  /** What was taken out of Drift. */
  amountIn: 'u64',
  outMarketIndex: 'u16',
  inMarketIndex: 'u16',
  outOraclePrice: 'i64',
  inOraclePrice: 'i64',
  fee: 'u64',
} as const satisfies Layout;

type Of<Name extends string, T> = { readonly event: Name } & RecordOf<T>;
export type DepositRecord = Of<'DepositRecord', typeof DepositRecord>;
export type OrderActionRecord = Of<'OrderActionRecord', typeof OrderActionRecord>;
export type LiquidationRecord = Of<'LiquidationRecord', typeof LiquidationRecord>;
export type SwapRecord = Of<'SwapRecord', typeof SwapRecord>;

/** Readers by discriminator, sha256("event:Name")[0..8] in hex. */
const READERS = {
  b4f1dacf66872c86: compileReader('DepositRecord', DepositRecord),
  e0344347c2ed6d01: compileReader('OrderActionRecord', OrderActionRecord),
  '083b601489c9385f': compileReader('FundingPaymentRecord', FundingPaymentRecord),
  '7f11006cb60de735': compileReader('LiquidationRecord', LiquidationRecord),
  a2bb7bc28a38faf1: compileReader('SwapRecord', SwapRecord),
};
/** A record that matters; `Spoiled` in place of one that is not as its table says. */
export type VenueEvent = ReturnType<(typeof READERS)[keyof typeof READERS]> | Spoiled;

type AnyReader = (bytes: Buffer, view: DataView, end: number) => VenueEvent;
const byDiscriminator = new Map<bigint, AnyReader>(
  Object.entries(READERS).map(([hex, read]) => [
    Buffer.from(hex, 'hex').readBigUInt64LE(),
    read as AnyReader,
  ]),
);
/** Four characters as a number. */
const four = (text: string, from: number): number =>
  (text.charCodeAt(from) << 24) |
  (text.charCodeAt(from + 1) << 16) |
  (text.charCodeAt(from + 2) << 8) |
  text.charCodeAt(from + 3);
/** How the base64 of each record begins: its first three bytes. */
const beginnings = new Set(
  Object.keys(READERS).map((hex) => four(Buffer.from(hex, 'hex').toString('base64'), 0)),
);

/** Whether base64 text can be the beginning of a record that matters, without decoding it. */
export function mayBeRecord(line: string, from: number): boolean {
  return beginnings.has(four(line, from));
}

/** Decodes one payload. Null when it is none of the records that matter. */
export function decodeEvent(payload: Uint8Array): VenueEvent | null {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  return decodeIn(bytes, view, payload.length);
}

/** Decodes the record that the first `end` bytes of a buffer hold. */
export function decodeIn(bytes: Buffer, view: DataView, end: number): VenueEvent | null {
  if (end < 8) return null;
  return byDiscriminator.get(view.getBigUint64(0, true))?.(bytes, view, end) ?? null;
}
