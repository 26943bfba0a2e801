// Token ports: the port to token accounts, addresses and transfers. Everything is computed from
// bytes; no node is asked.
import type { ChainAccount } from './chain-ports.ts';
import type { Address } from './ids.ts';
import type { Effect } from './mandate.ts';
import type { BaseUnits, Lamports } from './money.ts';
import type { PaymentParts } from './signing-ports.ts';
import type { ChainTransaction, Instruction } from './transaction.ts';

export type Tokens = {
  /** The associated token account of an owner, on or off the curve. */
  tokenAccount(mint: Address, owner: Address): Address;
  /**
   * Whether a key for this address can exist. The addresses of programs and token accounts are off
   * the curve.
   */
  isOnCurve(address: Address): boolean;
  /** The address that a program derives from seeds; null when they give none. */
  derivedAddress(program: Address, seeds: readonly Uint8Array[]): Address | null;
  /** The address of the token account that an agent opens and closes within one payment. */
  passingAccount(agent: Address, paymentId: string): Address;
  /**
   * Amount and state of a token account; null when it is not one of this mint. `foreign`: another
   * than this owner may spend from it, even if its address derives from this owner.
   */
  readTokenAccount(
    account: ChainAccount | null,
    mint: Address,
    owner: Address,
  ): { amount: BaseUnits; frozen: boolean; foreign: boolean } | null;
  /**
   * The instructions before and after the venue's: creation of token accounts, transfers, the memo.
   * `rent` is the balance with which a passing account is opened, in lamports.
   */
  transferInstructions(
    parts: PaymentParts,
    mint: Address,
    decimals: number,
    memo: string,
    rent: Lamports,
  ): { before: Instruction[]; after: Instruction[] };
  /** The effects of a transaction's top-level instructions on wallets and tokens. */
  effectsOf(transaction: ChainTransaction): Effect[];
};
