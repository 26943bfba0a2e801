// Closes: works out the effect of every fill, funding payment and liquidation of a transaction on
// the watched accounts. A close is a fact of its own. Every amount that changes an account's
// realised total, opening fees included, also goes into its tally.
import { closeOf, type FillSide, openOf } from '../core/close.ts';
import type { Close, Direction } from '../core/fact.ts';
import { formatUnits, most } from '../core/money.ts';
import { afterCall } from '../core/transaction.ts';
import type { Watched } from '../core/watch-ports.ts';
import { addressOf, type Key } from './codec.ts';
import type { Heard, HeardEvent } from './heard.ts';
import { hearKeeping } from './keeper-fees.ts';
import { usdOf } from './moved.ts';
import type { LiquidationFee } from './profile.ts';
import type { LiquidationRecord, OrderActionRecord } from './records.ts';
import type { Tallies } from './tallies.ts';

const BASE = 1_000_000_000n;
/**
 * A fill more than this many basis points worse than the oracle gets an `off_price_fill` notice.
 */
const OFF_PRICE_BPS = 100n;

const CAUSES: Readonly<Record<string, Close['cause']>> = {
  liquidation: 'liquidation',
  marketExpired: 'expiry',
  transferPerpPosition: 'transfer',
};

type Side = {
  readonly side: 'taker' | 'maker';
  readonly user: Key;
  readonly direction: Direction;
  readonly fee: bigint;
  readonly entry: bigint | null | undefined;
  readonly base: bigint | null | undefined;
  readonly other: Key | null;
};

