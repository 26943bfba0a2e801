// Record layouts: the events that Bailiff decodes, with the fields in the order of the program's
// state/events.rs, where both venues write the same. A `?` marks a field that older versions of
// Drift v2 did not write. Layouts that differ stand in the profiles.
import type { Layout } from './codec.ts';

const MARKET_TYPE = ['spot', 'perp'] as const;
const DIRECTION = ['long', 'short'] as const;

export const DepositRecord = {
  ts: 'i64',
  userAuthority: 'key',
  user: 'key',
  direction: ['deposit', 'withdraw'],
  depositRecordId: 'u64',
  /** Token base units, after the program limited them to the deposit. */
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
  // Both fields since 2025-11.
  'signer?': { option: 'key' },
  'userTokenAmountAfter?': 'i128',
} as const satisfies Layout;

export const OrderActionRecord = {
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
  // Since 2025-06. Without these fields a fill does not show what it realised.
  'takerExistingQuoteEntryAmount?': { option: 'u64' },
  'takerExistingBaseAssetAmount?': { option: 'u64' },
  'makerExistingQuoteEntryAmount?': { option: 'u64' },
  'makerExistingBaseAssetAmount?': { option: 'u64' },
  // Since 2025-07 (triggerPrice) and 2025-09.
  'triggerPrice?': { option: 'u64' },
  'builderIdx?': { option: 'u8' },
  'builderFee?': { option: 'u64' },
} as const satisfies Layout;

export const FundingPaymentRecord = {
  ts: 'i64',
  userAuthority: 'key',
  user: 'key',
  marketIndex: 'u16',
  /** Quote base units; positive when the account received it. */
  fundingPayment: 'i64',
  baseAssetAmount: 'i64',
  userLastCumulativeFunding: 'i64',
  ammCumulativeFundingLong: 'i128',
  ammCumulativeFundingShort: 'i128',
} as const satisfies Layout;

/** A settlement of a position's profit, which realises nothing unless the market has expired. */
export const SettlePnlRecord = {
  ts: 'i64',
  user: 'key',
  marketIndex: 'u16',
  pnl: 'i128',
  /** The base of the position: of one that an expired market closed, its base before. */
  baseAssetAmount: 'i64',
  quoteAssetAmountAfter: 'i64',
  quoteEntryAmount: 'i64',
  settlePrice: 'i64',
  'explanation?': ['none', 'expiredPosition'],
} as const satisfies Layout;

/** The layout of a LiquidationRecord, with the two parts that differ between the venues. */
export const liquidationRecord = <const Perp extends Layout, const Spot extends Layout>(
  perp: Perp,
  spot: Spot,
) =>
  ({
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
    // A record always holds all six parts; those of other liquidation types are zero.
    liquidatePerp: { struct: perp },
    liquidateSpot: { struct: spot },
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
  }) as const satisfies Layout;

export const SwapRecord = {
  ts: 'i64',
  user: 'key',
  /** Base units that came back into the Drift account. */
  amountOut: 'u64',
  /** Base units that were taken out of the Drift account. */
  amountIn: 'u64',
  outMarketIndex: 'u16',
  inMarketIndex: 'u16',
  outOraclePrice: 'i64',
  inOraclePrice: 'i64',
  fee: 'u64',
} as const satisfies Layout;

/** The fields of `liquidateSpot` that every venue writes. */
export const SPOT_LIQUIDATION = {
  assetMarketIndex: 'u16',
  assetPrice: 'i64',
  assetTransfer: 'u128',
  liabilityMarketIndex: 'u16',
  liabilityPrice: 'i64',
  liabilityTransfer: 'u128',
  ifFee: 'u64',
} as const satisfies Layout;

type Newest<T> = { readonly [K in keyof T as K extends `${infer Name}?` ? Name : K]: T[K] };

/** The same layout with every field required, for a program that never wrote an older record. */
export const newest = <const T extends Layout>(layout: T): Newest<T> =>
  Object.fromEntries(
    Object.entries(layout).map(([name, type]) => [name.replace('?', ''), type]),
  ) as Newest<T>;
