// Transactions: turns a transaction from RPC into the core's shape: all keys resolved, inner
// instructions under their callers, token and lamport balances as bigint. A token account that did
// not exist counts as zero.
import type { Connection, VersionedTransactionResponse } from '@solana/web3.js';
import { Fault } from '../core/fault.ts';
import type { Address, Signature, Slot } from '../core/ids.ts';
import { base58Bytes } from '../core/ids.ts';
import type {
  ChainTransaction,
  ExecutedInstruction,
  LamportBalances,
  TokenBalance,
} from '../core/transaction.ts';
import { asking } from './rpc.ts';

type Meta = NonNullable<VersionedTransactionResponse['meta']>;
type Writable<Row> = { -readonly [Field in keyof Row]: Row[Field] };

function tokenBalances(meta: Meta, keys: readonly Address[]): TokenBalance[] {
  const rows = new Map<number, Writable<Omit<TokenBalance, 'account'>>>();
  const put = (list: Meta['preTokenBalances'], side: 'before' | 'after'): void => {
    for (const balance of list ?? []) {
      const { accountIndex, mint, uiTokenAmount } = balance;
      // The types of web3.js lack the token program, which every node has returned since 2021.
      const { programId } = balance as { programId?: string };
      const row = rows.get(accountIndex) ?? {
        mint: mint as Address,
        decimals: uiTokenAmount.decimals,
        program: (programId ?? null) as Address | null,
        owner: null,
        ownerAfter: null,
        before: 0n,
        after: 0n,
      };
      row[side] = BigInt(uiTokenAmount.amount);
      row[side === 'before' ? 'owner' : 'ownerAfter'] = (balance.owner ?? null) as Address | null;
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

/** Lamports of every key; null when the node left some out, because sums would then be wrong. */
function lamportBalances(meta: Meta, keys: readonly Address[]): LamportBalances | null {
  const { preBalances, postBalances } = meta as Partial<Meta>;
  if (preBalances?.length !== keys.length || postBalances?.length !== keys.length) return null;
  return { before: preBalances.map(BigInt), after: postBalances.map(BigInt) };
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

/**
 * Reads one transaction. Null when a node that has seen `seenSlot` does not have it at that
 * commitment. Throws `rpc_unavailable` for a transaction without metadata: the node has it but does
 * not know its outcome.
 */
export async function readTransaction(
  connection: Connection,
  signature: Signature,
  commitment: 'confirmed' | 'finalized',
  seenSlot?: Slot,
): Promise<ChainTransaction | null> {
  // web3.js passes further members of the configuration on to the node.
  const config = {
    commitment,
    maxSupportedTransactionVersion: 1 as 0,
    ...(seenSlot === undefined ? {} : { minContextSlot: seenSlot }),
  };
  const response = await asking('getTransaction', () =>
    connection.getTransaction(signature, config),
  );
  if (response === null) return null;
  const { meta } = response;
  if (meta === null)
    throw new Fault(
      'rpc_unavailable',
      `getTransaction: the node has ${signature} and not its metadata, so its outcome is unknown`,
    );
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
    signers: keys.slice(0, message.header.numRequiredSignatures),
    fee: BigInt(meta.fee),
    lamports: lamportBalances(meta, keys),
    logs: meta.logMessages ?? ['Log truncated'],
  };
}
