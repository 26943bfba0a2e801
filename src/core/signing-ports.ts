// Signing ports: the ports of the pen, of the signers and of the vault that seals their keys; the
// addresses of a payment; and the port to the endpoint that builds swaps.
import type { AgentKey } from './agent-key.ts';
import type { Address, Signature } from './ids.ts';
import type { NonceUse } from './mandate.ts';
import type { BaseUnits, Lamports } from './money.ts';
import type { Payment } from './payment.ts';
import type { RootMemo } from './root-memo.ts';
import type { ServiceKey } from './service-key.ts';
import type { Proof } from './signed-today.ts';
import type { Instruction } from './transaction.ts';
import type { Trouble } from './trouble.ts';

/** The addresses of a payment. */
export type PaymentParts = {
  readonly agent: Address;
  readonly agentTokenAccount: Address;
  /**
   * The token account that pays: the agent's own, or one that exists only within the transaction.
   */
  readonly source: Address;
  /** Whom the payment pays, at which token account, and how much. */
  readonly recipients: readonly {
    readonly wallet: Address;
    readonly tokenAccount: Address;
    readonly amount: BaseUnits;
  }[];
  readonly payer: Address;
  /** The token account in which the sponsor is reimbursed; null when the sponsor does not pay. */
  readonly sponsorTokenAccount: Address | null;
  readonly payment: Payment;
};

/** A lookup table with its addresses, which are needed to read a transaction that uses it. */
export type LookupTable = { readonly key: Address; readonly addresses: readonly Address[] };
/**
 * The endpoint at which agents may swap quote tokens for SOL. It answers with a transaction to
 * sign.
 */
export type SwapDesk = {
  /**
   * Returns an unsigned transaction that swaps this much of the owner's tokens of a mint for SOL,
   * with the lookup tables that it uses. Throws `swap_failed`, and `rpc_unavailable` or
   * `rpc_refused` when a table cannot be read.
   */
  offer(
    owner: Address,
    amount: BaseUnits,
    mint: Address,
  ): Promise<{ transaction: Uint8Array; tables: readonly LookupTable[] }>;
};

/** Seals secrets, each bound to its purpose. Throws `key_unavailable` without a master key. */
export type Vault = {
  /** Seals a secret for one purpose. */
  seal(bound: string, plain: Uint8Array): Uint8Array;
  /**
   * Passes the secret to `use` and wipes it afterwards. Throws when it was sealed for another
   * purpose or under another key.
   */
  open<T>(bound: string, sealed: Uint8Array, use: (plain: Uint8Array) => T): T;
  /** Wraps the same secret under the master key that seals now, without opening it. */
  rewrap(bound: string, sealed: Uint8Array): Uint8Array;
};

/**
 * Signs with one ed25519 key, wherever the key is: sealed in the ledger, or at a service. A signer
 * knows nothing about payments; the pen decides what it is asked to sign.
 */
export type Signer = {
  readonly address: Address;
  /**
   * The 64-byte signature over these bytes. Throws `key_unavailable` when a person must bring the
   * key; any other error means that the signer does not answer now.
   */
  sign(message: Uint8Array): Promise<Uint8Array>;
};

/** The signers of this daemon. */
export type Signers = {
  /** Signs as the fee payer of agents without SOL; null when no sponsor is configured. */
  readonly sponsor: Signer | null;
  /** The signer of an agent's stored key. A sealed key is opened when it signs. */
  agent(key: AgentKey): Signer;
  /**
   * Seals an agent's 64-byte secret key for the ledger, bound to the subscriber and the public key.
   * Throws `key_mismatch` when the key is another's, and a RangeError when its two halves do not
   * belong together.
   */
  seal(subscriberId: string, publicKey: Address, secretKey: Uint8Array): Uint8Array;
  /**
   * Has a service sign a text that can be no transaction, and checks the signature, before its key
   * is stored. Throws `key_mismatch` when the service is not configured, refuses, or holds another
   * key under that name, and `signer_unavailable` when it does not answer.
   */
  prove(address: Address, at: ServiceKey): Promise<void>;
  /**
   * Why a stored key cannot sign, as a trouble that uses up no attempt; null when it can. Signs
   * nothing. Throws `signer_unavailable` while the service that keeps the key does not answer.
   */
  closed(key: AgentKey): Promise<Trouble | null>;
};

