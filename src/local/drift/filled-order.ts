// Filled order: an order while it is filled, with its accounts and the data of its market.
import type { Struct } from './layout.ts';

/** An account with its counter. */
export type Paid = { readonly user: Struct; readonly stats: Struct };

export type Account = { readonly key: string; readonly user: Struct };

export type Filling = {
  readonly taker: Account;
  readonly stats: Struct;
  /** The account that referred the taker. */
  readonly referrer: Referrer | null;
  readonly order: Struct;
  readonly market: Struct;
  readonly state: Struct;
  /** The worst price that the order takes; null for any. */
  readonly limit: bigint | null;
  readonly oracle: bigint;
  /** The AMM's price before the order was filled. */
  readonly reserve: bigint;
  /** Whether prices may be computed from the oracle's price. */
  readonly oracleUsable: boolean;
  /** Whether the AMM fills orders now. */
  readonly ammOpen: boolean;
  /** Whether the order closes a position of an account that is being liquidated. */
  readonly liquidating?: boolean;
  /**
   * The filler that the record names, and the account that is paid: null when the filler is one of
   * the taker's own accounts or a maker. A maker who fills is paid for the part that the AMM takes.
   */
  readonly filler: {
    readonly key: string;
    readonly paid: Paid | null;
    readonly maker: Paid | null;
  };
};

export type Referrer = { readonly user: Struct; readonly stats: Struct };
