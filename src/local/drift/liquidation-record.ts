// Liquidation record: writes the record of a liquidation. It has fields for all six kinds; those of
// the five other kinds are zero.
import type { Struct } from './layout.ts';
import type { Session } from './session.ts';

const NOTHING = {
  liquidatePerp: {
    marketIndex: 0,
    oraclePrice: 0n,
    baseAssetAmount: 0n,
    quoteAssetAmount: 0n,
    lpShares: 0n,
    fillRecordId: 0n,
    userOrderId: 0,
    liquidatorOrderId: 0,
    liquidatorFee: 0n,
    ifFee: 0n,
    protocolFee: 0n,
  },
  liquidateSpot: {
    assetMarketIndex: 0,
    assetPrice: 0n,
    assetTransfer: 0n,
    liabilityMarketIndex: 0,
    liabilityPrice: 0n,
    liabilityTransfer: 0n,
    ifFee: 0n,
    protocolFee: 0n,
  },
  liquidateBorrowForPerpPnl: {
    perpMarketIndex: 0,
    marketOraclePrice: 0n,
    pnlTransfer: 0n,
    liabilityMarketIndex: 0,
    liabilityPrice: 0n,
    liabilityTransfer: 0n,
  },
  liquidatePerpPnlForDeposit: {
    perpMarketIndex: 0,
    marketOraclePrice: 0n,
    pnlTransfer: 0n,
    assetMarketIndex: 0,
    assetPrice: 0n,
    assetTransfer: 0n,
  },
  perpBankruptcy: {
    marketIndex: 0,
    pnl: 0n,
    ifPayment: 0n,
    clawbackUser: null,
    clawbackUserPayment: null,
    cumulativeFundingRateDelta: 0n,
  },
  spotBankruptcy: {
    marketIndex: 0,
    borrowAmount: 0n,
    ifPayment: 0n,
    cumulativeDepositInterestDelta: 0n,
  },
};

/** A kind of liquidation, as the record names it. */
export type Kind = keyof typeof NOTHING;

/**
 * Emits the record of a liquidation of one kind. `fields` are those of that kind, `common` those
 * that all kinds have.
 */
export function emitLiquidationRecord(
  session: Session,
  user: string,
  kind: Kind,
  fields: Struct,
  common: {
    readonly liquidationId: number;
    readonly marginRequirement: bigint;
    readonly totalCollateral: bigint;
    readonly bankrupt: boolean;
    readonly canceledOrderIds: readonly number[];
    readonly marginFreed: bigint;
  },
): void {
  session.emitData('LiquidationRecord', {
    ts: session.now,
    liquidationType: kind,
    user,
    liquidator: session.at('liquidator'),
    ...common,
    ...NOTHING,
    [kind]: { ...NOTHING[kind], ...fields },
    bitFlags: 0,
  });
}
