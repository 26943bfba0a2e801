// Doubt ports: what the ledger keeps of doubts that last: transactions that no node gives, and token accounts that are not followed.
import type { Watched } from './hearing-ports.ts';
import type { Address, Signature, Slot } from './ids.ts';

/** A transaction that a finalized history names and that no node gives, and an account that it touches. */
export type Unreadable = Watched & { readonly signature: Signature; readonly slot: Slot };
export type UnreadBook = {
  /** Those that raise a doubt; oldest first. */
  list(nowMs: number, limit: number): Promise<(Unreadable & { readonly sinceMs: number })[]>;
  /** Balances show that nothing of this account is missing. */
  end(unreadable: Pick<Unreadable, 'signature' | 'address'>): Promise<void>;
  /** A person has looked. Returns whose it was; null when nothing waits to be read under this signature. */
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
