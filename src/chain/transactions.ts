// Transactions: turns a transaction from RPC into the core's shape: all keys resolved, inner
// instructions under their callers, token and lamport balances as bigint. A token account that did
// not exist counts as zero. Every version has the same members in the encoding `json`.
import type { Connection } from '@solana/web3.js';
import type { Commitment } from '../core/fact.ts';
import { Fault } from '../core/fault.ts';
import type { Address, Signature, Slot } from '../core/ids.ts';
import { base58Bytes } from '../core/ids.ts';
import { checkInstructionData } from '../core/instruction-data.ts';
import {
  type ChainTransaction,
  type ExecutedInstruction,
  holdingKey,
  type LamportBalances,
  type TokenBalance,
} from '../core/transaction.ts';
import { askNode, countOf, itemsOf, membersOf, textOf } from './question.ts';
import { asking } from './rpc.ts';
import { tellerOf, toldBy } from './teller.ts';

type Json = Record<string, unknown>;
type Writable<Row> = { -readonly [Field in keyof Row]: Row[Field] };

const list = (value: unknown, what: string): readonly Json[] =>
  value === null || value === undefined
    ? []
    : itemsOf(value, what).map((each) => membersOf(each, what));
const addresses = (value: unknown, what: string): Address[] =>
  value === undefined || value === null
    ? []
    : itemsOf(value, what).map((each) => textOf(each, what) as Address);
const bytesOf = (data: unknown): Uint8Array =>
  base58Bytes(textOf(data, 'instruction data')) ?? new Uint8Array();

/** Finds an account by its place in the list of a transaction's accounts. */
type KeyAt = (index: unknown, what: string) => Address;

/**
 * Creates the search in a list of accounts. A successful transaction has its whole list
 * (`requireAllKeys`), so a place past its end is a wrong answer, for which the search throws an
 * Error. A node may give the list of a failed one in part; the search gives an empty text then.
 */
const keyAtOf =
  (keys: readonly Address[], failed: boolean): KeyAt =>
  (index, what) => {
    const key = keys[countOf(index, what)];
    if (key === undefined && !failed) throw new Error(`${what} points past the accounts`);
    return key ?? ('' as Address);
  };

/**
 * The token balances by account and mint. An account that was closed and made again for another
 * mint in the same transaction has two rows: one that ends, and one that begins.
 */
function tokenBalances(meta: Json, keyAt: KeyAt): TokenBalance[] {
  const rows = new Map<string, Writable<TokenBalance>>();
  const put = (side: 'before' | 'after', given: unknown): void => {
    for (const balance of list(given, 'token balances')) {
      const account = keyAt(balance.accountIndex, 'accountIndex');
      const mint = textOf(balance.mint, 'mint') as Address;
      const amount = membersOf(balance.uiTokenAmount, 'uiTokenAmount');
      if (account === '') continue;
      const row = rows.get(holdingKey(account, mint)) ?? {
        account,
        mint,
        decimals: countOf(amount.decimals, 'decimals'),
        program: (balance.programId ?? null) as Address | null,
        owner: null,
        ownerAfter: null,
        before: 0n,
        after: 0n,
      };
      row[side] = BigInt(textOf(amount.amount, 'amount'));
      row[side === 'before' ? 'owner' : 'ownerAfter'] = (balance.owner ?? null) as Address | null;
      rows.set(holdingKey(account, mint), row);
    }
  };
  put('before', meta.preTokenBalances);
  put('after', meta.postTokenBalances);
  return [...rows.values()];
}

/**
 * Lamports of every key; null when the node left some out, because sums would then be wrong. Only a
 * failed transaction is read without them.
 */
function lamportBalances(meta: Json, keys: readonly Address[]): LamportBalances | null {
  const { preBalances, postBalances } = meta;
  if (!Array.isArray(preBalances) || !Array.isArray(postBalances)) return null;
  if (preBalances.length !== keys.length || postBalances.length !== keys.length) return null;
  return {
    before: (preBalances as number[]).map(BigInt),
    after: (postBalances as number[]).map(BigInt),
  };
}

function instructionsOf(message: Json, meta: Json, keyAt: KeyAt): ExecutedInstruction[] {
  const resolve = (given: Json) => ({
    program: keyAt(given.programIdIndex, 'programIdIndex'),
    accounts: itemsOf(given.accounts, 'accounts').map((each) => keyAt(each, 'an account')),
    data: bytesOf(given.data),
  });
  const called = new Map(
    list(meta.innerInstructions, 'innerInstructions').map((each) => [
      countOf(each.index, 'index'),
      list(each.instructions, 'instructions'),
    ]),
  );
  const own = list(message.instructions, 'instructions');
  const all = [own, ...called.values()].flat();
  checkInstructionData(all.map((each) => textOf(each.data, 'instruction data')));
  return own.map((each, index) => ({
    ...resolve(each),
    inner: (called.get(index) ?? []).map(resolve),
  }));
}

/**
 * Reads the members of an answer to getTransaction. Throws an Error for one that lacks some. An
 * answer without logs counts as one whose log is cut.
 */
