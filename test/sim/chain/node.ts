// Node: one RPC node of the simulated chain. It answers the daemon's JSON-RPC methods like an Agave
// node, from the blocks that it has: it may be behind, have pruned or never had older blocks, keep
// no logs, or have a broken index.
import { base58Text } from '../../../src/core/ids.ts';
import { type Account, LAMPORTS_A_SIGNATURE, rentOf, TOKEN, UNITS } from './account.ts';
import { BLOCKHASH_LIFE, type Landed, type SimChain } from './chain.ts';
import { readTransaction, type SimTransaction } from './message.ts';
import { MEMO } from './programs.ts';

/** Statuses are kept for so many blocks where history is not searched. */
const STATUS_CACHE = 300;
export type Index = 'status' | 'transaction' | 'history';

export type SimNode = {
  /** The chain whose blocks it has. */
  chain: SimChain;
  /** Blocks by which it is behind. */
  lag: number;
  /** The first slot that it has blocks of. */
  firstSlot: number;
  /** Signatures that one of its indices lacks. */
  lacks: (index: Index, signature: string) => boolean;
  /** Whether it gives a transaction with its logs, without them, or without any metadata. */
  tells: (signature: string) => 'all' | 'no logs' | 'no meta';
  /** Rows after which it ends a page of history early; null never. */
  pageMost: number | null;
  /** The price that it says others paid lately, in micro-lamports a compute unit. */
  price: number;
};
export const soundNode = (chain: SimChain): SimNode => ({
  chain,
  lag: 0,
  firstSlot: 0,
  lacks: () => false,
  tells: () => 'all',
  pageMost: null,
  price: 0,
});

export class RpcError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
type Config = Record<string, unknown>;
type Method = (node: SimNode, params: readonly unknown[]) => unknown;
const config = (value: unknown): Config => (value ?? {}) as Config;
const finalized = (given: Config): boolean => given.commitment === 'finalized';

/** The block that a node answers from. */
function viewOf(node: SimNode, given: Config): number {
  const { chain, lag } = node;
  const index = finalized(given) ? chain.root(lag) : chain.tip(lag);
  const least = given.minContextSlot;
  if (typeof least === 'number' && chain.block(index).slot < least)
    throw new RpcError(-32016, 'Minimum context slot has not been reached');
  return index;
}
const context = (node: SimNode, index: number) => ({ slot: node.chain.block(index).slot });

function encode(account: Account | null, given: Config) {
  if (account === null) return null;
  const slice = given.dataSlice as { offset: number; length: number } | undefined;
  const data = slice
    ? account.data.subarray(slice.offset, slice.offset + slice.length)
    : account.data;
  return {
    lamports: Number(account.lamports),
    owner: account.owner,
    executable: false,
    rentEpoch: 0,
    data: [Buffer.from(data).toString('base64'), 'base64'],
  };
}
function tokens(rows: Landed['execution']['preTokens']) {
  return rows.map(({ amount, ...row }) => ({
    ...row,
    programId: TOKEN,
    uiTokenAmount: {
      amount: String(amount),
      decimals: 6,
      uiAmount: Number(amount) / 1e6,
      uiAmountString: '',
    },
  }));
}
function metaOf({ execution }: Landed, logs: boolean) {
  return {
    err: execution.error,
    fee: Number(execution.fee),
    innerInstructions: execution.inner,
    loadedAddresses: { writable: [], readonly: [] },
    logMessages: logs ? execution.logs : null,
    preBalances: execution.preBalances.map(Number),
    postBalances: execution.postBalances.map(Number),
    preTokenBalances: tokens(execution.preTokens),
    postTokenBalances: tokens(execution.postTokens),
    computeUnitsConsumed: UNITS,
  };
}
function messageOf({ keys, ...transaction }: SimTransaction) {
  return {
    accountKeys: keys,
    header: {
      numRequiredSignatures: transaction.signers,
      numReadonlySignedAccounts: transaction.readonlySigned,
      numReadonlyUnsignedAccounts: transaction.readonlyUnsigned,
    },
    recentBlockhash: transaction.blockhash ?? SOME_HASH,
    instructions: transaction.instructions.map(({ program, accounts, data }) => ({
      programIdIndex: keys.indexOf(program),
      accounts: accounts.map((each) => keys.indexOf(each)),
      data: base58Text(data),
    })),
    addressTableLookups: [],
  };
}
const SOME_HASH = base58Text(Buffer.alloc(32, 1));
function memoOf({ transaction }: Landed): string | null {
  const memos = transaction.instructions
    .filter(({ program }) => program === MEMO)
    .map(({ data }) => `[${data.length}] ${Buffer.from(data).toString()}`);
  return memos.length === 0 ? null : memos.join('; ');
}

