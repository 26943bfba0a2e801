// Nonce ports: the port to the nonce accounts in the ledger, and the port to their bytes on chain.
import type { ChainAccount } from './chain-ports.ts';
import type { Address, Signature, Slot } from './ids.ts';
import type { Lamports } from './money.ts';
import type { NonceReading, NonceValue } from './nonce.ts';
import type { AskedNonce, NonceAccount, NotedValue } from './nonce-account.ts';
import type { Instruction } from './transaction.ts';

/** Stores the nonce accounts of subscribers. core/nonce-account.ts decides each change. */
export type NonceBook = {
  /** The nonce account of a subscriber that is not closed; null when none is on record. */
  of(subscriberId: string): Promise<NonceAccount | null>;
  /** Lists the accounts that are not closed, in the order of their subscribers. */
  list(page: { limit: number; after?: string }): Promise<NonceAccount[]>;
  /**
   * Records that the creation of an account is about to be sent. False when one was sent within the
   * last `againAfterMs`, or another account is on record.
   */
  asked(nonce: AskedNonce, againAfterMs: number): Promise<boolean>;
  /**
   * Notes a value. False when another one than `from` is noted by now. Rejects when the noted value
   * is of a later slot.
   */
  note(subscriberId: string, from: NonceValue | null, to: NotedValue): Promise<boolean>;
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
  /** Records that a finalized read showed no account. False when that is on record. */
  closed(subscriberId: string): Promise<boolean>;
  /** The accounts of subscribers who have left that are not closed, in the order of their ids. */
  left(page: { limit: number; after?: string }): Promise<NonceAccount[]>;
  /** How many accounts are not closed, how many of these are being closed, and their rents. */
  sums(): Promise<{ readonly open: number; readonly closing: number; readonly rent: Lamports }>;
};

/** Addresses, bytes and instructions of nonce accounts. No node is asked. */
export type Nonces = {
  /** The address of a subscriber's nonce account under this authority. */
  address(authority: Address, subscriberId: string): Address;
  /** The nonce of this authority that the account shows, or why it shows none. */
  read(account: ChainAccount | null, authority: Address): NonceReading;
  /** The first instruction of every transaction under the nonce. */
  advance(account: Address, authority: Address): Instruction;
  /** The value that a nonce takes when it is moved in the block after one with this blockhash. */
  after(blockhash: string): NonceValue;
};
