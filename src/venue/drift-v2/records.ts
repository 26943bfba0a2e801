// Records: the record layouts of Drift v2, which differ from Velocity's in liquidations.
import type { Layout } from '../codec.ts';
import {
  DepositRecord,
  FundingPaymentRecord,
  liquidationRecord,
  OrderActionRecord,
  SettlePnlRecord,
  SPOT_LIQUIDATION,
  SwapRecord,
} from '../record-layouts.ts';

const PERP_LIQUIDATION = {
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
} as const satisfies Layout;

/** Written by builds in which accounts held shares of a market's AMM, last in 2025. */
const LPRecord = {
  ts: 'i64',
  user: 'key',
  action: ['addLiquidity', 'removeLiquidity', 'settleLiquidity', 'removeLiquidityDerisk'],
  nShares: 'u64',
  marketIndex: 'u16',
  deltaBaseAssetAmount: 'i64',
  deltaQuoteAssetAmount: 'i64',
  pnl: 'i64',
} as const satisfies Layout;

export const RECORDS = {
  DepositRecord,
  OrderActionRecord,
  FundingPaymentRecord,
  LiquidationRecord: liquidationRecord(PERP_LIQUIDATION, SPOT_LIQUIDATION),
  SwapRecord,
  LPRecord,
  SettlePnlRecord,
} as const;
