// Accounts: the few fields that matter, at the fixed offsets that a profile names. An account is
// read only when the venue's program owns it and it has exactly the length and the discriminator of
// its kind; anything else is refused by name.
import { Fault } from '../core/fault.ts';
import { type Address, base58Text } from '../core/ids.ts';
import type { ChainAccount } from '../core/outside.ts';
import type { Key } from './codec.ts';
import type { AccountKinds, Profile } from './profile.ts';

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
  /**
   * Scaled balance of the collateral that is this position's alone; null for a cross-margined one.
   */
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
export type AccountName = keyof AccountKinds;

export type AccountReaders = {
  /**
   * The bytes of an account that belongs to the venue's program. Throws `account_unreadable` for
   * one that another program owns: two venues of this family have accounts of the same length and
   * discriminator, with other fields at each offset.
   */
  owned(account: ChainAccount): Uint8Array;
  /**
   * The bytes of an account of that kind. Throws `account_unreadable` for another length or
   * discriminator.
   */
  viewOf(data: Uint8Array, name: AccountName): DataView;
  user(data: Uint8Array): User;
  /**
   * How many sub-accounts were ever created, of a UserStats: ids are given in sequence and never
   * again.
   */
  subAccountsCreated(data: Uint8Array): number;
  /** Whether the venue has stopped every withdrawal of the authority of a UserStats. */
  breakerTripped(data: Uint8Array): boolean;
  spotMarket(data: Uint8Array): SpotMarket;
  perpOracle(data: Uint8Array): Address;
  /** The oracle price, PRICE precision (1e6), that a PerpMarket saw when it was last updated. */
  perpPrice(data: Uint8Array): bigint;
  /** Which operations the State has paused for everybody. */
  exchangeStatus(data: Uint8Array): number;
  /**
   * What the State says that a keeper is paid for an order that it does not fill. Quote base units.
   */
  flatFillerFee(data: Uint8Array): bigint;
};

const key = (data: Uint8Array, offset: number): Address =>
  base58Text(data.subarray(offset, offset + 32)) as Address;

/** Whether eight bytes are zero: no bigint is made of the many slots that nobody uses. */
export const isZero = (view: DataView, at: number): boolean =>
  view.getUint32(at, true) === 0 && view.getUint32(at + 4, true) === 0;

/** Bit of a perp position's flags. */
export const ISOLATED_FLAG = 1;

