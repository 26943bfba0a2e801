// Doubt ports: what the ledger keeps of doubts that last: transactions that no node gives, calls
// that nobody knows, and token accounts that are not followed.
import type { Coverage } from './coverage.ts';
import type { Watched } from './hearing-ports.ts';
import type { Address, Signature, Slot } from './ids.ts';

/**
 * A transaction that a finalized history names and that no node gives, and an account that it
 * touches.
 */
export type Unreadable = Watched & { readonly signature: Signature; readonly slot: Slot };
export type UnreadBook = {
  /** Those that raise a doubt; oldest first. */
  list(nowMs: number, limit: number): Promise<(Unreadable & { readonly sinceMs: number })[]>;
  /** Balances show that nothing of this account is missing. */
  end(unreadable: Pick<Unreadable, 'signature' | 'address'>): Promise<void>;
  /**
   * A person has looked. Returns whose it was; null when nothing waits to be read under this
   * signature.
   */
  accept(signature: Signature): Promise<string[] | null>;
};

/** A token account that would have to be followed, and is not, because its owner has too many. */
export type Unfollowed = {
  readonly address: Address;
  readonly subscriberId: string;
  readonly fromSlot: Slot;
  readonly sinceMs: number;
};
export type UnfollowedAccounts = {
  add(account: Omit<Unfollowed, 'sinceMs'>, nowMs: number): Promise<void>;
  /** Oldest first, of subscribers who have not left. */
  list(limit: number): Promise<Unfollowed[]>;
  /** It is followed now, is no more, or a person accepts it. False when it was not among them. */
  remove(address: Address): Promise<boolean>;
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
  /** Since the ledger began, by program, those with most unknown calls first. */
  totals(): Promise<(Coverage & { readonly program: Address })[]>;
  /**
   * Explained is a call once its account was checked at a finalized slot after it, or a person took
   * the state for right.
   */
  unexplained(): Promise<UnexplainedCall[]>;
};
