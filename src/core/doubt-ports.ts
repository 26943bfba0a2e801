// Doubt ports: the port to lasting doubts: transactions that no node returns, calls that this
// release does not know, and accounts that are not followed.
import type { Coverage } from './coverage.ts';
import type { Address, Signature, Slot } from './ids.ts';
import type { Watched } from './watch-ports.ts';

/**
 * A transaction that a finalized history names and that no node returns, and an account that it
 * touches.
 */
export type Unreadable = Watched & { readonly signature: Signature; readonly slot: Slot };
export type UnreadBook = {
  /** The transactions that cast doubt on an account, of this role or of any, oldest first. */
  list(
    nowMs: number,
    limit: number,
    role?: Watched['role'],
  ): Promise<(Unreadable & { readonly sinceMs: number })[]>;
  /** Ends the doubt, because balances show that nothing of this account is missing. */
  end(unreadable: Pick<Unreadable, 'signature' | 'address'>): Promise<void>;
  /**
   * Accepts a transaction on behalf of a person. Returns the affected subscribers; null when no
   * transaction with this signature waits to be read.
   */
  accept(signature: Signature): Promise<string[] | null>;
};

/**
 * A token account that should be followed and is not, because its owner has too many; or the
 * account that counts sub-accounts, for sub-accounts that are not followed.
 */
export type Unfollowed = {
  readonly address: Address;
  readonly subscriberId: string;
  /**
   * The slot before the first transaction that named the account, from which the account is
   * followed once there is room.
   */
  readonly fromSlot: Slot;
  /** The slot of the last transaction that named it. Earlier answers of a node say nothing. */
  readonly namedSlot: Slot;
  readonly sinceMs: number;
};
export type UnfollowedAccounts = {
  /**
   * Lists an account. False when it is listed already: it keeps its time, the lesser `fromSlot` and
   * the greater `namedSlot`.
   */
  add(account: Omit<Unfollowed, 'sinceMs'>, nowMs: number): Promise<boolean>;
  /** Those of these accounts that are listed. */
  find(addresses: readonly Address[]): Promise<Unfollowed[]>;
  /** Lists them, oldest first, of subscribers who have not left. */
  list(limit: number): Promise<Unfollowed[]>;
  /** Lists the same accounts by address: those after this address, or from the first one on. */
  next(limit: number, after: Address | null): Promise<Unfollowed[]>;
  /**
   * Removes an account that a node showed as gone in this slot, or that a person accepted (null).
   * False when it is not listed, or was named in a later slot. An account that is followed is
   * removed by `WatchList.adopt`.
   */
  remove(address: Address, shownIn: Slot | null): Promise<boolean>;
};

/**
 * A call that this release does not know, and that the state of its account has not explained yet.
 */
export type UnexplainedCall = {
  readonly address: Address;
  readonly subscriberId: string;
  readonly signature: Signature;
  readonly slot: Slot;
  readonly program: Address;
  readonly sinceMs: number;
};
export type CoverageBook = {
  /** Adds to the counts of programs. */
  add(rows: readonly (Coverage & { readonly program: Address })[]): Promise<void>;
  /** The counts since the ledger began, by program, those with most unknown calls first. */
  totals(): Promise<(Coverage & { readonly program: Address })[]>;
  /**
   * The calls that are not explained. A call is explained once its account was checked at a
   * finalized slot after it, or a person accepted the state.
   */
  unexplained(): Promise<UnexplainedCall[]>;
};