/** Creates the readers of a profile's accounts. */
export function createAccountReaders({ title, programId, accounts }: Profile): AccountReaders {
  const magic = Object.fromEntries(
    Object.entries(accounts).map(([name, { discriminator }]) => [
      name,
      Buffer.from(discriminator, 'hex').readBigUInt64BE(),
    ]),
  ) as Record<AccountName, bigint>;
  const lengths = Object.fromEntries(
    Object.entries(accounts).map(([name, { bytes }]) => [name, bytes]),
  ) as Record<AccountName, number>;

  const refuse = (data: Uint8Array, name: AccountName): never => {
    const { bytes, discriminator, refused } = accounts[name];
    const known = refused?.[data.length];
    const says =
      known !== undefined && data.length >= 8 && startsWith(data, discriminator)
        ? `This ${name} of ${title} has ${data.length} bytes: ${known}. This release reads ${bytes} bytes and refuses it until that layout is proven.`
        : `An account of ${data.length} bytes is no ${name} of ${title}: that has ${bytes} bytes and begins with ${discriminator}. It is another venue's, or of a newer program than this release reads.`;
    throw new Fault('account_unreadable', says, { context: { bytes: data.length, kind: name } });
  };
  const oddVariant = (name: AccountName, field: string, value: number): never => {
    throw new Fault(
      'account_unreadable',
      `A ${name} of ${title} has the ${field} ${value}, which this release does not know.`,
      { context: { kind: name, field, value } },
    );
  };
  const viewOf = (data: Uint8Array, name: AccountName): DataView => {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    if (data.length !== lengths[name] || view.getBigUint64(0) !== magic[name]) refuse(data, name);
    return view;
  };

  const { User: user, UserStats, SpotMarket, PerpMarket, State } = accounts;
  const { spots: spotsAt, perps: perp, totalDeposits, totalWithdraws } = user.fields;
  const { settledPerpPnl, subAccountId, status: statusAt, openOrders } = user.fields;
  const { at: perpsAt, end: perpsEnd, stride, market, flags } = perp;
  const { isolated: isolatedAt, openOrders: perpOrders } = perp;
  const { fields: spot } = SpotMarket;

  return {
    owned(account) {
      if (account.owner !== programId)
        throw new Fault(
          'account_unreadable',
          `An account of the program ${account.owner} is none of ${title}, whose program is ${programId}.`,
          { context: { owner: account.owner, venue: programId } },
        );
      return account.data;
    },
    viewOf,
    // Positions whose slot is unused are left out: their market index is stale. A slot with nothing
    // but bytes of isolated collateral is kept, because the program counts it as used and wants its
    // market among the accounts.
    user(data) {
      const view = viewOf(data, 'User');
      const spots: SpotPosition[] = [];
      for (let at = spotsAt; at < perpsAt; at += 40) {
        if (isZero(view, at) && view.getUint8(at + 35) === 0) continue;
        const type = view.getUint8(at + 34);
        if (type > 1) oddVariant('User', 'balance type', type);
        spots.push({
          market: view.getUint16(at + 32, true),
          scaledBalance: view.getBigUint64(at, true),
          isBorrow: type === 1,
        });
      }
      const perps: PerpPosition[] = [];
      for (let at = perpsAt; at < perpsEnd; at += stride) {
        const unused =
          isZero(view, at + 8) &&
          isZero(view, at + 16) &&
          isZero(view, at + isolatedAt) &&
          view.getUint8(at + perpOrders) === 0;
        if (unused) continue;
        const isIsolated = (view.getUint8(at + flags) & ISOLATED_FLAG) !== 0;
        perps.push({
          market: view.getUint16(at + market, true),
          base: view.getBigInt64(at + 8, true),
          quote: view.getBigInt64(at + 16, true),
          entry: view.getBigInt64(at + 32, true),
          // The balance counts behind its flag only: before 2026 Drift v2 kept a figure of
          // liquidity providers in its place, and stale bytes of it remain in real accounts.
          isolated: isIsolated ? view.getBigUint64(at + isolatedAt, true) : null,
        });
      }
      const status = view.getUint8(statusAt);
      return {
        authority: Buffer.prototype.latin1Slice.call(data, 8, 40) as Key,
        subAccountId: view.getUint16(subAccountId, true),
        spots,
        perps,
        totalDeposits: view.getBigUint64(totalDeposits, true),
        totalWithdraws: view.getBigUint64(totalWithdraws, true),
        settledPerpPnl: view.getBigInt64(settledPerpPnl, true),
        beingLiquidated: (status & 1) !== 0,
        bankrupt: (status & 2) !== 0,
        hasOpenOrders: view.getUint8(openOrders) !== 0,
      };
    },
    subAccountsCreated: (data) =>
      viewOf(data, 'UserStats').getUint16(UserStats.fields.subAccountsCreated, true),
    breakerTripped(data) {
      const view = viewOf(data, 'UserStats');
      const at = UserStats.fields.equityBreaker;
      return at !== null && view.getUint8(at) !== 0;
    },
    spotMarket(data) {
      const view = viewOf(data, 'SpotMarket');
      const interest = spot.cumulativeDepositInterest;
      const status = view.getUint8(spot.status);
      if (status >= spot.statuses) oddVariant('SpotMarket', 'status', status);
      return {
        index: view.getUint16(spot.index, true),
        oracle: key(data, spot.oracle),
        mint: key(data, spot.mint),
        decimals: view.getUint32(spot.decimals, true),
        cumulativeDepositInterest:
          view.getBigUint64(interest, true) | (view.getBigUint64(interest + 8, true) << 64n),
        withdrawPaused:
          !spot.withdrawStatuses.includes(status) ||
          (view.getUint8(spot.paused) & spot.withdrawPausedBit) !== 0,
      };
    },
    perpOracle(data) {
      viewOf(data, 'PerpMarket');
      return key(data, PerpMarket.fields.oracle);
    },
    perpPrice: (data) =>
      viewOf(data, 'PerpMarket').getBigInt64(PerpMarket.fields.lastOraclePrice, true),
    exchangeStatus: (data) => viewOf(data, 'State').getUint8(State.fields.exchangeStatus),
    flatFillerFee: (data) => viewOf(data, 'State').getBigUint64(State.fields.flatFillerFee, true),
  };
}

const startsWith = (data: Uint8Array, discriminator: string): boolean =>
  Buffer.from(data.subarray(0, 8)).toString('hex') === discriminator;

/** Tokens of a deposit, rounded down as the program does. */
export function depositTokens(scaledBalance: bigint, market: SpotMarket): bigint {
  return (scaledBalance * market.cumulativeDepositInterest) / 10n ** BigInt(19 - market.decimals);
}