function transactionOf(response: Json, signature: Signature): ChainTransaction {
  const meta = membersOf(response.meta, 'meta');
  const message = membersOf(membersOf(response.transaction, 'transaction').message, 'message');
  const loaded = meta.loadedAddresses == null ? {} : membersOf(meta.loadedAddresses, 'loaded');
  const [writable, readonly] = [
    addresses(loaded.writable, 'writable'),
    addresses(loaded.readonly, 'readonly'),
  ];
  const keys = [...addresses(message.accountKeys, 'accountKeys'), ...writable, ...readonly];
  requireRecorded(meta, signature);
  requireAllKeys(meta, signature, { message, writable, readonly, keys: keys.length });
  const keyAt = keyAtOf(keys, meta.err !== null && meta.err !== undefined);
  const { transactionIndex: blockIndex, blockTime } = response;
  const header = membersOf(message.header, 'header');
  return {
    signature,
    slot: countOf(response.slot, 'slot'),
    blockIndex: typeof blockIndex === 'number' ? blockIndex : null,
    blockTimeMs: typeof blockTime === 'number' ? blockTime * 1_000 : null,
    error: meta.err ?? null,
    ...(typeof message.recentBlockhash === 'string' ? { blockhash: message.recentBlockhash } : {}),
    keys,
    instructions: instructionsOf(message, meta, keyAt),
    tokenBalances: tokenBalances(meta, keyAt),
    signers: keys.slice(0, countOf(header.numRequiredSignatures, 'numRequiredSignatures')),
    fee: BigInt(countOf(meta.fee, 'fee')),
    lamports: lamportBalances(meta, keys),
    logs:
      meta.logMessages == null
        ? ['Log truncated']
        : itemsOf(meta.logMessages, 'logMessages').map((each) => textOf(each, 'a log line')),
  };
}

/** Members of the metadata that a node gives as null where it did not record them. */
const RECORDED = ['innerInstructions', 'preTokenBalances', 'postTokenBalances'] as const;

/**
 * Throws `rpc_unavailable` for a successful transaction whose calls or token balances the node did
 * not record. A node that records them gives an empty list where there are none. A failed
 * transaction moves its fee alone, and one that failed before it was executed has no list of calls.
 */
function requireRecorded(meta: Json, signature: Signature): void {
  if (meta.err !== null && meta.err !== undefined) return;
  const missing = RECORDED.find((name) => meta[name] === null || meta[name] === undefined);
  if (missing === undefined) return;
  throw new Fault(
    'rpc_unavailable',
    `getTransaction: the node has ${signature} and did not record its ${missing}, so its effects are unknown`,
  );
}

/**
 * Throws `rpc_unavailable` for a successful transaction whose accounts the node did not record in
 * full: the addresses from lookup tables must be as many as the message asks for, and both lists of
 * lamports as long as the list of accounts. Balances of an account that the list lacks would be
 * passed over.
 */
function requireAllKeys(
  meta: Json,
  signature: Signature,
  told: { message: Json; writable: Address[]; readonly: Address[]; keys: number },
): void {
  if (meta.err !== null && meta.err !== undefined) return;
  const lookups = list(told.message.addressTableLookups, 'addressTableLookups');
  const asked = (name: string): number =>
    lookups.reduce((sum, each) => sum + itemsOf(each[name], name).length, 0);
  const lengthOf = (value: unknown): number => (Array.isArray(value) ? value.length : -1);
  const missing =
    asked('writableIndexes') !== told.writable.length ||
    asked('readonlyIndexes') !== told.readonly.length
      ? 'addresses from lookup tables'
      : lengthOf(meta.preBalances) !== told.keys || lengthOf(meta.postBalances) !== told.keys
        ? 'lamports'
        : null;
  if (missing === null) return;
  throw new Fault(
    'rpc_unavailable',
    `getTransaction: the node has ${signature} and did not record all of its ${missing}, so its effects are unknown`,
  );
}

/**
 * Reads one transaction, with its teller. Null when a node that has seen `seenSlot` does not have
 * it at that commitment. Throws `rpc_unavailable` for a transaction without metadata, whose outcome
 * the node does not know, and for one without its calls or token balances.
 */
export function readTransaction(
  connection: Connection,
  signature: Signature,
  commitment: Commitment,
  seenSlot?: Slot,
): Promise<ChainTransaction | null> {
  return asking('getTransaction', async () => {
    const found = await askNode(connection, 'getTransaction', [
      signature,
      {
        commitment,
        maxSupportedTransactionVersion: 1,
        ...(seenSlot === undefined ? {} : { minContextSlot: seenSlot }),
      },
    ]);
    if (found === null) return null;
    const response = membersOf(found, 'the transaction');
    if (response.meta === null || response.meta === undefined)
      throw new Fault(
        'rpc_unavailable',
        `getTransaction: the node has ${signature} and not its metadata, so its outcome is unknown`,
      );
    return toldBy(transactionOf(response, signature), tellerOf(found));
  });
}