/** A landed transaction, where this node has its block and the index knows it. */
function seen(node: SimNode, signature: string, index: Index, upto: number): Landed | null {
  const found = node.chain.find(signature);
  if (found === null || found.slot > node.chain.block(upto).slot) return null;
  return found.slot < node.firstSlot || node.lacks(index, signature) ? null : found;
}

const history: Method = (node, [address, options]) => {
  const given = config(options);
  const upto = node.chain.block(viewOf(node, given)).slot;
  const rows: Landed[] = [];
  const all = node.chain.landed();
  const most = Math.min(Number(given.limit ?? 1_000), node.pageMost ?? 1_000);
  let waiting = typeof given.before === 'string';
  for (let at = all.length - 1; at >= 0 && rows.length < most; at--) {
    const each = all[at] as Landed;
    const { signature, keys } = each.transaction;
    if (waiting) waiting = signature !== given.before;
    else if (
      each.slot <= upto &&
      each.slot >= node.firstSlot &&
      keys.includes(String(address)) &&
      !node.lacks('history', signature)
    )
      rows.push(each);
  }
  return rows.map((each) => ({
    signature: each.transaction.signature,
    slot: each.slot,
    ...(node.chain.placesTold ? { transactionIndex: each.index } : {}),
    err: each.execution.error,
    memo: memoOf(each),
    blockTime: null,
  }));
};

