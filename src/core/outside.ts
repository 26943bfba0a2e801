// Outside: the ports to what is not ours: the chain, the venue, the pen, fees, and the webhook
// registry.
import type { DeathEvidence } from './death.ts';
import type { Address, Signature, Slot } from './ids.ts';
import type { BaseUnits, Lamports } from './money.ts';
import type { Look, Payment, SignedBytes, Trouble } from './payment.ts';
import type { Act } from './policy.ts';
import type { SealedKey } from './ports.ts';
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
  /** Of the top-level instructions, as they were simulated. */
  readonly programs: readonly Address[];
  /** The accounts that were asked for, as they would have become. */
  readonly accounts: readonly (ChainAccount | null)[];
  /**
   * The lookup tables without which it would not have fitted one packet; it is signed with the
   * same.
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
  /** Executed with an error: it changed nothing. */
  readonly failed: boolean;
  /** The history goes on after this row; slots before this row's are told completely. */
  readonly goesOn?: true;
};

/**
 * RPC. Every function throws a Fault (`rpc_unavailable`, `rpc_refused`) rather than make an answer
 * up.
 */
export type Chain = {
  slot(commitment: 'confirmed' | 'finalized'): Promise<Slot>;
  /** Block height, which is what blockhashes expire by. */
  finalizedHeight(): Promise<number>;
  /**
   * Null when the node does not have it at that commitment. With `seenSlot` the answer comes from a
   * node that has seen that slot, as far as the node honours it (Agave 4.4 and later). A
   * transaction whose outcome the node lacks throws `rpc_unavailable`: it is not absent.
   */
  transaction(
    signature: Signature,
    commitment: 'confirmed' | 'finalized',
    seenSlot?: Slot,
  ): Promise<ChainTransaction | null>;
  /** Accounts at confirmed commitment, in one call; null where there is none. */
  accounts(
    addresses: readonly Address[],
  ): Promise<{ slot: Slot; accounts: (ChainAccount | null)[] }>;
  /** A part of each account, at most a hundred in one call; null where there is none. */
  slices(
    addresses: readonly Address[],
    slice: Slice | null,
    commitment: 'confirmed' | 'finalized',
  ): Promise<{ slot: Slot; accounts: (ChainAccount | null)[] }>;
  /**
   * The signatures of an account in slots above `afterSlot`, oldest first and up to a bound
   * (`goesOn`), from a node that has seen `seenSlot` (a node that is behind would leave out the
   * end) and whose history reaches back to `afterSlot` (a node that keeps less would leave out the
   * beginning). Throws `rpc_unavailable` otherwise. Only finalized signatures may move a cursor.
   */
  signatures(
    account: Address,
    afterSlot: Slot,
    seenSlot: Slot,
    commitment: 'confirmed' | 'finalized',
  ): Promise<SignatureRow[]>;
  /**
   * Whether the finalized chain lacks a transaction that was once seen in a slot: by status, by the
   * transaction and by the history of these accounts, from a node that keeps that slot and has seen
   * later ones, and from the second provider too where there is one.
   */
  finalizedAbsence(
    signature: Signature,
    accounts: readonly Address[],
    slot: Slot,
  ): Promise<boolean>;
  /** The associated token account of an owner, whatever that is. */
  tokenAccount(mint: Address, owner: Address): Address;
  /**
   * Whether somebody can hold a key to this address; a program's address and a token account are
   * off the curve.
   */
  isOnCurve(address: Address): boolean;
  /** The address that a program derives from seeds; null when they give none. */
  derivedAddress(program: Address, seeds: readonly Uint8Array[]): Address | null;
  /** The address of the token account that an agent opens and closes within one payment. */
  passingAccount(agent: Address, paymentId: string): Address;
  /**
   * Amount and state of a token account; null when it is none of this mint's. `foreign`: another
   * than this owner may spend from it, whoever's address it derives from.
   */
  readTokenAccount(
    account: ChainAccount | null,
    mint: Address,
    owner: Address,
  ): { amount: BaseUnits; frozen: boolean; foreign: boolean } | null;
  /**
   * The instructions around the venue's: creation of token accounts, the transfer, the memo. `rent`
   * is what a passing account is opened with.
   */
  transferInstructions(
    parts: PaymentParts,
    mint: Address,
    decimals: number,
    memo: string,
    rent: Lamports,
  ): { before: Instruction[]; after: Instruction[] };
  /** What a transaction's top-level instructions do, as far as wallets and tokens go. */
  actsOf(transaction: ChainTransaction): Act[];
  /**
   * Whether a transaction of these instructions fits one packet, with a compute limit and a price,
   * and with lookup tables where it needs them.
   */
  fits(feePayer: Address, instructions: readonly Instruction[]): Promise<boolean>;
  /** The programs of the top-level instructions of a signed transaction, read from its bytes. */
  programsOf(bytes: Uint8Array): readonly Address[];
  /**
   * Runs a transaction without signatures against the latest blockhash, which it returns. Throws
   * `transaction_too_large` when it does not fit one packet.
   */
  simulate(
    feePayer: Address,
    instructions: readonly Instruction[],
    watched: readonly Address[],
  ): Promise<Simulated>;
  /** The same for a transaction that somebody else has built. */
  simulateBytes(transaction: Uint8Array): Promise<Simulated>;
  /**
   * Sends exactly these bytes; no preflight, no retries by the node. An error here never proves
   * anything.
   */
  send(bytes: Uint8Array): Promise<void>;
  look(signature: Signature): Promise<Look>;
  /** One round of evidence for a death; a question that was not answered is null. */
  deathEvidence(signed: SignedBytes, tokenAccount: Address): Promise<DeathEvidence>;
  /**
   * Throws unless the node that is asked belongs to our chain, asked within the last second. Before
   * anything is written that a wrong chain would spoil for good: cursors, baselines, withdrawn
   * facts.
   */
  vouch(): Promise<void>;
};

