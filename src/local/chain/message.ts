// Message: a transaction's message with every account resolved, lookup tables included, and its
// compute budget.
import {
  AddressLookupTableAccount,
  ComputeBudgetProgram,
  type MessageCompiledInstruction,
  type PublicKey,
  type VersionedTransaction,
} from '@solana/web3.js';
import { base58Text } from '../../core/ids.ts';
import type { Account } from './account.ts';

export type ResolvedInstruction = {
  readonly program: string;
  readonly accounts: readonly { address: string; isSigner: boolean; isWritable: boolean }[];
  readonly data: Uint8Array;
};

export type ResolvedMessage = {
  readonly keys: readonly string[];
  readonly loaded: { readonly writable: readonly string[]; readonly readonly: readonly string[] };
  readonly writable: readonly boolean[];
  readonly signerCount: number;
  readonly instructions: readonly ResolvedInstruction[];
  readonly compiled: readonly MessageCompiledInstruction[];
  readonly computeLimit: number;
  readonly fee: bigint;
};

/** The text of a key. `toBase58` of the library takes three times as long. */
export const keyText = (key: PublicKey): string => base58Text(key.toBytes());

export const COMPUTE_BUDGET = ComputeBudgetProgram.programId.toBase58();
const LAMPORTS_PER_SIGNATURE = 5_000n;

function budgetOf(instructions: readonly ResolvedInstruction[]): { limit: number; price: bigint } {
  let limit: number | null = null;
  let price = 0n;
  let others = 0;
  for (const { program, data } of instructions) {
    if (program !== COMPUTE_BUDGET) others++;
    else if (data[0] === 2) limit = Buffer.from(data).readUInt32LE(1);
    else if (data[0] === 3) price = Buffer.from(data).readBigUInt64LE(1);
  }
  return { limit: Math.min(limit ?? 200_000 * others, 1_400_000), price };
}

/**
 * Resolves a transaction. Throws the name of the transaction error when a lookup table is missing
 * or too short.
 */
export function resolveMessage(
  transaction: VersionedTransaction,
  account: (address: string) => Account | null,
): ResolvedMessage {
  const { message } = transaction;
  const tables = message.addressTableLookups.map((lookup) => {
    const found = account(keyText(lookup.accountKey));
    if (found === null) throw new Error('AddressLookupTableNotFound');
    const state = AddressLookupTableAccount.deserialize(found.data);
    return new AddressLookupTableAccount({ key: lookup.accountKey, state });
  });
  const resolved = message.getAccountKeys({ addressLookupTableAccounts: tables });
  const keys = resolved.keySegments().flat().map(keyText);
  const lookups = resolved.accountKeysFromLookups;
  const signerCount = message.header.numRequiredSignatures;
  const writable = keys.map((_, index) => message.isAccountWritable(index));
  const compiled = message.compiledInstructions;
  const instructions = compiled.map((each) => ({
    program: keys[each.programIdIndex] ?? '',
    accounts: each.accountKeyIndexes.map((index) => ({
      address: keys[index] ?? '',
      isSigner: index < signerCount,
      isWritable: writable[index] ?? false,
    })),
    data: each.data,
  }));
  const { limit, price } = budgetOf(instructions);
  const priority = (BigInt(limit) * price + 999_999n) / 1_000_000n;
  return {
    keys,
    loaded: {
      writable: lookups?.writable.map(keyText) ?? [],
      readonly: lookups?.readonly.map(keyText) ?? [],
    },
    writable,
    signerCount,
    instructions,
    compiled,
    computeLimit: limit,
    fee: LAMPORTS_PER_SIGNATURE * BigInt(signerCount) + priority,
  };
}
