// Closes: works out the effect of every fill, funding payment and liquidation of a transaction on
// the watched accounts. A close is a fact of its own. Every amount that changes an account's
// realised total, opening fees included, also goes into its tally.
import { closeOf, type FillSide, openOf } from '../core/close.ts';
import type { Close, Direction } from '../core/fact.ts';
import { formatUnits } from '../core/money.ts';
import { afterCall } from '../core/transaction.ts';
import type { Watched } from '../core/watch-ports.ts';
import { addressOf, type Key } from './codec.ts';
import type { Heard, HeardEvent } from './heard.ts';
import { hearKeeping } from './keeper-fees.ts';
import { hearLiquidation, insuranceFees } from './liquidations.ts';
import type { OrderActionRecord } from './records.ts';
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
