// Signing ports: the ports of what signs: the pen and the vault that keeps its keys, the
// addresses of a payment, and the endpoint that builds swaps.
import type { Address, Signature } from './ids.ts';
import type { BaseUnits } from './money.ts';
import type { Payment } from './payment.ts';
import type { SealedKey } from './ports.ts';
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
  readonly creator: Address;
  readonly creatorTokenAccount: Address;
  readonly payer: Address;
  /** The token account in which the sponsor is reimbursed; null when the sponsor does not pay. */
  readonly sponsorTokenAccount: Address | null;
  readonly payment: Payment;
};

/** A lookup table with its addresses, which are needed to read a transaction that uses it. */
export type LookupTable = { readonly key: Address; readonly addresses: readonly Address[] };
/** The endpoint at which agents may swap USDC for SOL. It answers with a transaction to sign. */
export type SwapDesk = {
  /**
   * Returns an unsigned transaction that swaps this much of the owner's USDC for SOL. Throws
   * `swap_failed`.
   */
  offer(
    owner: Address,
    amount: BaseUnits,
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

/** The pen: signs recorded payments and swaps only. */
export type Pen = {
  /** Seals an agent's secret key for the ledger, bound to the subscriber and the public key. */
  seal(subscriberId: string, publicKey: Address, secretKey: Uint8Array): Uint8Array;
  /**
   * Why a key does not open, as a trouble that uses up no attempt; null when it opens. The opened
   * key is wiped at once.
   */
  closed(key: SealedKey): Trouble | null;
  /** The sponsor's address; null when no sponsor is configured. */
  readonly sponsor: Address | null;
  /**
   * Builds the transaction, checks it against mandate and limits, and signs it. Throws
   * `pen_refused`, `pen_limited` or `key_unavailable`.
   */
  sign(request: {
    parts: PaymentParts;
    memo: string;
    instructions: readonly Instruction[];
    /** The tables that the simulation used. No address that the mandate names may come from one. */
    tables: readonly LookupTable[];
    blockhash: string;
    key: SealedKey | null;
    /**
     * USDC base units that the ledger knows to be signed for this subscriber within a day, without
     * this payment.
     */
    signedToday: BaseUnits;
  }): { signature: Signature; bytes: Uint8Array };
  /**
   * Checks a swap that was built elsewhere against the swap policy, and signs it. Throws as `sign`
   * does.
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
