// Venue: the port to a perps program. The port reads the program's transactions and accounts, and
// builds the instructions that settle and withdraw. src/venue implements it.

import type { Chain, ChainAccount, Slice } from './chain-ports.ts';
import type { Coverage } from './coverage.ts';
import type { Fact } from './fact.ts';
import { Fault } from './fault.ts';
import type { SwapBracket, VenueMove } from './holdings.ts';
import type { Address, Slot } from './ids.ts';
import type { Effect } from './mandate.ts';
import type { VenueFunds } from './preflight.ts';
import type { AccountState } from './reckoning.ts';
import type { PaymentParts } from './signing-ports.ts';
import type { Token } from './token.ts';
import type { Call, ChainTransaction, ExecutedInstruction, Instruction } from './transaction.ts';
import type { Trouble, TroubleCode } from './trouble.ts';
import { DEFAULT_VENUE, type VenueName } from './venue-name.ts';
import type { Watched } from './watch-ports.ts';

/**
 * An account at the venue as one reading showed it: the markets that its instructions must name,
 * and the positions that are valued.
 */
export type SeenAccount = {
  readonly address: Address;
  /** The spot markets of its deposits and borrows. */
  readonly spotMarkets: readonly number[];
  /** Those among them that it borrows from, without the quote market. */
  readonly borrowed: readonly number[];
  /** Spot markets whose interest is booked before the withdrawal; none when left out. */
  readonly refresh?: readonly number[];
  readonly perps: readonly {
    readonly market: number;
    readonly base: bigint;
    readonly quote: bigint;
  }[];
};

/** The findings of a venue about one transaction. */
export type HeardAtVenue = {
  /** The facts about watched accounts at the venue. */
  readonly facts: readonly Fact[];
  /** The tokens that the venue moved for a subscriber's own account there. */
  readonly moved: readonly VenueMove[];
  /** By subscriber: the brackets of its swaps with the venue's tokens. */
  readonly swaps: ReadonlyMap<string, readonly SwapBracket[]>;
};

