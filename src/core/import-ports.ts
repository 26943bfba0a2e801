// Import ports: the port through which imported rows are written: several subscribers with all
// their rows in one transaction.

import type { HeldAtStart } from './held.ts';
import type { Address, Slot } from './ids.ts';
import type { Lined, RowOf, RowProblem } from './import-rows.ts';
import type { BaseUnits } from './money.ts';
import type { Terms } from './terms.ts';
import type { Token } from './token.ts';
import type { VenueName } from './venue-name.ts';

export type PreparedSubscriber = {
  readonly line: number;
  /** The row without its secret key, which is sealed. */
  readonly row: Omit<RowOf<'subscriber'>, 'agentSecretKey'>;
  readonly agentWallet: Address;
  readonly agentTokenAccount: Address;
  readonly accounts: readonly {
    readonly address: Address;
    readonly subAccountId: number;
    readonly venue: VenueName;
  }[];
  readonly sealedKey: Uint8Array | null;
  /** The slot from which the history of new accounts counts. */
  readonly fromSlot: Slot;
};
export type PreparedSubscription = Lined<'subscription'> & {
  readonly account: Address;
  readonly terms: Terms;
  readonly held: HeldAtStart;
  readonly booksFrom: Slot;
  readonly deficit: bigint;
};
export type PreparedDebt = Lined<'debt'>;
/** The rows of one subscriber, with what the chain says about them. */
export type Prepared = {
  readonly subscriberId: string;
  readonly subscriber: PreparedSubscriber | null;
  readonly subscriptions: readonly PreparedSubscription[];
  readonly debts: readonly PreparedDebt[];
  /** The slot from which its debts are owed here. */
  readonly slot: Slot;
};
/** A sum that is owed to a creator in one token. */
export type OwedTo = {
  readonly creatorWallet: Address;
  readonly token: Token;
  readonly amount: BaseUnits;
};
/** The outcome of a row. `known`: the ledger had exactly this row already. */
export type RowOutcome = {
  readonly line: number;
  readonly outcome: 'new' | 'known' | { readonly problem: string };
  /** The creator and the amount of a new debt; absent for every other row. */
  readonly owed?: OwedTo;
};
export type Imports = {
  /**
   * Writes the rows in one transaction; with `dry` the transaction is rolled back. A row that
   * contradicts the ledger, or belongs to a row that was refused, is refused alone.
   */
  apply(prepared: readonly Prepared[], dry: boolean): Promise<RowOutcome[]>;
  /** Whether `apply` failed because of a row, and not because Postgres or a connection did. */
  isOfRow(thrown: unknown): boolean;
  /** A sub-account of a registered subscriber; null when there is none. */
  accountOf(subscriberId: string, venue: VenueName, subAccountId: number): Promise<Address | null>;
};

/** A position that was open at the import. */
export type OpenPosition = {
  readonly line: number;
  readonly subscription: string;
  readonly market: number;
  readonly marketName: string | null;
  /** In 1e9; negative when short. */
  readonly base: bigint;
  /** Base units of `token` that were paid, or received when short; null when it is not known. */
  readonly entry: bigint | null;
  /** The quote token of the venue. */
  readonly token: Token;
  readonly charged: boolean;
};
export type ImportCounts = {
  readonly added: number;
  readonly known: number;
  readonly refused: number;
};
export type ImportReport = {
  readonly dryRun: boolean;
  readonly rows: number;
  readonly subscribers: ImportCounts;
  readonly subscriptions: ImportCounts;
  readonly debts: ImportCounts;
  /** The sums of the new debts by token and creator, of each token the largest first. */
  readonly owed: readonly OwedTo[];
  readonly open: readonly OpenPosition[];
  readonly refused: readonly RowProblem[];
};
