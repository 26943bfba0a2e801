// Venue: the port to a perps program: what its transactions did, what its accounts hold, and which
// instructions settle and withdraw. src/venue implements it.
import type { Coverage } from './coverage.ts';
import type { Fact } from './fact.ts';
import type { Watched } from './hearing-ports.ts';
import type { Address, Slot } from './ids.ts';
import type { Chain, ChainAccount, PaymentParts, Slice } from './outside.ts';
import type { Trouble } from './payment.ts';
import type { VenueFunds } from './plan.ts';
import type { Act } from './policy.ts';
import type { AccountState } from './reckoning.ts';
import type { ChainTransaction, ExecutedInstruction, Instruction } from './transaction.ts';

/**
 * One venue's facts: addresses, layouts, instructions, error table. The successor of Drift v2 is
 * another of these.
 */
export type Venue = {
  readonly name: string;
  readonly programId: Address;
  /**
   * Names of the builds of its program that this profile was proven on, by their hash on chain
   * (`DeployedProgram.hash`).
   */
  readonly provenOn: ReadonlyMap<string, string>;
  readonly quoteMint: Address;
  readonly quoteMarket: number;
  readonly quoteDecimals: number;
  /** The code of the trouble that says: what would be left is too little collateral. */
  readonly shortOfCollateral: string;
  /** Codes of a settlement that says: this market has nothing to bring. */
  readonly nothingToSettle: readonly string[];
  /** The PDA of a sub-account. */
  userAddress(authority: Address, subAccountId: number): Promise<Address>;
  /** Whether the venue has a market of this mint. */
  ofValue(mint: Address): boolean;
  /** The facts of a transaction for watched accounts. */
  hear(transaction: ChainTransaction, watched: ReadonlyMap<string, Watched>): Fact[];
  /**
   * How much of a transaction is understood, by program, of the calls that were given an account of
   * a subscriber.
   */
  cover(
    transaction: ChainTransaction,
    watched: ReadonlyMap<string, Watched>,
  ): ReadonlyMap<Address, Coverage>;
  /** The part of an account that changes whenever anything that matters does; null is all of it. */
  pulseSlice(role: Watched['role']): Slice;
  /**
   * What an account's own state says of its history. Null for a wallet, which keeps no counters.
   */
  stateOf(role: Watched['role'], slot: Slot, account: ChainAccount | null): AccountState | null;
  /**
   * The quote token's market, and what a scaled deposit of it is worth by its bytes, in quote base
   * units; null for none.
   */
  quoteMarketAddress(): Promise<Address>;
  quoteWorth(scaled: bigint, market: ChainAccount | null): bigint | null;
  /**
   * The account that counts an authority's sub-accounts, and how many it says were ever created.
   */
  statsAddress(authority: Address): Address;
  subAccountsCreated(account: ChainAccount | null): number;
  /**
   * What a keeper is paid for triggering or cancelling somebody's order, as it is in force now.
   * Quote base units.
   */
  flatFee(readAccounts: Chain['accounts']): Promise<bigint>;
  /** The venue's own lookup tables, where it has some. */
  readonly lookupTables: readonly Address[];
  /** Accounts a preflight must read beside the wallets. */
  preflightAccounts(driftUser: Address): Promise<readonly Address[]>;
  /** What can be drawn from the venue, out of the accounts just named, in that order. */
  funds(driftUser: Address, accounts: readonly (ChainAccount | null)[]): VenueFunds | null;
  /**
   * The same funds, where open positions count with the loss that is not realised yet, at the price
   * that their markets saw last. `funds` must have been called for the account just before.
   */
  valued(
    driftUser: Address,
    funds: VenueFunds,
    readAccounts: Chain['accounts'],
  ): Promise<VenueFunds>;
  /**
   * The instructions of a payment: one settle instruction for each of its markets, in their order,
   * then the withdrawal; none when nothing is withdrawn. The account is read anew only if it is
   * forgotten.
   */
  instructions(parts: PaymentParts, readAccounts: Chain['accounts']): Promise<Instruction[]>;
  /**
   * The account's positions may have changed: the next instructions are built from a new reading.
   */
  forget(driftUser: Address): void;
  /** What one instruction does, when it is the venue's. */
  inspect(instruction: Instruction | ExecutedInstruction): Act | null;
  /**
   * The class of an on-chain error, given the programs of the transaction's top-level instructions.
   */
  trouble(error: unknown, programs: readonly Address[], logs: readonly string[]): Trouble;
};
