// Records: the record layouts of Velocity. They differ from Drift v2's: liquidations have no
// `lp_shares` and add a protocol fee. Sources: state/events.rs of velocity-exchange/velocity-v1 at
// bf947a2c, and records that the real program of 2026-07 wrote.
import type { Layout } from '../codec.ts';
import {
  DepositRecord,
  FundingPaymentRecord,
  liquidationRecord,
  newest,
  OrderActionRecord,
  SPOT_LIQUIDATION,
  SwapRecord,
} from '../record-layouts.ts';

const PERP_LIQUIDATION = {
  marketIndex: 'u16',
  oraclePrice: 'i64',
  baseAssetAmount: 'i64',
  quoteAssetAmount: 'i64',
  fillRecordId: 'u64',
  userOrderId: 'u32',
  liquidatorOrderId: 'u32',
  liquidatorFee: 'u64',
  ifFee: 'u64',
  protocolFee: 'u64',
} as const satisfies Layout;

export const RECORDS = {
  DepositRecord: newest(DepositRecord),
  OrderActionRecord: newest(OrderActionRecord),
  FundingPaymentRecord,
  LiquidationRecord: newest(
    liquidationRecord(PERP_LIQUIDATION, { ...SPOT_LIQUIDATION, protocolFee: 'u64' }),
  ),
  SwapRecord,
} as const;
