// Events: the venue's records as it emits them, decoded by hand and exactly. Field order and discriminators are those
// of the program's state/events.rs; trailing fields that were added later may be absent.
import type { Address } from '../core/ids.ts';
import { createReader, startsWith } from './layout.ts';

export type DepositRecord = {
  readonly event: 'DepositRecord';
  readonly ts: bigint;
  readonly authority: Address;
  readonly user: Address;
  readonly direction: 'deposit' | 'withdraw';
  readonly recordId: bigint;
  /** Token base units, after clamping. */
  readonly amount: bigint;
  readonly market: number;
  readonly oraclePrice: bigint;
  readonly totalDepositsAfter: bigint;
  readonly totalWithdrawsAfter: bigint;
  readonly explanation: 'none' | 'transfer' | 'borrow' | 'repayBorrow' | 'reward';
  readonly transferUser: Address | null;
  readonly signer: Address | null;
  /** Added 2025-11; null in older records. */
  readonly tokensAfter: bigint | null;
};

export type FillSideRecord = {
  readonly user: Address;
  readonly orderId: number | null;
  readonly direction: 'long' | 'short';
  readonly fee: bigint;
  readonly existingEntry: bigint | null;
  readonly existingBase: bigint | null;
};

export type OrderActionRecord = {
  readonly event: 'OrderActionRecord';
  readonly ts: bigint;
  readonly action: 'place' | 'cancel' | 'fill' | 'trigger' | 'expire';
  /** Index into the program's OrderActionExplanation. */
  readonly explanation: number;
  readonly market: number;
  readonly marketType: 'spot' | 'perp';
  readonly filler: Address | null;
  readonly fillRecordId: bigint | null;
  readonly baseFilled: bigint | null;
  readonly quoteFilled: bigint | null;
  readonly taker: FillSideRecord | null;
  readonly maker: FillSideRecord | null;
  readonly oraclePrice: bigint;
  readonly bitFlags: number;
  /** Whether the record is long enough to carry the existing_* fields at all (since 2025-06). */
  readonly hasExisting: boolean;
  readonly builderFee: bigint | null;
};

export type SettlePnlRecord = {
  readonly event: 'SettlePnlRecord';
  readonly ts: bigint;
  readonly user: Address;
  readonly market: number;
  readonly pnl: bigint;
  readonly baseAfter: bigint;
  readonly quoteAfter: bigint;
  readonly quoteEntry: bigint;
  readonly settlePrice: bigint;
  readonly explanation: 'none' | 'expiredPosition';
};

export type VenueEvent = DepositRecord | OrderActionRecord | SettlePnlRecord;

const DISCRIMINATORS = {
  b4f1dacf66872c86: readDeposit,
  e0344347c2ed6d01: readOrderAction,
  '3944691a77c6d559': readSettlePnl,
} as const satisfies Record<string, (bytes: Uint8Array) => VenueEvent>;

const EXPLANATIONS = ['none', 'transfer', 'borrow', 'repayBorrow', 'reward'] as const;
const ACTIONS = ['place', 'cancel', 'fill', 'trigger', 'expire'] as const;

function named<T>(names: readonly T[], index: number): T {
  const name = names[index];
  if (name === undefined) throw new RangeError(`unknown variant ${index}`);
  return name;
}

function readDeposit(bytes: Uint8Array): DepositRecord {
  const read = createReader(bytes, 8);
  const ts = read.i64();
  const authority = read.key();
  const user = read.key();
  const direction = read.u8() === 0 ? 'deposit' : 'withdraw';
  const recordId = read.u64();
  const amount = read.u64();
  const market = read.u16();
  const oraclePrice = read.i64();
  read.skip(4 * 16);
  const totalDepositsAfter = read.u64();
  const totalWithdrawsAfter = read.u64();
  const explanation = named(EXPLANATIONS, read.u8());
  const transferUser = read.option(read.key);
  const signer = read.option(read.key);
  const tokensAfter = read.left >= 16 ? read.i128() : null;
  return {
    event: 'DepositRecord',
    ts,
    authority,
    user,
    direction,
    recordId,
    amount,
    market,
    oraclePrice,
    totalDepositsAfter,
    totalWithdrawsAfter,
    explanation,
    transferUser,
    signer,
    tokensAfter,
  };
}

function readOrderAction(bytes: Uint8Array): OrderActionRecord {
  const read = createReader(bytes, 8);
  const direction = (): 'long' | 'short' => (read.u8() === 0 ? 'long' : 'short');
  const ts = read.i64();
  const action = named(ACTIONS, read.u8());
  const explanation = read.u8();
  const market = read.u16();
  const marketType = read.u8() === 0 ? 'spot' : 'perp';
  const filler = read.option(read.key);
  read.option(read.u64); // filler_reward
  const fillRecordId = read.option(read.u64);
  const baseFilled = read.option(read.u64);
  const quoteFilled = read.option(read.u64);
  const takerFee = read.option(read.u64);
  const makerFee = read.option(read.i64);
  read.option(read.u32); // referrer_reward
  read.option(read.i64); // quote_asset_amount_surplus
  read.option(read.u64); // spot_fulfillment_method_fee
  const order = () => {
    const user = read.option(read.key);
    const orderId = read.option(read.u32);
    const side = read.option(direction);
    for (let skipped = 0; skipped < 3; skipped++) read.option(read.u64); // base amount, cumulative base and quote
    return { user, orderId, side };
  };
  const taker = order();
  const maker = order();
  const oraclePrice = read.i64();
  const bitFlags = read.left > 0 ? read.u8() : 0;
  const hasExisting = read.left > 0;
  const takerEntry = read.option(read.u64);
  const takerBase = read.option(read.u64);
  const makerEntry = read.option(read.u64);
  const makerBase = read.option(read.u64);
  read.option(read.u64); // trigger_price
  read.option(read.u8); // builder_idx
  const builderFee = read.option(read.u64);
  const side = (
    given: typeof taker,
    fee: bigint | null,
    existingEntry: bigint | null,
    existingBase: bigint | null,
  ): FillSideRecord | null =>
    given.user === null || given.side === null
      ? null
      : {
          user: given.user,
          orderId: given.orderId,
          direction: given.side,
          fee: fee ?? 0n,
          existingEntry,
          existingBase,
        };
  return {
    event: 'OrderActionRecord',
    ts,
    action,
    explanation,
    market,
    marketType,
    filler,
    fillRecordId,
    baseFilled,
    quoteFilled,
    taker: side(taker, takerFee, takerEntry, takerBase),
    maker: side(maker, makerFee, makerEntry, makerBase),
    oraclePrice,
    bitFlags,
    hasExisting,
    builderFee,
  };
}

function readSettlePnl(bytes: Uint8Array): SettlePnlRecord {
  const read = createReader(bytes, 8);
  return {
    event: 'SettlePnlRecord',
    ts: read.i64(),
    user: read.key(),
    market: read.u16(),
    pnl: read.i128(),
    baseAfter: read.i64(),
    quoteAfter: read.i64(),
    quoteEntry: read.i64(),
    settlePrice: read.i64(),
    explanation: read.left > 0 && read.u8() === 1 ? 'expiredPosition' : 'none',
  };
}

/** Decodes one payload. Null when it is none of the records that matter; a RangeError when it is one and is broken. */
export function decodeEvent(bytes: Uint8Array): VenueEvent | null {
  for (const [discriminator, read] of Object.entries(DISCRIMINATORS)) {
    if (startsWith(bytes, discriminator)) return read(bytes);
  }
  return null;
}
