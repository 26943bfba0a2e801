// Liquidations: works out the effect of liquidation records on the watched accounts: the PnL that a
// liquidation moves without a fill, the notice of it, and the fee that the last of its fills bears.
import { most } from '../core/money.ts';
import { addressOf } from './codec.ts';
import type { Heard, HeardEvent } from './heard.ts';
import { usdOf } from './moved.ts';
import type { LiquidationFee } from './profile.ts';
import type { LiquidationRecord } from './records.ts';
import type { Tallies } from './tallies.ts';

/**
 * The sum of the fees that a liquidation charges in addition to the fees of its fills. Quote base
 * units.
 */
function chargedBeside(heard: Heard, { liquidatePerp }: LiquidationRecord): bigint {
  const charged: Partial<Record<LiquidationFee, bigint>> = liquidatePerp;
  return heard.dialect.profile.liquidationFees.reduce(
    (sum, name) => sum + (charged[name] ?? 0n),
    0n,
  );
}

/**
 * The insurance fee of each liquidate_perp_with_fill call, by the event that bears it: the last
 * fill of the liquidated account in that call. Other liquidation calls are skipped, because in
 * liquidate_perp the taker fee already contains the insurance fee.
 */
export function insuranceFees(heard: Heard): Map<HeardEvent, bigint> {
  const fees = new Map<HeardEvent, bigint>();
  for (const each of heard.events ?? []) {
    const { event, call } = each;
    if (event.event !== 'LiquidationRecord' || event.liquidationType !== 'liquidatePerp') continue;
    if (call?.known?.call !== 'liquidate_perp_with_fill') continue;
    const fills = (heard.events ?? []).filter(
      (fill) =>
        fill.call === call &&
        fill.event.event === 'OrderActionRecord' &&
        fill.event.action === 'fill' &&
        [fill.event.taker, fill.event.maker].includes(event.user),
    );
    const last = fills.at(-1);
    if (last !== undefined) fees.set(last, chargedBeside(heard, event));
  }
  return fees;
}

/**
 * The value that a liquidation gave the liquidator and did not take, in quote base units: the fee
 * of a position taken over; otherwise the value that was transferred at the record's prices, less
 * the debt that the liquidator took over. PnL counts at the quote token's nominal value. Never
 * below 0; null for a market whose decimals are unknown. A bankruptcy gives nothing.
 */
function gainOf({ dialect }: Heard, record: LiquidationRecord): bigint | null {
  const { liquidateSpot: spot, liquidateBorrowForPerpPnl: borrow } = record;
  const { liquidatePerpPnlForDeposit: deposit, liquidationType } = record;
  const worth = (amount: bigint, market: number, price: bigint): bigint | null =>
    usdOf(dialect.profile, amount, market, price);
  const [given, taken] =
    liquidationType === 'liquidateSpot'
      ? [
          worth(spot.assetTransfer, spot.assetMarketIndex, spot.assetPrice),
          worth(spot.liabilityTransfer, spot.liabilityMarketIndex, spot.liabilityPrice),
        ]
      : liquidationType === 'liquidateBorrowForPerpPnl'
        ? [
            borrow.pnlTransfer,
            worth(borrow.liabilityTransfer, borrow.liabilityMarketIndex, borrow.liabilityPrice),
          ]
        : liquidationType === 'liquidatePerpPnlForDeposit'
          ? [
              worth(deposit.assetTransfer, deposit.assetMarketIndex, deposit.assetPrice),
              deposit.pnlTransfer,
            ]
          : [record.liquidatePerp.liquidatorFee, 0n];
  return given === null || taken === null ? null : most(0n, given - taken);
}

/**
 * Adds the PnL that a liquidation moves without a fill. The liquidated account, the liquidator, or
 * both may be watched.
 */
export function hearLiquidation(
  heard: Heard,
  tallies: Tallies,
  each: HeardEvent,
  record: LiquidationRecord,
): void {
  const [user, liquidator] = [heard.userOf(record.user), heard.userOf(record.liquidator)];
  const moved =
    record.liquidationType === 'liquidateBorrowForPerpPnl'
      ? -record.liquidateBorrowForPerpPnl.pnlTransfer
      : record.liquidationType === 'liquidatePerpPnlForDeposit'
        ? record.liquidatePerpPnlForDeposit.pnlTransfer
        : 0n;
  if (liquidator !== undefined) tallies.add(liquidator, { realised: -moved });
  if (user === undefined) return;
  const forgiven = record.liquidationType === 'perpBankruptcy' ? -record.perpBankruptcy.pnl : 0n;
  tallies.add(user, { realised: moved + forgiven });
  heard.put(user.subscriberId, user.address, each.ordinal + 3, {
    kind: 'notice',
    what: 'liquidated',
    who: addressOf(record.liquidator),
    amount: gainOf(heard, record),
    detail: `${record.liquidationType}, liquidation ${record.liquidationId} of the account.`,
  });
}
