// Accounts: reads the fields that Bailiff needs from the venue's accounts, at the byte offsets that
// the profile gives. A reader refuses an account, with `account_unreadable`, unless the venue's
// program owns it and its length and discriminator are exactly those of its kind.

import type { ChainAccount } from '../core/chain-ports.ts';
import { Fault } from '../core/fault.ts';
import { type Address, base58Text } from '../core/ids.ts';
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
   * Scaled balance of the collateral that belongs to this position alone; null when the position is
   * cross-margined.
   */
  readonly isolated: bigint | null;
};
/** The fields of a User that a payment needs. `StateReaders.ofUser` reads its counters. */
export type User = {
  readonly spots: readonly SpotPosition[];
  readonly perps: readonly PerpPosition[];
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
   * Returns the bytes of an account that the venue's program owns. Throws `account_unreadable` when
   * another program owns it: accounts of two venues of this family can have the same length and
   * discriminator and still hold other fields at the same offsets.
   */
  owned(account: ChainAccount): Uint8Array;
  /**
   * Returns a view of the bytes of an account of the named kind. Throws `account_unreadable` when
   * length or discriminator differ from that kind's.
   */
  viewOf(data: Uint8Array, name: AccountName): DataView;
  user(data: Uint8Array): User;
  /**
   * How many sub-accounts the authority of a UserStats ever created. The program numbers them in
   * sequence and never reuses a number.
   */
  subAccountsCreated(data: Uint8Array): number;
  /** The referral rewards that the authority of a UserStats ever got, in quote base units. */
  referrerRewards(data: Uint8Array): bigint;
  /** Whether the venue has stopped every withdrawal of the authority of this UserStats. */
  breakerTripped(data: Uint8Array): boolean;
  spotMarket(data: Uint8Array): SpotMarket;
  perpOracle(data: Uint8Array): Address;
  /** The oracle price at the last update of a PerpMarket, in PRICE precision (1e6). */
  perpPrice(data: Uint8Array): bigint;
  /** The State's `exchange_status`: a bit for each operation that is paused for all accounts. */
  exchangeStatus(data: Uint8Array): number;
  /**
   * The flat fee that the owner of an order pays a keeper who triggers or cancels it without
   * filling it, as the State sets it. Quote base units.
   */
  flatFillerFee(data: Uint8Array): bigint;
};

const key = (data: Uint8Array, offset: number): Address =>
  base58Text(data.subarray(offset, offset + 32)) as Address;

/**
 * Whether eight bytes are zero. Compares as two u32, so that no bigint is made for each unused
 * slot.
 */
export const isZero = (view: DataView, at: number): boolean =>
  view.getUint32(at, true) === 0 && view.getUint32(at + 4, true) === 0;

/** The bit of a perp position's flags that marks an isolated position. */
export const ISOLATED_FLAG = 1;

/**
 * Creates the readers of a profile's accounts. Each throws `account_unreadable` for bytes whose
 * length or discriminator are not those of its kind.
 */
export function createAccountReaders({ title, programId, accounts }: Profile): AccountReaders {
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
  /** The check of one kind. The discriminator is two u32, so that no bigint is made for it. */
  const viewerOf = (name: AccountName): ((data: Uint8Array) => DataView) => {
    const { bytes, discriminator } = accounts[name];
    const magic = Buffer.from(discriminator, 'hex');
    const [first, second] = [magic.readUInt32BE(0), magic.readUInt32BE(4)];
    return (data) => {
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      if (data.length !== bytes || view.getUint32(0) !== first || view.getUint32(4) !== second)
        refuse(data, name);
      return view;
    };
  };
  const viewers = Object.fromEntries(
    (Object.keys(accounts) as AccountName[]).map((name) => [name, viewerOf(name)]),
  ) as Record<AccountName, (data: Uint8Array) => DataView>;
  const viewOf = (data: Uint8Array, name: AccountName): DataView => viewers[name](data);
  const viewUser = viewers.User;

  const { User: user, UserStats, SpotMarket, PerpMarket, State } = accounts;
  const { spots: spotsAt, perps: perp, status: statusAt, openOrders } = user.fields;
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
    // Unused position slots are left out, because their market index is stale. A slot that holds
    // only isolated-collateral bytes is kept: the program counts that slot as used and requires its
    // market among the accounts of the instruction.
    user(data) {
      const view = viewUser(data);
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
          // The balance counts only when the isolated flag is set. Before 2026 Drift v2 stored a
          // figure of liquidity providers at this offset, and stale bytes of it remain in real
          // accounts.
          isolated: isIsolated ? view.getBigUint64(at + isolatedAt, true) : null,
        });
      }
      const status = view.getUint8(statusAt);
      return {
        spots,
        perps,
        beingLiquidated: (status & 1) !== 0,
        bankrupt: (status & 2) !== 0,
        hasOpenOrders: view.getUint8(openOrders) !== 0,
      };
    },
    subAccountsCreated: (data) =>
      viewOf(data, 'UserStats').getUint16(UserStats.fields.subAccountsCreated, true),
    referrerRewards: (data) =>
      viewOf(data, 'UserStats').getBigUint64(UserStats.fields.referrerRewards, true),
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

/**
 * Base units of a deposit's token, rounded down as the program rounds. `scaledBalance` has 9
 * decimals, the interest index 10.
 */
export function depositTokens(scaledBalance: bigint, market: SpotMarket): bigint {
  return (scaledBalance * market.cumulativeDepositInterest) / 10n ** BigInt(19 - market.decimals);
}