/** One venue: its addresses, layouts, instructions and error table. */
export type Venue = {
  readonly name: VenueName;
  /** The name in sentences for people. */
  readonly title: string;
  readonly programId: Address;
  /**
   * Names of the builds of the venue's program that this release was proven with, by their hash on
   * chain (`DeployedProgram.hash`).
   */
  readonly provenOn: ReadonlyMap<string, string>;
  /** The token in which the venue counts profit and is paid out. */
  readonly quote: Token;
  readonly quoteMint: Address;
  readonly quoteMarket: number;
  readonly quoteDecimals: number;
  /**
   * The code of the trouble that means: after this withdrawal too little collateral would be left.
   */
  readonly shortOfCollateral: TroubleCode;
  /** Codes of the troubles of a settlement that mean: this market has nothing to settle. */
  readonly nothingToSettle: readonly TroubleCode[];
  /** The name of a perp market; null when this release does not know it. */
  marketName(index: number): string | null;
  /** The PDA of a sub-account of this authority. */
  userAddress(authority: Address, subAccountId: number): Promise<Address>;
  /** Whether the venue has a market for tokens of this mint. */
  ofValue(mint: Address): boolean;
  /**
   * The findings about a transaction, without the wallets: core/hear.ts puts both together. A
   * transaction that failed did nothing at the venue.
   */
  hear(transaction: ChainTransaction, watched: ReadonlyMap<string, Watched>): HeardAtVenue;
  /**
   * Whether an address is one of the venue's accounts that derive from an agent. Their lamports
   * count as the agent's.
   */
  isOwnAccount(agent: Address, address: Address): boolean;
  /**
   * Whether an account that the venue made belongs to this wallet, also where another wallet paid
   * its rent. `calls` are those of the transaction that made the account.
   */
  isMadeFor(wallet: Address, account: Address, calls: readonly Call[]): boolean;
  /**
   * How much of a transaction this release understands, by program. Counts only calls that were
   * given an account of a subscriber.
   */
  cover(
    transaction: ChainTransaction,
    watched: ReadonlyMap<string, Watched>,
  ): ReadonlyMap<Address, Coverage>;
  /**
   * The bytes of an account that change whenever something relevant changes; null means all bytes.
   */
  pulseSlice(role: Watched['role']): Slice;
  /**
   * Whether value left an account between two of its pulses: the venue counts another withdrawal,
   * or the account is gone; a token account that the agent owned holds less, is gone with its
   * tokens, or has another owner. Never for a wallet, nor for a token account whose owner before
   * was not the agent. The pulse of an account that does not exist is ''.
   */
  leaves(
    role: Watched['role'],
    before: string,
    after: string,
    isAgent: (wallet: Address) => boolean,
  ): boolean;
  /**
   * The counters that an account's own state shows at a slot; null for a wallet, which keeps none.
   * A missing account (`account` null) has the blank state.
   */
  stateOf(role: Watched['role'], slot: Slot, account: ChainAccount | null): AccountState | null;
  /** The address of the quote token's market. */
  quoteMarketAddress(): Promise<Address>;
  /**
   * The worth of a scaled deposit in the quote token's market, in quote base units; null when the
   * market is missing or cannot be read.
   */
  quoteWorth(scaled: bigint, market: ChainAccount | null): bigint | null;
  /** The address of the account that counts an authority's sub-accounts. */
  statsAddress(authority: Address): Address;
  /** How many sub-accounts were ever created, by that account. */
  subAccountsCreated(account: ChainAccount | null): number;
  /**
   * The referral rewards that the authority ever got, by that account, in quote base units; null
   * when the account is missing.
   */
  referrerRewards(account: ChainAccount | null): bigint | null;
  /**
   * The present fee that a keeper is paid for triggering or cancelling the order of another
   * account, in quote base units.
   */
  flatFee(readAccounts: Chain['accounts']): Promise<bigint>;
  /**
   * The accounts that every payment out of the venue writes, and that trades of others write as
   * well: the quote market and its vault. They set the price for priority.
   */
  readonly contended: readonly Address[];
  /** The addresses of the venue's own lookup tables; empty when it has none. */
  readonly lookupTables: readonly Address[];
  /**
   * The accounts that a preflight must read beside the wallets: the account, its quote market, the
   * venue's state, and, with `authority`, the account that tells whether the venue has stopped that
   * wallet, where it has one.
   */
  preflightAccounts(driftUser: Address, authority?: Address): Promise<readonly Address[]>;
  /**
   * The account and the funds that can be drawn from it, from one reading of the accounts of
   * `preflightAccounts` in that order; null when one of the first three does not exist. Throws
   * `account_unreadable`.
   */
  read(
    driftUser: Address,
    accounts: readonly (ChainAccount | null)[],
  ): { readonly account: SeenAccount; readonly funds: VenueFunds } | null;
  /** Reads the account alone. Throws a RangeError when it does not exist. */
  account(driftUser: Address, readAccounts: Chain['accounts']): Promise<SeenAccount>;
  /**
   * The same funds, with the unrealised loss of the account's open positions deducted at the last
   * price that their markets saw.
   */
  valued(
    account: SeenAccount,
    funds: VenueFunds,
    readAccounts: Chain['accounts'],
  ): Promise<VenueFunds>;
  /**
   * The last prices that these perp markets saw, by market index, in PRICE precision (1e6). A
   * market that does not exist is left out.
   */
  perpPrices(
    markets: readonly number[],
    readAccounts: Chain['accounts'],
  ): Promise<ReadonlyMap<number, bigint>>;
  /**
   * Loads the modules that `instructions` needs, which takes 0.1 s of CPU for Drift v2. Without
   * this call they are loaded by the first payment of the process, and every answer of the API
   * waits meanwhile.
   */
  prepare(): Promise<void>;
  /**
   * The instructions of a payment out of this account: one settle instruction for each of its
   * markets, in their order, then the withdrawal when something is withdrawn. The oracles of
   * markets are read once and remembered until `forgetOracles`.
   */
  instructions(
    parts: PaymentParts,
    account: SeenAccount,
    readAccounts: Chain['accounts'],
  ): Promise<Instruction[]>;
  /**
   * Forgets the oracles of markets. To be called when the program refused accounts that
   * instructions named: the venue may have moved an oracle.
   */
  forgetOracles(): void;
  /**
   * The account of a refused payment as the payment is to be built again: with the interest of the
   * borrowed markets booked first, because the venue refused to value them by an old rate. Null
   * when this trouble is another one, or the interest was booked already.
   */
  refreshed(trouble: Trouble, account: SeenAccount): SeenAccount | null;
  /** The effect of one instruction when it is the venue's; otherwise null. */
  inspect(instruction: Instruction | ExecutedInstruction): Effect | null;
  /**
   * The trouble that an error on chain means, given the programs of the transaction's top-level
   * instructions. The logs tell which program an instruction passes an error on from; they may be
   * missing.
   */
  trouble(error: unknown, programs: readonly Address[], logs: readonly string[]): Trouble;
};

/** The venues that a daemon serves, in the order of the settings. */
export type Venues = {
  readonly all: readonly Venue[];
  /** The venue of that name, the default one when left out. Throws `venue_not_served`. */
  of(name: VenueName | undefined): Venue;
  /** The venue that is meant where a caller names none: the default one, else the first served. */
  readonly usual: Venue;
};

/** Puts venues together. */
export function venuesOf(all: readonly [Venue, ...Venue[]]): Venues {
  return {
    all,
    of(name = DEFAULT_VENUE) {
      const found = all.find((each) => each.name === name);
      if (found === undefined)
        throw new Fault(
          'venue_not_served',
          `This daemon does not serve ${name}, only ${all.map((each) => each.name).join(', ')}. BAILIFF_VENUES names the venues.`,
        );
      return found;
    },
    usual: all.find((each) => each.name === DEFAULT_VENUE) ?? all[0],
  };
}

/** The name of a venue's perp market; null when this daemon or this release does not know it. */
export const marketNameAt = (
  { all }: Venues,
  { venue, market }: { readonly venue: VenueName; readonly market: number },
): string | null => all.find((each) => each.name === venue)?.marketName(market) ?? null;

/** The venue that reads a watched account. Wallets and token accounts look alike at every venue. */
export const venueOf = (venues: Venues, { role, venue }: Pick<Watched, 'role' | 'venue'>): Venue =>
  role === 'drift_user' ? venues.of(venue) : venues.usual;
