// Chain ports: the ports to Solana: reads and sends over RPC, account subscriptions, and the prices
// of the network.

import type { DeathEvidence } from './death.ts';
import type { Commitment } from './fact.ts';
import type { Address, Signature, Slot } from './ids.ts';
import type { Lamports } from './money.ts';
import type { Look } from './payment.ts';
import type { SignedBytes } from './signed-bytes.ts';
import type { LookupTable } from './signing-ports.ts';
import type { ChainTransaction, Instruction } from './transaction.ts';

export type ChainAccount = {
  readonly lamports: Lamports;
  readonly owner: Address;
  readonly data: Uint8Array;
};
export type Simulated = {
  readonly error: unknown;
  readonly units: number;
  readonly logs: readonly string[];
  /** The programs of the top-level instructions, in order. */
  readonly programs: readonly Address[];
  /** The requested accounts as they would be after the transaction. */
  readonly accounts: readonly (ChainAccount | null)[];
  /**
   * The lookup tables without which the transaction would not fit one packet. The transaction is
   * signed with the same tables.
   */
  readonly tables: readonly LookupTable[];
  readonly blockhash: string;
  readonly lastValidBlockHeight: number;
  readonly slot: Slot;
};
/** A part of an account's data. */
export type Slice = { readonly offset: number; readonly length: number };
export type SignatureRow = {
  readonly signature: Signature;
  readonly slot: Slot;
  readonly blockIndex: number | null;
  readonly memo: string | null;
  /** The transaction was executed with an error and changed nothing. */
  readonly failed: boolean;
  /** The history goes on after this row. Slots before this row's are complete. */
  readonly goesOn?: true;
};

/**
 * Solana over RPC. Every function throws a Fault (`rpc_unavailable`, `rpc_refused`,
 * `chain_foreign`) when the node gives no usable answer.
 */
