// Nonce ports: the port to what the ledger knows of nonce accounts, and the port to their bytes.
import type { ChainAccount } from './chain-ports.ts';
import type { Address, Signature, Slot } from './ids.ts';
import type { Lamports } from './money.ts';
import type { NonceReading, NonceValue } from './nonce.ts';
import type { Instruction } from './transaction.ts';

/** The nonce account of a subscriber, as the ledger knows it. */
export type NonceAccount = {
  readonly subscriberId: string;
  readonly account: Address;
  readonly authority: Address;
  /** Lamports that the account was created with. */
  readonly rent: Lamports;
  /**
   * The value up to which every move of the nonce is explained, and a slot in which the account
   * held it; null before the first reading.
   */
  readonly noted: { readonly value: NonceValue; readonly slot: Slot } | null;
  /** The closing of the account was sent: nothing is signed under it any more. */
  readonly closing: boolean;
};

/** Stores the nonce accounts of subscribers that are not closed. */
export type NonceBook = {
  /** The nonce account of a subscriber; null when none is on record. */
  of(subscriberId: string): Promise<NonceAccount | null>;
  /** Lists the accounts on record, in the order of their subscribers. */
  list(page: { limit: number; after?: string }): Promise<NonceAccount[]>;
  /**
   * Records that the creation of an account is about to be sent. False when one was sent within the
   * last `againAfterMs`, or another account is on record.
   */
  asked(nonce: Omit<NonceAccount, 'noted' | 'closing'>, againAfterMs: number): Promise<boolean>;
  /** Notes a value, unless another one was noted since `from`. */
  note(
    subscriberId: string,
    from: NonceValue | null,
    to: { readonly value: NonceValue; readonly slot: Slot },
  ): Promise<boolean>;
  /**
   * The transaction of this ledger that a finalized block executed under a value: a payment that
   * landed or failed, or a cancellation. Null when the ledger knows none.
   */
  moverOf(
    account: Address,
    value: NonceValue,
  ): Promise<{ readonly signature: Signature; readonly slot: Slot } | null>;
  /**
   * Records that the closing of the account is about to be sent. False when one was sent within the
   * last `againAfterMs`, or a payment of the subscriber has not ended.
   */
  closing(subscriberId: string, againAfterMs: number): Promise<boolean>;
  /** Records that a finalized read showed no account. */
  closed(subscriberId: string): Promise<boolean>;
  /**
   * The accounts of subscribers who have left, in the order of their ids, without those whose
   * creation may still land: it was sent within the last `openingMs`.
   */
  left(page: { limit: number; after?: string }, openingMs: number): Promise<NonceAccount[]>;
  /** How many accounts are not closed, how many of these are being closed, and their rents. */
  sums(): Promise<{ readonly open: number; readonly closing: number; readonly rent: Lamports }>;
};

/** Addresses, bytes and instructions of nonce accounts. No node is asked. */
export type Nonces = {
  /** The address of a subscriber's nonce account under this authority. */
  address(authority: Address, subscriberId: string): Address;
  /** What the account shows as the nonce of this authority. */
  read(account: ChainAccount | null, authority: Address): NonceReading;
  /** The first instruction of every transaction under the nonce. */
  advance(account: Address, authority: Address): Instruction;
  /** The value that a nonce takes when it is moved in the block after one with this blockhash. */
  after(blockhash: string): NonceValue;
};