export type NonceRequest = {
  readonly act: 'open' | 'close' | 'move';
  readonly subscriberId: string;
  readonly lamports: Lamports;
  /**
   * For `move` the value of the nonce, so that the transaction excludes every other one under it;
   * else a recent blockhash.
   */
  readonly blockhash: string;
  readonly microLamports: bigint;
};

export type RootMemoRequest = RootMemo & {
  readonly blockhash: string;
  readonly microLamports: bigint;
  /** How many such memos the ledger knows to be signed within 24 hours. */
  readonly signedToday: number;
};

/** A transaction that the pen had signed. */
export type Written = { readonly signature: Signature; readonly bytes: Uint8Array };
/** The part of a request to the pen that payments and swaps have in common. */
export type PenRequest = {
  /** The tables that the simulation used. No address that the mandate names may come from one. */
  readonly tables: readonly LookupTable[];
  readonly blockhash: string;
  /**
   * The last block height at which a transaction under a recent blockhash may be executed, as the
   * chain told it with that blockhash.
   */
  readonly lastValidBlockHeight: number;
  readonly key: AgentKey | null;
  /**
   * Base units of the payment's token that the ledger knows to be signed for this subscriber within
   * a day, without this payment.
   */
  readonly signedToday: BaseUnits;
};
/** A payment of which the chain proves that a transaction of it can move nothing. */
export type ProvenEnd = Proof & { readonly payment: Payment; readonly signature: Signature };

/**
 * The pen: decides what is signed, and has it signed. It lets recorded payments and swaps pass,
 * the sponsor's transactions about nonces and its memos of daily roots, and nothing else.
 */
export type Pen = {
  /** The sponsor's address; null when no sponsor is configured. */
  readonly sponsor: Address | null;
  /**
   * Builds the transaction, checks it against mandate and limits, and has it signed. Throws
   * `pen_refused`, `pen_limited`, `transaction_too_large`, `key_unavailable`, `signer_unavailable`
   * or `venue_not_served`. A `pen_limited` that passes with the day has the trouble `day_limit` in
   * its context.
   */
  sign(
    request: PenRequest & {
      readonly parts: PaymentParts;
      readonly memo: string;
      readonly instructions: readonly Instruction[];
      /**
       * The durable nonce whose value stands in place of the blockhash; absent when the payment is
       * signed under a blockhash. Its authority must be the sponsor.
       */
      readonly nonce?: NonceUse;
    },
  ): Promise<Written>;
  /**
   * Base units of this token that the pen itself signed for the subscriber within 24 hours, without
   * what it was told the end of.
   */
  signedToday(subscriberId: string, mint: Address): BaseUnits;
  /**
   * Tells the pen that a payment can move nothing, so that the pen counts it no more. The pen takes
   * out what it signed itself under this payment's id with this signature, once; by a cancellation
   * only where the pen signed that itself. What it does not take out counts until it is 24 hours
   * old.
   */
  ended(end: ProvenEnd): void;
  /**
   * Builds a transaction of the sponsor about the nonce account of a subscriber, and has it signed:
   * `open` creates it with these lamports, `close` gives them back to the sponsor, `move` moves it.
   * Nothing else can be in it. Throws `pen_refused`, `key_unavailable` or `signer_unavailable`.
   */
  signNonce(request: NonceRequest): Promise<Written>;
  /**
   * Builds a transaction of the sponsor that writes the commitment of a day as a memo, and has it
   * signed. Nothing else can be in it. Throws `pen_refused`, `pen_limited`, `key_unavailable` or
   * `signer_unavailable`.
   */
  signRootMemo(request: RootMemoRequest): Promise<Written>;
  /**
   * Checks a swap that was built elsewhere against the swap policy and the limits, and has it
   * signed. The amount that it swaps counts towards the limit of a day, as that of a payment does.
   * Throws as `sign` does.
   */
  signSwap(
    request: PenRequest & {
      readonly payment: Payment;
      readonly agent: Address;
      readonly transaction: Uint8Array;
    },
  ): Promise<Written>;
};
