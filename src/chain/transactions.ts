// Transactions: a transaction as RPC tells it, brought into the core's shape: all keys resolved, inner instructions
// under their callers, token balances as bigint with absence read as zero.
import type { Connection, VersionedTransactionResponse } from '@solana/web3.js';
import type { Address, Signature } from '../core/ids.ts';
import { base58Bytes } from '../core/ids.ts';
import type { ChainTransaction, ExecutedInstruction, TokenBalance } from '../core/transaction.ts';
import { asking } from './rpc.ts';

type Meta = NonNullable<VersionedTransactionResponse['meta']>;

function tokenBalances(meta: Meta, keys: readonly Address[]): TokenBalance[] {
  const rows = new Map<
    number,
    Omit<TokenBalance, 'account' | 'before' | 'after'> & {
      before: bigint;
      after: bigint;
      ownerAfter: Address | null;
    }
  >();
  const put = (list: Meta['preTokenBalances'], side: 'before' | 'after'): void => {
    for (const { accountIndex, mint, owner, uiTokenAmount } of list ?? []) {
      const row = rows.get(accountIndex) ?? {
        mint: mint as Address,
        decimals: uiTokenAmount.decimals,
        owner: (owner ?? null) as Address | null,
        ownerAfter: null,
        before: 0n,
        after: 0n,
      };
      row[side] = BigInt(uiTokenAmount.amount);
      if (side === 'after') row.ownerAfter = (owner ?? null) as Address | null;
      rows.set(accountIndex, row);
    }
  };
  put(meta.preTokenBalances, 'before');
  put(meta.postTokenBalances, 'after');
  return [...rows].flatMap(([index, row]) => {
    const account = keys[index];
    return account === undefined ? [] : [{ account, ...row }];
  });
}

function instructionsOf(
  response: VersionedTransactionResponse,
  meta: Meta,
  keys: readonly Address[],
): ExecutedInstruction[] {
  const resolve = (programIdIndex: number, accounts: readonly number[], data: Uint8Array) => ({
    program: keys[programIdIndex] ?? ('' as Address),
    accounts: accounts.map((index) => keys[index] ?? ('' as Address)),
    data,
  });
  const called = new Map(
    (meta.innerInstructions ?? []).map((each) => [each.index, each.instructions]),
  );
  return response.transaction.message.compiledInstructions.map((compiled, index) => ({
    ...resolve(compiled.programIdIndex, compiled.accountKeyIndexes, compiled.data),
    inner: (called.get(index) ?? []).map((each) =>
      resolve(each.programIdIndex, each.accounts, base58Bytes(each.data) ?? new Uint8Array()),
    ),
  }));
}

/** Reads one transaction; null when the node does not have it at that commitment. */
export async function readTransaction(
  connection: Connection,
  signature: Signature,
  commitment: 'confirmed' | 'finalized',
): Promise<ChainTransaction | null> {
  const response = await asking('getTransaction', () =>
    connection.getTransaction(signature, { commitment, maxSupportedTransactionVersion: 1 as 0 }),
  );
  if (response === null) return null;
  const { meta } = response;
  if (meta === null) return null;
  const { message } = response.transaction;
  const loaded = meta.loadedAddresses;
  const keys = [
    ...message.staticAccountKeys,
    ...(loaded?.writable ?? []),
    ...(loaded?.readonly ?? []),
  ].map((each) => each.toBase58() as Address);
  const blockIndex = (response as { transactionIndex?: unknown }).transactionIndex;
  return {
    signature,
    slot: response.slot,
    blockIndex: typeof blockIndex === 'number' ? blockIndex : null,
    error: meta.err,
    keys,
    instructions: instructionsOf(response, meta, keys),
    tokenBalances: tokenBalances(meta, keys),
    logs: meta.logMessages ?? ['Log truncated'],
  };
}
