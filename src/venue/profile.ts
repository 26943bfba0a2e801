// Profile: one venue as data. Every difference between Drift v2 and Velocity stands in their two
// profiles (`drift-v2/`, `velocity/`). The other files of this folder are shared by both and read
// the profile.
import type { Address } from '../core/ids.ts';
import type { VenueName } from '../core/venue-name.ts';
import type { Layout } from './codec.ts';
import type { ErrorRow } from './error-rows.ts';

/**
 * Offsets of the fields of a User, counted from the first byte of the account, its discriminator
 * included.
 */
export type UserLayout = {
  readonly delegate: number;
  /**
   * Spot positions have 40 bytes each at every venue of this family. The first is always the quote
   * market's.
   */
  readonly spots: number;
  readonly perps: {
    readonly at: number;
    readonly end: number;
    readonly stride: number;
    /**
     * Offsets within a position. Base, quote and entry stand at 8, 16 and 32 at every venue of this
     * family.
     */
    readonly isolated: number;
    readonly market: number;
    readonly openOrders: number;
    readonly flags: number;
  };
  readonly totalDeposits: number;
  readonly totalWithdraws: number;
  readonly settledPerpPnl: number;
  readonly perpFunding: number;
  readonly status: number;
  readonly openOrders: number;
  /** The slice of the account that changes whenever a counter or the status changes. */
  readonly pulse: { readonly offset: number; readonly length: number };
};
export type SpotMarketLayout = {
  readonly oracle: number;
  readonly mint: number;
  readonly cumulativeDepositInterest: number;
  readonly decimals: number;
  readonly index: number;
  readonly status: number;
  readonly paused: number;
  /** The number of statuses that the program has, counted from 0. */
  readonly statuses: number;
  /** Statuses in which the program allows withdrawals. */
  readonly withdrawStatuses: readonly number[];
  /** The bit of the market's `paused_operations` that stops withdrawals. */
  readonly withdrawPausedBit: number;
};
export type PerpMarketLayout = {
  readonly oracle: number;
  /** The oracle price at the market's last update, in PRICE precision (1e6). */
  readonly lastOraclePrice: number;
};
export type StateLayout = { readonly exchangeStatus: number; readonly flatFillerFee: number };
export type UserStatsLayout = {
  readonly subAccountsCreated: number;
  /** The sum of the referral rewards that the authority ever got, in quote base units. */
  readonly referrerRewards: number;
  /**
   * The byte that says whether the venue has stopped every withdrawal of this authority; null where
   * the program has no such byte.
   */
  readonly equityBreaker: number | null;
};

/**
 * The layout of one kind of account. `bytes` is its exact length, discriminator included; an
 * account of any other length is refused. `refused` names lengths that are known but not proven,
 * each with a description for the error.
 */
export type AccountKind<Fields> = {
  readonly discriminator: string;
  readonly bytes: number;
  readonly fields: Fields;
  readonly refused?: Readonly<Record<number, string>>;
};
export type AccountKinds = {
  readonly User: AccountKind<UserLayout>;
  readonly UserStats: AccountKind<UserStatsLayout>;
  readonly SpotMarket: AccountKind<SpotMarketLayout>;
  readonly PerpMarket: AccountKind<PerpMarketLayout>;
  readonly State: AccountKind<StateLayout>;
};

/** Indexes of the accounts that Bailiff reads in an instruction that moves value or control. */
export type CallPlaces =
  | {
      readonly call: 'withdraw' | 'isolated_withdraw' | 'deposit' | 'isolated_deposit';
      readonly user: number;
      readonly vault: number;
      readonly token: number;
    }
  | {
      readonly call: 'transfer_deposit' | 'transfer_pools' | 'transfer_deposit_by_delegate';
      readonly user: number;
      readonly to: number;
    }
  | {
      readonly call: 'begin_swap' | 'end_swap';
      readonly user: number;
      readonly signer: number;
      readonly vaults: readonly number[];
      readonly tokens: readonly number[];
    }
  | { readonly call: 'initialize_user'; readonly user: number; readonly authority: number }
  | {
      readonly call: 'change_approved_builder' | 'update_user_allow_delegate_transfer';
      readonly authority: number;
    }
  | {
      readonly call:
        | 'isolated_transfer'
        | 'liquidate_perp_with_fill'
        | 'delete_user'
        | 'force_cancel_orders'
        | 'force_delete_user'
        | 'update_user_delegate'
        | 'update_user_margin_trading_enabled'
        | 'update_user_pool_id'
        | 'update_user_equity_floor'
        | 'trip_equity_floor_breaker'
        | 'special_transfer_perp_position_to_vamm'
        | 'add_perp_lp_shares'
        | 'remove_perp_lp_shares'
        | 'remove_perp_lp_shares_in_expiring_market'
        | 'settle_lp'
        | 'update_special_user_status';
      readonly user: number;
    };

/**
 * A field of `liquidatePerp` in a LiquidationRecord that liquidate_perp_with_fill charges in
 * addition to the fees of its fills.
 */
export type LiquidationFee = 'ifFee' | 'protocolFee';

export type Profile = {
  /** The name in settings and records. */
  readonly name: VenueName;
  /** The name in sentences for people. */
  readonly title: string;
  readonly programId: Address;
  /** Seeds of the two accounts whose seeds differ between the venues. */
  readonly seeds: { readonly state: string; readonly signer: string };
  /**
   * The token in which profit is counted and paid: its mint, symbol, decimals, and spot market
   * index.
   */
  readonly quote: {
    readonly mint: Address;
    readonly symbol: string;
    readonly decimals: number;
    readonly market: number;
  };
  /** Decimals of the spot markets, by market index. A market that is not listed is unknown. */
  readonly spotDecimals: readonly number[];
  /**
   * Mints of the spot markets. Only these tokens and SOL count as value that could have paid a
   * debt.
   */
  readonly marketMints: ReadonlySet<string>;
  /** The names of the perp markets, by market index. */
  readonly perpNames: readonly string[];
  /** The venue's own lookup tables, which hold its markets, oracles, vaults, mints and programs. */
  readonly lookupTables: readonly Address[];
  readonly accounts: AccountKinds;
  /** Layouts of the records that are decoded, by the name of their event. */
  readonly records: RecordTables;
  /**
   * All instructions of the venue, by discriminator in hex. An instruction that is not listed is
   * newer than this release.
   */
  readonly instructions: ReadonlySet<string>;
  /** The instructions among them that move value or control, with the indexes of their accounts. */
  readonly calls: Readonly<Record<string, CallPlaces>>;
  /** Bits of the State's `exchange_status`. */
  readonly paused: { readonly withdraw: number; readonly settlePnl: number };
  readonly liquidationFees: readonly LiquidationFee[];
  readonly errors: ReadonlyMap<number, ErrorRow>;
  /**
   * The number of the error that means: book the interest of a borrowed market first. Null where
   * the program has no such error.
   */
  readonly staleInterest: number | null;
  /**
   * The names of the programs that the profile was proven on, by their hash on chain: SHA-256 of
   * the bytes without the zeros at the end.
   */
  readonly provenOn: ReadonlyMap<string, string>;
};
export type RecordTables = {
  readonly DepositRecord: Layout;
  readonly OrderActionRecord: Layout;
  readonly FundingPaymentRecord: Layout;
  readonly LiquidationRecord: Layout;
  readonly SwapRecord: Layout;
  /** A settlement of shares of an AMM; absent at a venue whose accounts never held any. */
  readonly LPRecord?: Layout;
  /** Absent at a venue that writes the fill of every position which an expired market closes. */
  readonly SettlePnlRecord?: Layout;
};
