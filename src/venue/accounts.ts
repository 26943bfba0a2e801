// Accounts: the few fields that matter, at fixed offsets of the venue's zero-copy accounts (drift-facts section E).
import { Fault } from '../core/fault.ts';
import { type Address, base58Text } from '../core/ids.ts';
import { CURRENT_BUILD } from './builds.ts';
import type { Key } from './codec.ts';

export type SpotPosition = {
  readonly market: number;
  readonly scaledBalance: bigint;
  readonly isBorrow: boolean;
};
export type PerpPosition = {
  readonly market: number;
  readonly base: bigint;
  readonly quote: bigint;
  readonly entry: bigint;
  /** Scaled balance of the collateral that is this position's alone; null for a cross-margined one. */
  readonly isolated: bigint | null;
};
export type User = {
  readonly authority: Key;
  readonly subAccountId: number;
  readonly spots: readonly SpotPosition[];
  readonly perps: readonly PerpPosition[];
  readonly totalDeposits: bigint;
  readonly totalWithdraws: bigint;
  readonly settledPerpPnl: bigint;
  readonly beingLiquidated: boolean;
  readonly bankrupt: boolean;
  readonly hasOpenOrders: boolean;
};
export type SpotMarket = {
  readonly index: number;
  readonly oracle: Address;
  readonly mint: Address;
  readonly decimals: number;
  readonly cumulativeDepositInterest: bigint;
  readonly withdrawPaused: boolean;
};

export const DISCRIMINATOR = {
  User: '9f755fe3ef973aec',
  SpotMarket: '64b1086ba8414127',
  PerpMarket: '0adf0c2c6bf537f7',
  State: 'd8926b5e684bb6b1',
  UserStats: 'b0df881b7a4f20e3',
} as const;

/** Exact lengths, discriminator included. A layout goes by its length: the venue's successor has other ones. */
const BYTES = {
  User: 4376,
  SpotMarket: 776,
  PerpMarket: 1216,
  State: 992,
  UserStats: 240,
} as const;
const key = (data: Uint8Array, offset: number): Address =>
  base58Text(data.subarray(offset, offset + 32)) as Address;

const MAGIC = Object.fromEntries(
  Object.entries(DISCRIMINATOR).map(([name, hex]) => [
    name,
    Buffer.from(hex, 'hex').readBigUInt64BE(),
  ]),
) as Record<keyof typeof DISCRIMINATOR, bigint>;

/**
 * The bytes of an account of that kind. Its length must be exactly the one whose layout is known: an account that the venue
 * has made longer may have other fields at these offsets. Throws `account_unreadable`.
 */
export function viewOf(data: Uint8Array, name: keyof typeof DISCRIMINATOR): DataView {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length !== BYTES[name] || view.getBigUint64(0) !== MAGIC[name])
    throw new Fault(
      'account_unreadable',
      `An account of ${data.length} bytes is no ${name} of Drift v2: that has ${BYTES[name]} bytes and begins with ${DISCRIMINATOR[name]}. It is another venue's, or of a newer program than this release reads.`,
      { context: { bytes: data.length, kind: name } },
    );
  return view;
}

/** Whether eight bytes are zero: no bigint is made of the many slots that nobody uses. */
export const isZero = (view: DataView, at: number): boolean =>
  view.getUint32(at, true) === 0 && view.getUint32(at + 4, true) === 0;

/**
 * Scaled collateral of its own that a perp slot has; null for a cross-margined one. The balance counts behind its flag only:
 * before 2026 a figure of liquidity providers stood in its place, and stale bytes of it remain in real accounts.
 */
export const isolatedOf = (view: DataView, at: number): bigint | null =>
  (view.getUint8(at + 95) & ISOLATED_FLAG) === 0 ? null : view.getBigUint64(at + 72, true);
/** Bit of a perp position's flags. */
const ISOLATED_FLAG = 1;

/**
 * Reads a User. Positions whose slot is unused are left out: their market index is stale. A slot with nothing but bytes at
 * +72 is kept, because the program counts it as used and wants its market among the accounts.
 */