export type PaymentParts = {
  readonly agent: Address;
  readonly agentTokenAccount: Address;
  /**
   * The token account that pays: the agent's own, or one that exists within the transaction alone.
   */
  readonly source: Address;
  readonly creator: Address;
  readonly creatorTokenAccount: Address;
  readonly payer: Address;
  /** Where the sponsor is reimbursed; null when it does not pay. */
  readonly sponsorTokenAccount: Address | null;
  readonly payment: Payment;
};

/** A lookup table with its contents, without which a transaction that uses it cannot be read. */
export type LookupTable = { readonly key: Address; readonly addresses: readonly Address[] };
/** Where agents may swap USDC for SOL: an endpoint that answers with a transaction to sign. */
export type SwapDesk = {
  /**
   * An unsigned transaction that swaps this much of the owner's USDC for SOL. Throws `swap_failed`.
   */
  offer(
    owner: Address,
    amount: BaseUnits,
  ): Promise<{ transaction: Uint8Array; tables: readonly LookupTable[] }>;
};

/**
 * Account subscriptions. What comes is handed on at once; what may have been missed is said, never
 * replayed.
 */
export type AccountFeed = {
  /**
   * Subscribes to these accounts and to no others; those that are subscribed already stay as they
   * are.
   */
  follow(addresses: readonly Address[]): void;
  status(): { readonly sockets: number; readonly accounts: number; readonly subscribed: number };
  close(): Promise<void>;
};

/**
 * The vault: secrets at rest, each bound to what it is for. Throws `key_unavailable` without a
 * master key.
 */
export type Vault = {
  seal(bound: string, plain: Uint8Array): Uint8Array;
  /**
   * Hands the secret to `use` and wipes it afterwards. Throws when it was sealed for something
   * else, or by another key.
   */
  open<T>(bound: string, sealed: Uint8Array, use: (plain: Uint8Array) => T): T;
  /** The same secret under the master key that seals now; it is never opened for that. */
  rewrap(bound: string, sealed: Uint8Array): Uint8Array;
};

/** The pen: signs recorded payments and nothing else. */
export type Pen = {
  /** Seals an agent's secret key for the ledger, bound to the subscriber and the public key. */
  seal(subscriberId: string, publicKey: Address, secretKey: Uint8Array): Uint8Array;
  /**
   * Why a key does not open, as a trouble that uses up no attempt; null when it opens. It is wiped
   * at once.
   */
  closed(key: SealedKey): Trouble | null;
  /** The sponsor's address when one is configured. */
  readonly sponsor: Address | null;
  /**
   * Builds, checks against the mandate and the limits, and signs. Throws `pen_refused`,
   * `pen_limited` or `key_unavailable`.
   */
  sign(request: {
    parts: PaymentParts;
    memo: string;
    instructions: readonly Instruction[];
    /** As the simulation used them. No address that the mandate names may come from one. */
    tables: readonly LookupTable[];
    blockhash: string;
    key: SealedKey | null;
    /**
     * What the ledger knows to be signed for this subscriber within a day, this payment not among
     * it.
     */
    signedToday: BaseUnits;
  }): { signature: Signature; bytes: Uint8Array };
  /**
   * Checks a swap that somebody else has built against the swap policy, and signs it. Throws the
   * same.
   */
  signSwap(request: {
    payment: Payment;
    agent: Address;
    transaction: Uint8Array;
    tables: readonly LookupTable[];
    blockhash: string;
    key: SealedKey | null;
  }): { signature: Signature; bytes: Uint8Array };
};

/**
 * Chooses the priority fee of the next payment, in micro-lamports a compute unit, under the
 * configured cap.
 */
export type FeeMarket = {
  /**
   * `expiries`: how many payments of these debts have expired unexecuted; the price rises with
   * each.
   */
  microLamports(expiries?: number): Promise<bigint>;
  /** What the network takes for one signature, as it says itself. */
  lamportsPerSignature(): Promise<Lamports>;
  /**
   * The least balance of a token account, as the network says itself: it changes with the cluster's
   * settings.
   */
  tokenAccountRent(): Promise<Lamports>;
  readonly priorityFeeMost: Lamports;
};

/** The webhook registrations at Helius. */
export type WebhookRegistry = {
  /**
   * Makes sure that these addresses, and the ones already there, are registered at our URL, with
   * our secret, and active. `wasDisabled`: a webhook had been switched off, so nothing was
   * delivered for a while.
   */
  ensure(addresses: readonly Address[]): Promise<{ readonly wasDisabled: boolean }>;
  /** Takes these addresses out, but for the last ones of a webhook, which must hold some. */
  remove(addresses: readonly Address[]): Promise<void>;
  /** How what is registered differs from these addresses. Changes nothing. */
  inspect(addresses: readonly Address[]): Promise<RegistryReport>;
  /** As `ensure`, and takes addresses out that are not among these. Returns how many those were. */
  repair(addresses: readonly Address[]): Promise<number>;
};
/** Remembers which webhooks are ours. */
export type WebhookIds = {
  read(): Promise<readonly string[]>;
  /** These are ours from now on, and no others. */
  keep(ids: readonly string[]): Promise<void>;
};

export type RegistryReport = {
  readonly webhooks: number;
  readonly disabled: number;
  readonly wrongSecret: number;
  /** Webhooks of ours whose type, filter of transactions or URL is another than we set. */
  readonly altered: number;
  readonly missing: readonly string[];
  readonly extra: readonly string[];
};