function sidesOf(record: OrderActionRecord): Side[] {
  const { taker, takerOrderDirection, maker, makerOrderDirection } = record;
  const sides: Side[] = [];
  if (taker !== null && takerOrderDirection !== null) {
    sides.push({
      side: 'taker',
      user: taker,
      direction: takerOrderDirection,
      fee: record.takerFee ?? 0n,
      entry: record.takerExistingQuoteEntryAmount,
      base: record.takerExistingBaseAssetAmount,
      other: maker,
    });
  }
  if (maker !== null && makerOrderDirection !== null) {
    sides.push({
      side: 'maker',
      user: maker,
      direction: makerOrderDirection,
      fee: record.makerFee ?? 0n,
      entry: record.makerExistingQuoteEntryAmount,
      base: record.makerExistingBaseAssetAmount,
      other: taker,
    });
  }
  return sides;
}

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
function insuranceFees(heard: Heard): Map<HeardEvent, bigint> {
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

function hearFill(
  heard: Heard,
  tallies: Tallies,
  each: HeardEvent,
  record: OrderActionRecord,
  extra: bigint,
): void {
  const { baseAssetAmountFilled: base, quoteAssetAmountFilled: quote } = record;
  if (record.action !== 'fill' || !base || quote === null) return;
  if (record.marketType === 'spot') {
    hearSpotFill(heard, each, record, { base, quote });
    return;
  }
  for (const own of sidesOf(record)) {
    const watch = heard.userOf(own.user);
    if (watch === undefined) continue;
    if (own.entry === undefined || own.base === undefined) {
      tallies.unknown(watch, 'older_record', afterCall(each.call ?? { place: 0 }));
      continue;
    }
    // The liquidated account is the taker of the liquidation's fills and bears the insurance fee.
    const insurance = own.side === 'taker' ? extra : 0n;
    const cause = CAUSES[record.actionExplanation] ?? 'trade';
    const fill: FillSide = {
      market: record.marketIndex,
      side: own.side,
      direction: own.direction,
      cause,
      baseFilled: base,
      quoteFilled: quote,
      fee: own.fee,
      existingEntry: own.entry,
      existingBase: own.base,
      fillRecordId: record.fillRecordId ?? 0n,
      oraclePrice: record.oraclePrice,
      counterparty: own.other === null ? null : addressOf(own.other),
    };
    const close = closeOf(fill);
    tallies.add(watch, { realised: (close?.grossPnl ?? 0n) - own.fee - insurance });
    if (close !== null) {
      heard.put(watch.subscriberId, watch.address, each.ordinal, {
        ...close,
        fee: close.fee + insurance,
        netPnl: close.netPnl - insurance,
      });
    }
    const open = openOf(fill);
    if (open !== null) heard.put(watch.subscriberId, watch.address, each.ordinal + 3, open);
    doubt(heard, each, record, own, watch, { base, quote, cause });
  }
}

/**
 * Puts a notice of a fill whose price is far worse for this side than the oracle's. `unit`: the
 * base units of one whole token of the market.
 */
function doubtPrice(
  heard: Heard,
  each: HeardEvent,
  record: OrderActionRecord,
  own: Side,
  watch: Watched,
  { base, quote, unit }: { base: bigint; quote: bigint; unit: bigint },
): void {
  const { symbol } = heard.dialect.profile.quote;
  const price = (quote * unit) / base;
  const off = price > record.oraclePrice ? price - record.oraclePrice : record.oraclePrice - price;
  const worse = own.direction === 'long' ? price > record.oraclePrice : price < record.oraclePrice;
  if (!worse || record.oraclePrice <= 0n) return;
  if (off * 10_000n <= record.oraclePrice * OFF_PRICE_BPS) return;
  heard.put(watch.subscriberId, watch.address, each.ordinal + 1, {
    kind: 'notice',
    what: 'off_price_fill',
    who: own.other === null ? null : addressOf(own.other),
    amount: (off * base) / unit,
    detail: `Filled at ${formatUnits(price)}, oracle ${formatUnits(record.oraclePrice)}: ${formatUnits((off * base) / unit)} ${symbol} worse.`,
  });
}

/**
 * Hears a fill in a spot market. It changes no profit; its price is doubted as that of a perp fill.
 * A market newer than this release has no known decimals, and so no price.
 */
function hearSpotFill(
  heard: Heard,
  each: HeardEvent,
  record: OrderActionRecord,
  { base, quote }: { base: bigint; quote: bigint },
): void {
  const decimals = heard.dialect.profile.spotDecimals[record.marketIndex];
  if (decimals === undefined) return;
  const unit = 10n ** BigInt(decimals);
  for (const own of sidesOf(record)) {
    const watch = heard.userOf(own.user);
    if (watch !== undefined) doubtPrice(heard, each, record, own, watch, { base, quote, unit });
  }
}

/**
 * Puts notices of fills that may have moved value away without a withdrawal: transfers of
 * positions, prices far from the oracle, builder fees. Each notice carries its amounts as evidence.
 */
function doubt(
  heard: Heard,
  each: HeardEvent,
  record: OrderActionRecord,
  own: Side,
  watch: Watched,
  { base, quote, cause }: { base: bigint; quote: bigint; cause: Close['cause'] },
): void {
  const who = own.other === null ? null : addressOf(own.other);
  const { put } = heard;
  const { symbol } = heard.dialect.profile.quote;
  if (cause === 'transfer') {
    put(watch.subscriberId, watch.address, each.ordinal + 1, {
      kind: 'notice',
      what: 'position_transfer',
      who,
      amount: base,
      detail: `${formatUnits(base, 9)} base of market ${record.marketIndex} moved between own sub-accounts at ${formatUnits(quote)} ${symbol}.`,
    });
    return;
  }
  doubtPrice(heard, each, record, own, watch, { base, quote, unit: BASE });
  if (own.side === 'taker' && (record.builderFee ?? 0n) > 0n) {
    put(watch.subscriberId, watch.address, each.ordinal + 2, {
      kind: 'notice',
      what: 'builder_fee',
      who: null,
      amount: record.builderFee ?? 0n,
      detail: `${formatUnits(record.builderFee ?? 0n)} ${symbol} of the taker fee went to a builder.`,
    });
  }
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
function hearLiquidation(
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

/**
 * Puts the closes, opens and notices of a transaction whose log is whole, and adds to the tallies.
 */
export function hearCloses(heard: Heard, tallies: Tallies): void {
  const fees = insuranceFees(heard);
  for (const each of heard.events ?? []) {
    const { event } = each;
    if (event.event === 'OrderActionRecord') {
      hearFill(heard, tallies, each, event, fees.get(each) ?? 0n);
      hearKeeping(heard, tallies, each);
    } else if (event.event === 'LiquidationRecord') hearLiquidation(heard, tallies, each, event);
    else if (event.event === 'FundingPaymentRecord') {
      const user = heard.userOf(event.user);
      const { baseAssetAmount: base, fundingPayment: amount, marketIndex: market } = event;
      if (user !== undefined)
        tallies.paidFunding(user, {
          market,
          amount,
          ordinal: each.ordinal,
          base: base < 0n ? -base : base,
        });
    }
  }
}
