// Profile: what one venue is, as data. Everything that differs between Drift v2 and Velocity stands
// in the two profiles (`drift-v2/`, `velocity/`); the rest of this floor is written once and reads
// it there.
import type { Address } from '../core/ids.ts';
import type { Layout } from './codec.ts';
import type { ErrorRow } from './error-rows.ts';

/**
 * Where the fields of a User stand. Offsets count from the account's first byte, its discriminator
 * included.
 */
export type UserLayout = {
  readonly delegate: number;
  /**
   * Spot positions are 40 bytes each on every venue of this family; the first is always the quote
   * market's.
   */
  readonly spots: number;
  readonly perps: {
    readonly at: number;
    readonly end: number;
    readonly stride: number;
    /**
     * Offsets within a position; base, quote and entry stand at 8, 16 and 32 on every venue of this
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
  readonly subAccountId: number;
  readonly status: number;
  readonly openOrders: number;
  /** The part that changes whenever a counter or the status does. */
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
  /** How many statuses the program has, from 0 on. */
  readonly statuses: number;
  /** Statuses in which the program lets tokens be withdrawn. */
  readonly withdrawStatuses: readonly number[];
  /** The bit of the market's paused operations that stops withdrawals. */
  readonly withdrawPausedBit: number;
};
export type PerpMarketLayout = {
  readonly oracle: number;
  /** The oracle price that the market saw last, PRICE precision (1e6). */
  readonly lastOraclePrice: number;
};
export type StateLayout = { readonly exchangeStatus: number; readonly flatFillerFee: number };
export type UserStatsLayout = {
  readonly subAccountsCreated: number;
  /**
   * Whether the venue has stopped every withdrawal of this authority; null where there is no such
   * switch.
   */
  readonly equityBreaker: number | null;
};

/**
 * The layouts of one kind of account. `bytes` is its exact length, discriminator included; an
 * account of any other length is refused. `refused` names lengths that are recognised and not
 * proven, each with what they are.
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

/** Places of the accounts of an instruction that moves value or control. */
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
        | 'trip_equity_floor_breaker';
      readonly user: number;
    };

/**
 * A part of `liquidatePerp` of a LiquidationRecord that is charged beside the fills of
 * `liquidate_perp_with_fill`.
 */
export type LiquidationFee = 'ifFee' | 'protocolFee';

export type Profile = {
  /** As settings and records name it. */
  readonly name: 'drift-v2' | 'velocity';
  /** As people call it. */
  readonly title: string;
  readonly programId: Address;
  /** Seeds of the two accounts that are named otherwise at each venue. */
  readonly seeds: { readonly state: string; readonly signer: string };
  /**
   * The token that profit is counted and paid in: its mint, what people call it, and its spot
   * market.
   */
  readonly quote: {
    readonly mint: Address;
    readonly symbol: string;
    readonly decimals: number;
    readonly market: number;
  };
  /** Decimals of the spot markets, by index. A market that is not here is unknown. */
  readonly spotDecimals: readonly number[];
  /** Mints of the spot markets. Only these, and SOL, are worth anything to a debt. */
  readonly marketMints: ReadonlySet<string>;
  /** The venue's own lookup tables, with its markets, oracles, vaults, mints and programs. */
  readonly lookupTables: readonly Address[];
  readonly accounts: AccountKinds;
  /** Layouts of the records that are read, by the name of their event. */
  readonly records: RecordTables;
  /**
   * Every instruction that the venue has, by discriminator in hex. One that is not here is newer
   * than this release.
   */
  readonly instructions: ReadonlySet<string>;
  /** Those of them that move value or control, with the places of their accounts. */
  readonly calls: Readonly<Record<string, CallPlaces>>;
  /** Bits of the State's exchange_status. */
  readonly paused: { readonly withdraw: number; readonly settlePnl: number };
  readonly liquidationFees: readonly LiquidationFee[];
  readonly errors: ReadonlyMap<number, ErrorRow>;
  /**
   * Names of the programs that the profile was proven on, by their hash on chain: sha256 without
   * the zeros behind them.
   */
  readonly provenOn: ReadonlyMap<string, string>;
};
export type RecordTables = {
  readonly DepositRecord: Layout;
  readonly OrderActionRecord: Layout;
  readonly FundingPaymentRecord: Layout;
  readonly LiquidationRecord: Layout;
  readonly SwapRecord: Layout;
};
