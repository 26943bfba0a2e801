// Transaction: what Bailiff needs of a Solana transaction, free of any library's types. Chain code fills it in from
// RPC, venue code reads events out of it, and both build instructions in this shape.
import type { Address, Signature, Slot } from './ids.ts';

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

/** An executed instruction: accounts are resolved, lookup tables included. */
export type ExecutedInstruction = {
  readonly program: Address;
  readonly accounts: readonly Address[];
  readonly data: Uint8Array;
  /** Instructions it called, in order, flattened. */
  readonly inner: readonly Omit<ExecutedInstruction, 'inner'>[];
};

export type TokenBalance = {
  readonly account: Address;
  readonly mint: Address;
  readonly decimals: number;
  readonly owner: Address | null;
  readonly before: bigint;
  readonly after: bigint;
};

export type ChainTransaction = {
  readonly signature: Signature;
  readonly slot: Slot;
  readonly blockIndex: number | null;
  /** Null when it succeeded. A failed transaction changed nothing but fees, whatever its logs say. */
  readonly error: unknown;
  /** Static keys, then writable and read-only keys from lookup tables. */
  readonly keys: readonly Address[];
  readonly instructions: readonly ExecutedInstruction[];
  readonly tokenBalances: readonly TokenBalance[];
  readonly logs: readonly string[];
};
