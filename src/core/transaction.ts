// Transaction: the parts of a Solana transaction that Bailiff needs, free of any library's types.
// The chain code fills it in from RPC, the venue code reads events out of it, and both build
// instructions in this shape.
import type { Address, Signature, Slot } from './ids.ts';
import type { Lamports } from './money.ts';

export type AccountMeta = {
  readonly address: Address;
  readonly isSigner: boolean;
  readonly isWritable: boolean;
};

export type Instruction = {
  readonly program: Address;
  readonly accounts: readonly AccountMeta[];
  readonly data: Uint8Array;
};

/** An executed instruction with its accounts resolved, including those from lookup tables. */
export type ExecutedInstruction = {
  readonly program: Address;
  readonly accounts: readonly Address[];
  readonly data: Uint8Array;
  /** The instructions that it called, at every depth, in order. */
  readonly inner: readonly Omit<ExecutedInstruction, 'inner'>[];
};

export type TokenBalance = {
  readonly account: Address;
  readonly mint: Address;
  readonly decimals: number;
  /** The token program that keeps the account; null when the node does not say. */
  readonly program: Address | null;
  /** The owner before; null when the account did not exist then, or the node does not say. */
  readonly owner: Address | null;
  /** The owner afterwards; null when the account is gone, or the node does not say. */
  readonly ownerAfter: Address | null;
  readonly before: bigint;
  readonly after: bigint;
};

/**
 * The key of an account's tokens of one mint. A transaction may close a token account and make it
 * again for another mint.
 */
export const holdingKey = (account: string, mint: string): string => `${account} ${mint}`;

export type LamportBalances = {
  readonly before: readonly Lamports[];
  readonly after: readonly Lamports[];
};

export type ChainTransaction = {
  readonly signature: Signature;
  readonly slot: Slot;
  readonly blockIndex: number | null;
  /** The blockhash that it names, or the value of a nonce; absent when the node does not tell. */
  readonly blockhash?: string;
  /** The time of the block in milliseconds; null or absent when the node does not tell it. */
  readonly blockTimeMs?: number | null;
  /**
   * Null when the transaction succeeded. A failed transaction changed nothing but fees, even if its
   * logs say otherwise.
   */
  readonly error: unknown;
  /** Static keys, then writable and read-only keys from lookup tables. */
  readonly keys: readonly Address[];
  readonly instructions: readonly ExecutedInstruction[];
  readonly tokenBalances: readonly TokenBalance[];
  /** Keys that signed; the first of them pays the fee. */
  readonly signers: readonly Address[];
  /** Base fee and priority fee, in lamports. */
  readonly fee: Lamports;
  /**
   * The lamports of every key before and after, in the order of `keys`; null when the node does not
   * give them.
   */
  readonly lamports: LamportBalances | null;
  readonly logs: readonly string[];
};

/** One executed call: a top-level instruction, or one that was called by another instruction. */
export type Call = {
  readonly program: Address;
  readonly accounts: readonly Address[];
  readonly data: Uint8Array;
  /**
   * The index of the top-level instruction, and the place below it; `inner` 0 is the instruction
   * itself.
   */
  readonly top: number;
  readonly inner: number;
  /** The place in the order of execution, from 0. */
  readonly place: number;
};

/** Every call of a transaction in the order of execution. */
export function callsOf({ instructions }: ChainTransaction): Call[] {
  const calls: Call[] = [];
  for (const [top, instruction] of instructions.entries()) {
    for (const [inner, each] of [instruction, ...instruction.inner].entries()) {
      const { program, accounts, data } = each;
      calls.push({ program, accounts, data, top, inner, place: calls.length });
    }
  }
  return calls;
}

/**
 * Ordinals of facts inside a transaction: each call has a range of this many, and a fact that only
 * the whole transaction shows has LAST_ORDINAL.
 */
export const ORDINALS_A_CALL = 1_024;
export const LAST_ORDINAL = 2_000_000_000;
/** The ordinal behind all facts of a call. */
export const afterCall = ({ place }: Pick<Call, 'place'>): number =>
  place * ORDINALS_A_CALL + ORDINALS_A_CALL - 1;