export type Chain = {
  /** The latest slot at a commitment. */
  slot(commitment: Commitment): Promise<Slot>;
  /** The latest blockhash at confirmed commitment. */
  recentBlockhash(): Promise<{ readonly blockhash: string; readonly lastValidBlockHeight: number }>;
  /**
   * The blockhash of the block before the finalized block of this slot. A nonce that is moved in
   * this slot gets its new value from that blockhash. Throws `rpc_unavailable` when the node does
   * not give the blockhash.
   */
  blockhashBefore(slot: Slot): Promise<string>;
  /** The finalized block height, by which blockhashes expire. */
  finalizedHeight(): Promise<number>;
  /**
   * A transaction; null when the node does not have it at that commitment. With `seenSlot` the
   * answer comes from a node that has seen that slot, as far as the node honours this (Agave 4.4
   * and later). Throws `rpc_unavailable` when the node has the transaction but not its outcome.
   */
  transaction(
    signature: Signature,
    commitment: Commitment,
    seenSlot?: Slot,
  ): Promise<ChainTransaction | null>;
  /**
   * Whether a second answer shows the same of a finalized transaction: its slot, its blockhash or
   * value of a nonce, and whether it failed. Another provider is asked than the one that gave the
   * transaction: the second one for a transaction of the first or of a further node, the first one
   * for a transaction of the second. Where no second provider is configured, the first one is asked
   * once more; where the blocks of the asked one begin after that slot, the other one is asked. The
   * other one is also asked for a transaction without an error while the asked one does not answer.
   * Throws `rpc_unavailable` or `rpc_refused` when the asked provider does not answer.
   */
  isShownAgain(transaction: ChainTransaction): Promise<boolean>;
  /**
   * Reads at most a hundred accounts at confirmed commitment, in one call; null for an account that
   * does not exist.
   */
  accounts(
    addresses: readonly Address[],
  ): Promise<{ slot: Slot; accounts: (ChainAccount | null)[] }>;
  /**
   * Reads a part of each account, or the whole where `slice` is null, at most a hundred accounts in
   * one call; null for an account that does not exist.
   */
  slices(
    addresses: readonly Address[],
    slice: Slice | null,
    commitment: Commitment,
  ): Promise<{ slot: Slot; accounts: (ChainAccount | null)[] }>;
  /**
   * The signatures of an account in slots above `afterSlot`, oldest first, up to a bound
   * (`goesOn`). They come from a node that has seen `seenSlot`, so that the end is not missing, and
   * whose history reaches back to `afterSlot`, so that the beginning is not missing. Throws
   * `rpc_unavailable` otherwise. Only finalized signatures may move a cursor.
   */
  signatures(
    account: Address,
    afterSlot: Slot,
    seenSlot: Slot,
    commitment: Commitment,
  ): Promise<SignatureRow[]>;
  /**
   * A second answer to `signatures`, at `finalized`: the history of the account as each of two
   * providers has it. Without a second provider, or where that one has forgotten slots after
   * `afterSlot`, the history of the wallet that signs for the account, without rows that have no
   * memo: a node keeps the two histories apart, and trading rows have none. Each history is a list
   * of its own, bounded as there. Throws as `signatures` does, also while a provider does not
   * answer.
   */
  signaturesAgain(
    account: Address,
    signer: Address,
    afterSlot: Slot,
    seenSlot: Slot,
  ): Promise<SignatureRow[][]>;
  /**
   * Whether the finalized chain lacks a transaction that was once seen in a slot: by status, by the
   * transaction itself and by the history of these accounts. A node that keeps that slot and has
   * seen later ones is asked, and one of the second provider, if there is one. False when any of
   * the answers shows the transaction. Throws `rpc_unavailable` when no such node answers, or when
   * one has not seen `seenSlot` as final.
   */
  finalizedAbsence(
    signature: Signature,
    accounts: readonly Address[],
    slot: Slot,
    seenSlot?: Slot,
  ): Promise<boolean>;
  /**
   * Whether a transaction of these instructions fits one packet together with compute limit and
   * price, with lookup tables if needed.
   */
  fits(feePayer: Address, instructions: readonly Instruction[]): Promise<boolean>;
  /**
   * Simulates a transaction without signatures against the latest blockhash, and returns that
   * blockhash with the result. Throws `transaction_too_large` when it does not fit one packet.
   */
  simulate(
    feePayer: Address,
    instructions: readonly Instruction[],
    watched: readonly Address[],
  ): Promise<Simulated>;
  /** Simulates a transaction that was built elsewhere. */
  simulateBytes(transaction: Uint8Array): Promise<Simulated>;
  /**
   * Sends exactly these bytes to all nodes, without preflight and without retries by the node. An
   * error does not prove that they were not sent. `tipped`: they hold a tip, so that they go to the
   * sender endpoint as well, whose answer is not waited for.
   */
  send(bytes: Uint8Array, tipped?: boolean): Promise<void>;
  /** Reads the outcome of a signature. An RPC failure gives `nothing`, never `absent`. */
  look(signature: Signature): Promise<Look>;
  /** Asks one round of questions for a proof of death. A question without an answer is null. */
  deathEvidence(signed: SignedBytes, tokenAccount: Address): Promise<DeathEvidence>;
  /**
   * Runs `read` and returns its result. Every node that answered during `read` is asked for its
   * genesis hash afterwards. Throws `chain_foreign` when one of them names another chain, or named
   * one in between, and `rpc_unavailable` when one does not answer, or names ours too long after it
   * did before. For results that would do lasting harm if they came from another chain: cursors,
   * baselines, books.
   */
  witnessed<T>(read: () => Promise<T>): Promise<T>;
};

/**
 * Account subscriptions. Notifications are handed on at once. Changes that may have been missed are
 * reported but not replayed.
 */
export type AccountFeed = {
  /** Subscribes to these accounts and to no others. Existing subscriptions stay. */
  follow(addresses: readonly Address[]): void;
  /**
   * The number of sockets, of followed accounts, and of those with an acknowledged subscription.
   */
  status(): { readonly sockets: number; readonly accounts: number; readonly subscribed: number };
  /** Closes every socket; no notification comes afterwards. */
  close(): Promise<void>;
};

/** The prices of the network. */
export type FeeMarket = {
  /**
   * The priority fee of the next payment in micro-lamports for each compute unit, under the
   * configured cap. It rises with `expiries`, the number of payments of these debts that expired
   * unexecuted. `contended` are the accounts that the payment writes and that transactions of
   * others write as well: the price is that of recent transactions that wrote these accounts.
   * Without `contended`, the price is that of all recent transactions, or the last price by
   * accounts where that one is higher and newer than the refresh time of the settings.
   */
  microLamports(expiries?: number, contended?: readonly Address[]): Promise<bigint>;
  /** The network's fee for one signature, in lamports. */
  lamportsPerSignature(): Promise<Lamports>;
  /** The least balance of a token account, in lamports. The cluster can change it. */
  tokenAccountRent(): Promise<Lamports>;
  /** The least balance of a nonce account, in lamports. */
  nonceRent(): Promise<Lamports>;
  readonly priorityFeeMost: Lamports;
};