export function readUser(data: Uint8Array): User {
  const view = viewOf(data, 'User');
  const spots: SpotPosition[] = [];
  for (let at = 104; at < 424; at += 40) {
    if (isZero(view, at) && view.getUint8(at + 35) === 0) continue;
    spots.push({
      market: view.getUint16(at + 32, true),
      scaledBalance: view.getBigUint64(at, true),
      isBorrow: view.getUint8(at + 34) === 1,
    });
  }
  const perps: PerpPosition[] = [];
  for (let at = 424; at < 1192; at += 96) {
    const unused =
      isZero(view, at + 8) &&
      isZero(view, at + 16) &&
      isZero(view, at + 72) &&
      view.getUint8(at + 94) === 0;
    if (unused) continue;
    perps.push({
      market: view.getUint16(at + 92, true),
      base: view.getBigInt64(at + 8, true),
      quote: view.getBigInt64(at + 16, true),
      entry: view.getBigInt64(at + 32, true),
      isolated: isolatedOf(view, at),
    });
  }
  const status = view.getUint8(4348);
  return {
    authority: Buffer.prototype.latin1Slice.call(data, 8, 40) as Key,
    subAccountId: view.getUint16(4346, true),
    spots,
    perps,
    totalDeposits: view.getBigUint64(4272, true),
    totalWithdraws: view.getBigUint64(4280, true),
    settledPerpPnl: view.getBigInt64(4296, true),
    beingLiquidated: (status & 1) !== 0,
    bankrupt: (status & 2) !== 0,
    hasOpenOrders: view.getUint8(4351) !== 0,
  };
}

/** `number_of_sub_accounts_created` of a UserStats: ids are given in sequence and never again. */
export function readSubAccountsCreated(data: Uint8Array): number {
  return viewOf(data, 'UserStats').getUint16(186, true);
}

export function readSpotMarket(data: Uint8Array): SpotMarket {
  const view = viewOf(data, 'SpotMarket');
  const status = view.getUint8(688);
  return {
    index: view.getUint16(684, true),
    oracle: key(data, 40),
    mint: key(data, 72),
    decimals: view.getUint32(680, true),
    cumulativeDepositInterest: view.getBigUint64(464, true) | (view.getBigUint64(472, true) << 64n),
    // Active, ReduceOnly and Settlement allow withdrawals, unless the paused operations say otherwise. The bit of an older
    // build is found out by simulation: its refusal is 6149, withdrawals paused.
    withdrawPaused:
      ![1, 6, 7].includes(status) || (view.getUint8(690) & CURRENT_BUILD.pausedBits.withdraw) !== 0,
  };
}

/** The oracle of a PerpMarket: the first field of its AMM. */
export function readPerpOracle(data: Uint8Array): Address {
  viewOf(data, 'PerpMarket');
  return key(data, 40);
}

/** The oracle price, PRICE precision (1e6), that a PerpMarket saw when it was last updated. */
export const readPerpPrice = (data: Uint8Array): bigint =>
  viewOf(data, 'PerpMarket').getBigInt64(72, true);

/** `exchange_status` of the State: which operations are paused for everybody. */
export function readExchangeStatus(data: Uint8Array): number {
  return viewOf(data, 'State').getUint8(EXCHANGE_STATUS_AT);
}
const EXCHANGE_STATUS_AT = 974;

/** `perp_fee_structure.flat_filler_fee` of the State: what a keeper is paid for an order that it does not fill. */
export function readFlatFillerFee(data: Uint8Array): bigint {
  return viewOf(data, 'State').getBigUint64(FLAT_FILLER_FEE_AT, true);
}
const FLAT_FILLER_FEE_AT = 520;

/** Tokens of a deposit, rounded down as the program does. */
export function depositTokens(scaledBalance: bigint, market: SpotMarket): bigint {
  return (scaledBalance * market.cumulativeDepositInterest) / 10n ** BigInt(19 - market.decimals);
}