export const METHODS: Readonly<Record<string, Method>> = {
  getGenesisHash: ({ chain }) => chain.genesisHash,
  getHealth: () => 'ok',
  getSlot: (node, [given]) => context(node, viewOf(node, config(given))).slot,
  getBlockHeight: (node, [given]) => node.chain.block(viewOf(node, config(given))).height,
  getFirstAvailableBlock: ({ firstSlot }) => firstSlot,
  minimumLedgerSlot: ({ firstSlot }) => firstSlot,
  getBlocks(node, [from, to, given]) {
    const { chain, firstSlot } = node;
    const newest = viewOf(node, config(given));
    const slots: number[] = [];
    for (let index = newest; index >= 0; index--) {
      const { slot } = chain.block(index);
      if (slot < Number(from) || slot < firstSlot) break;
      if (slot <= Number(to)) slots.push(slot);
    }
    return slots.reverse();
  },
  getBlock(node, [wanted, given]) {
    const { chain, firstSlot } = node;
    if (Number(wanted) < firstSlot) throw new RpcError(-32001, `Block ${wanted} cleaned up`);
    for (let index = viewOf(node, config(given)); index >= 0; index--) {
      const { slot, height, hash } = chain.block(index);
      if (slot < Number(wanted)) break;
      if (slot > Number(wanted)) continue;
      const parent = index === 0 ? null : chain.block(index - 1);
      return {
        blockhash: hash,
        previousBlockhash: parent?.hash ?? hash,
        parentSlot: parent?.slot ?? 0,
        blockHeight: height,
        blockTime: null,
      };
    }
    throw new RpcError(-32007, `Slot ${wanted} was skipped`);
  },
  getEpochInfo(node, [given]) {
    const { slot, height } = node.chain.block(viewOf(node, config(given)));
    return {
      absoluteSlot: slot,
      blockHeight: height,
      epoch: 1,
      slotIndex: slot,
      slotsInEpoch: 432_000,
    };
  },
  getLatestBlockhash(node, [given]) {
    const index = viewOf(node, config(given));
    const { hash, height } = node.chain.block(index);
    const value = { blockhash: hash, lastValidBlockHeight: height + BLOCKHASH_LIFE };
    return { context: context(node, index), value };
  },
  isBlockhashValid(node, [hash, given]) {
    const index = viewOf(node, config(given));
    const oldest = Math.max(0, index - BLOCKHASH_LIFE);
    let value = false;
    for (let at = oldest; at <= index; at++) value ||= node.chain.block(at).hash === hash;
    return { context: context(node, index), value };
  },
  getMinimumBalanceForRentExemption: (_, [bytes]) => Number(rentOf(Number(bytes))),
  getRecentPrioritizationFees: ({ price }) => [{ slot: 1, prioritizationFee: price }],
  getFeeForMessage: (node, [, given]) => ({
    context: context(node, viewOf(node, config(given))),
    value: Number(LAMPORTS_A_SIGNATURE),
  }),
  getMultipleAccounts(node, [addresses, options]) {
    const given = config(options);
    const index = viewOf(node, given);
    const value = (addresses as string[]).map((each) =>
      encode(node.chain.accountAt(each, index), given),
    );
    return { context: context(node, index), value };
  },
  getAccountInfo(node, [address, options]) {
    const given = config(options);
    const index = viewOf(node, given);
    return {
      context: context(node, index),
      value: encode(node.chain.accountAt(String(address), index), given),
    };
  },
  getSignatureStatuses(node, [signatures, options]) {
    const search = config(options).searchTransactionHistory === true;
    const tip = node.chain.tip(node.lag);
    const since = node.chain.block(Math.max(0, tip - STATUS_CACHE)).slot;
    const final = node.chain.block(node.chain.root(node.lag)).slot;
    const value = (signatures as string[]).map((each) => {
      const found = seen(node, each, 'status', tip);
      if (found === null || (!search && found.slot < since)) return null;
      const { slot, execution } = found;
      const isFinal = slot <= final;
      return {
        slot,
        confirmations: isFinal ? null : 1,
        err: execution.error,
        confirmationStatus: isFinal ? 'finalized' : 'confirmed',
      };
    });
    return { context: context(node, tip), value };
  },
  getSignaturesForAddress: history,
  getTransaction(node, [signature, options]) {
    const found = seen(node, String(signature), 'transaction', viewOf(node, config(options)));
    if (found === null) return null;
    const tells = node.tells(found.transaction.signature);
    return {
      slot: found.slot,
      ...(node.chain.placesTold ? { transactionIndex: found.index } : {}),
      blockTime: null,
      version: 0,
      meta: tells === 'no meta' ? null : metaOf(found, tells === 'all'),
      transaction: {
        signatures: [found.transaction.signature],
        message: messageOf(found.transaction),
      },
    };
  },
  simulateTransaction(node, [encoded, options]) {
    const given = config(options);
    const index = viewOf(node, given);
    const transaction = readTransaction(Buffer.from(String(encoded), 'base64'), false);
    const { error, logs, store } = node.chain.trial(transaction, index);
    const { hash, height } = node.chain.block(index);
    const wanted = (config(given.accounts).addresses as string[] | undefined) ?? [];
    return {
      context: context(node, index),
      value: {
        err: error,
        logs,
        unitsConsumed: UNITS,
        accounts: wanted.map((each) => encode(error === null ? store.get(each) : null, {})),
        replacementBlockhash: { blockhash: hash, lastValidBlockHeight: height + BLOCKHASH_LIFE },
      },
    };
  },
};
