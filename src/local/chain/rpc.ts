// Rpc: the JSON-RPC methods of the local chain, answering from the cluster as an Agave node would.
import { VersionedTransaction } from '@solana/web3.js';
import { base58Bytes, base58Text } from '../../core/ids.ts';
import { type Account, TOKEN_PROGRAM } from './account.ts';
import type { Cluster, Commitment, Landed } from './cluster.ts';
import { encodeAccount, encodeMeta, encodeTransaction, uiAmount } from './encode.ts';
import { type Mischief, strikes } from './mischief.ts';

/** An error answer, with the code that Agave gives. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

type Params = readonly unknown[];
type Config = Record<string, unknown>;
export type RpcMethods = Record<string, (params: Params) => unknown>;

const API_VERSION = '4.0.0';
const text = (value: unknown, name: string): string => {
  if (typeof value !== 'string') throw new RpcError(-32602, `Invalid params: ${name} must be a string`);
  return value;
};
const key = (value: unknown): string => {
  const given = text(value, 'address');
  if (base58Bytes(given)?.length !== 32) throw new RpcError(-32602, 'Invalid param: WrongSize');
  return given;
};
const config = (value: unknown): Config => (value !== null && typeof value === 'object' ? (value as Config) : {});
const commitmentOf = (given: Config, fallback: Commitment = 'finalized'): Commitment => {
  const wanted = given.commitment ?? fallback;
  if (wanted === 'processed' || wanted === 'confirmed' || wanted === 'finalized') return wanted;
  throw new RpcError(-32602, `Invalid params: unknown commitment ${String(wanted)}`);
};
const encodingOf = (given: Config): string => (typeof given.encoding === 'string' ? given.encoding : 'base58');

export function createRpcMethods(cluster: Cluster, mischief: Mischief): RpcMethods {
  const { bank } = cluster;
  const context = (commitment: Commitment, given: Config = {}) => {
    const slot = cluster.slot(commitment) - mischief.lagSlots;
    const least = given.minContextSlot;
    if (typeof least === 'number' && slot < least) {
      throw new RpcError(-32016, 'Minimum context slot has not been reached', { contextSlot: slot });
    }
    return { apiVersion: API_VERSION, slot };
  };
  const visible = (landed: Landed | null, commitment: Commitment): Landed | null =>
    landed !== null && landed.slot <= cluster.slot(commitment) - mischief.lagSlots ? landed : null;
  const slice = (given: Config) => {
    const wanted = given.dataSlice as { offset: number; length: number } | undefined;
    return wanted ?? undefined;
  };
  const parse = (params: Params): { transaction: VersionedTransaction; bytes: Uint8Array; given: Config } => {
    const given = config(params[1]);
    const raw = text(params[0], 'transaction');
    const bytes = encodingOf(given) === 'base64' ? new Uint8Array(Buffer.from(raw, 'base64')) : base58Bytes(raw);
    if (bytes === null || bytes.length > 1232) throw new RpcError(-32602, 'invalid transaction: too large or not decodable');
    try {
      return { transaction: VersionedTransaction.deserialize(bytes), bytes, given };
    } catch {
      throw new RpcError(-32602, 'failed to deserialize solana_transaction::versioned::VersionedTransaction');
    }
  };
  const simulated = (transaction: VersionedTransaction, given: Config) => {
    const commitment = commitmentOf(given);
    const latest = cluster.blockhash(commitment);
    const at = context(commitment, given);
    if (given.replaceRecentBlockhash === true) transaction.message.recentBlockhash = latest.hash;
    const unknown = !cluster.isBlockhashValid(transaction.message.recentBlockhash);
    const ran = unknown ? 'BlockhashNotFound' : cluster.simulate(transaction);
    const failed = typeof ran === 'string';
    return {
      context: at,
      value: {
        err: failed ? ran : ran.error,
        logs: failed ? [] : ran.logs,
        accounts: null,
        unitsConsumed: failed ? 0 : ran.units,
        returnData: null,
        innerInstructions: null,
        ...(given.replaceRecentBlockhash === true
          ? { replacementBlockhash: { blockhash: latest.hash, lastValidBlockHeight: latest.lastValidBlockHeight } }
          : {}),
      },
    };
  };
  const send = (params: Params): string => {
    const { transaction, bytes, given } = parse(params);
    const signature = base58Text(transaction.signatures[0] ?? new Uint8Array(64));
    if (given.skipPreflight !== true) {
      if (cluster.find(signature) !== null) throw new RpcError(-32002, 'Transaction simulation failed: This transaction has already been processed', { err: 'AlreadyProcessed', logs: [] });
      const preflight = simulated(VersionedTransaction.deserialize(bytes), { commitment: given.preflightCommitment ?? 'finalized' });
      if (preflight.value.err !== null) {
        throw new RpcError(-32002, `Transaction simulation failed: ${JSON.stringify(preflight.value.err)}`, preflight.value);
      }
    }
    if (strikes(mischief, 'swallowSends')) return signature;
    const landed = cluster.submit(transaction, bytes);
    if (strikes(mischief, 'denySends')) throw new RpcError(-32603, 'Internal error');
    // As on a real node, a transaction that cannot be included is accepted and never heard of again.
    if (landed === 'SignatureFailure') throw new RpcError(-32003, 'Transaction signature verification failure');
    return signature;
  };
  const status = (signature: string, history: boolean) => {
    const landed = visible(cluster.find(signature), 'processed');
    if (landed === null) return null;
    const commitment = cluster.commitmentOf(landed.slot);
    if (!history && cluster.slot('finalized') - landed.slot > 300) return null;
    const { error } = landed.execution;
    return {
      slot: landed.slot,
      confirmations: commitment === 'finalized' ? null : cluster.slot('processed') - landed.slot,
      err: error,
      status: error === null ? { Ok: null } : { Err: error },
      confirmationStatus: commitment,
    };
  };
  const memoOf = (landed: Landed): string | null => {
    const memos = landed.execution.message.instructions
      .filter(({ program }) => program.startsWith('Memo'))
      .map(({ data }) => `[${data.length}] ${Buffer.from(data).toString('utf8')}`);
    return memos.length > 0 ? memos.join('; ') : null;
  };
  const signaturesFor = (params: Params) => {
    const account = key(params[0]);
    const given = config(params[1]);
    const commitment = commitmentOf(given);
    if (commitment === 'processed') throw new RpcError(-32602, 'Method does not support commitment below `confirmed`');
    context(commitment, given);
    const limit = typeof given.limit === 'number' ? given.limit : 1000;
    const all = cluster.history(account).filter((each) => visible(each, commitment) !== null);
    const found = typeof given.before === 'string' ? all.findIndex((each) => each.signature === given.before) : -1;
    const from = typeof given.before === 'string' ? (found < 0 ? all.length : found + 1) : 0;
    const until = typeof given.until === 'string' ? all.findIndex((each) => each.signature === given.until) : -1;
    return all.slice(from, until < 0 ? undefined : until).slice(0, limit).map((landed) => ({
      signature: landed.signature,
      slot: landed.slot,
      transactionIndex: landed.index,
      err: landed.execution.error,
      memo: memoOf(landed),
      blockTime: landed.blockTime,
      confirmationStatus: cluster.commitmentOf(landed.slot),
    }));
  };
  const matches = (account: Account, filters: unknown): boolean =>
    (Array.isArray(filters) ? filters : []).every((filter: Config) => {
      if (typeof filter.dataSize === 'number') return account.data.length === filter.dataSize;
      const memcmp = config(filter.memcmp);
      const wanted = memcmp.encoding === 'base64' ? Buffer.from(text(memcmp.bytes, 'bytes'), 'base64') : base58Bytes(text(memcmp.bytes, 'bytes'));
      const offset = Number(memcmp.offset);
      return wanted !== null && Buffer.from(account.data.subarray(offset, offset + wanted.length)).equals(wanted);
    });

  return {
    getHealth: () => 'ok',
    getVersion: () => ({ 'solana-core': API_VERSION, 'feature-set': 0 }),
    getGenesisHash: () => '5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d',
    getSlot: ([given]) => context(commitmentOf(config(given)), config(given)).slot,
    getBlockHeight: ([given]) => cluster.height(commitmentOf(config(given))) - mischief.lagSlots,
    getBlockTime: ([slot]) => cluster.blockTime(Number(slot)),
    getEpochInfo: ([given]) => {
      const commitment = commitmentOf(config(given));
      const slot = context(commitment, config(given)).slot;
      return {
        absoluteSlot: slot,
        blockHeight: cluster.height(commitment) - mischief.lagSlots,
        epoch: Math.floor(slot / 432_000),
        slotIndex: slot % 432_000,
        slotsInEpoch: 432_000,
        transactionCount: 0,
      };
    },
    getLatestBlockhash: ([given]) => {
      const commitment = commitmentOf(config(given));
      const { hash, lastValidBlockHeight } = cluster.blockhash(commitment);
      return { context: context(commitment, config(given)), value: { blockhash: hash, lastValidBlockHeight } };
    },
    isBlockhashValid: ([hash, given]) => ({
      context: context(commitmentOf(config(given))),
      value: cluster.isBlockhashValid(text(hash, 'blockhash')),
    }),
    getAccountInfo: ([address, options]) => {
      const given = config(options);
      const commitment = commitmentOf(given);
      const value = encodeAccount(cluster.account(key(address), commitment), encodingOf(given), slice(given));
      return { context: context(commitment, given), value };
    },
    getMultipleAccounts: ([addresses, options]) => {
      const given = config(options);
      const commitment = commitmentOf(given);
      if (!Array.isArray(addresses) || addresses.length > 100) throw new RpcError(-32602, 'Too many inputs provided; max 100');
      const value = addresses.map((each) => encodeAccount(cluster.account(key(each), commitment), encodingOf(given), slice(given)));
      return { context: context(commitment, given), value };
    },
    getProgramAccounts: ([program, options]) => {
      const given = config(options);
      const rows = bank
        .owned(key(program))
        .filter(({ account }) => matches(account, given.filters))
        .map(({ address, account }) => ({ pubkey: address, account: encodeAccount(account, encodingOf(given), slice(given)) }));
      return given.withContext === true ? { context: context(commitmentOf(given)), value: rows } : rows;
    },
    getBalance: ([address, options]) => {
      const commitment = commitmentOf(config(options));
      const lamports = cluster.account(key(address), commitment)?.lamports ?? 0n;
      return { context: context(commitment, config(options)), value: Number(lamports) };
    },
    getTokenAccountBalance: ([address, options]) => {
      const commitment = commitmentOf(config(options));
      const account = cluster.account(key(address), commitment);
      if (account === null) throw new RpcError(-32602, 'Invalid param: could not find account');
      if (account.owner !== TOKEN_PROGRAM) throw new RpcError(-32602, 'Invalid param: not a Token account');
      return { context: context(commitment), value: uiAmount(Buffer.from(account.data).readBigUInt64LE(64), 6) };
    },
    getMinimumBalanceForRentExemption: ([bytes]) => Number(bank.minimumBalance(Number(bytes))),
    getRecentPrioritizationFees: () =>
      Array.from({ length: 20 }, (_, back) => ({ slot: cluster.slot('processed') - back, prioritizationFee: 0 })).reverse(),
    getFeeForMessage: ([message, options]) => {
      const count = Buffer.from(text(message, 'message'), 'base64');
      const signers = (count[0] ?? 0) >= 128 ? (count[1] ?? 1) : (count[0] ?? 1);
      return { context: context(commitmentOf(config(options))), value: 5000 * signers };
    },
    requestAirdrop: ([address, lamports]) => {
      const target = key(address);
      const before = bank.get(target);
      const base = before ?? { lamports: 0n, owner: '11111111111111111111111111111111', data: new Uint8Array(), executable: false };
      cluster.put(target, { ...base, lamports: base.lamports + BigInt(Number(lamports)) });
      return base58Text(new Uint8Array(64).fill(1));
    },
    sendTransaction: send,
    simulateTransaction: (params) => {
      const { transaction, given } = parse(params);
      return simulated(transaction, given);
    },
    getSignatureStatuses: ([signatures, options]) => {
      if (!Array.isArray(signatures) || signatures.length > 256) throw new RpcError(-32602, 'Too many inputs provided; max 256');
      const history = config(options).searchTransactionHistory === true;
      return { context: context('processed'), value: signatures.map((each) => status(text(each, 'signature'), history)) };
    },
    getSignaturesForAddress: signaturesFor,
    getTransaction: ([signature, options]) => {
      const given = typeof options === 'string' ? { encoding: options } : config(options);
      const landed = visible(cluster.find(text(signature, 'signature')), commitmentOf(given));
      if (landed === null) return null;
      const { version } = landed.transaction;
      if (version !== 'legacy' && given.maxSupportedTransactionVersion === undefined) {
        throw new RpcError(-32015, `Transaction version (${version}) is not supported by the requesting client. Please try the request again with the following configuration parameter: "maxSupportedTransactionVersion": ${version}`);
      }
      return {
        slot: landed.slot,
        transactionIndex: landed.index,
        blockTime: landed.blockTime,
        version,
        meta: encodeMeta(landed, 'rpc'),
        transaction: given.encoding === 'base64' ? [Buffer.from(landed.bytes).toString('base64'), 'base64'] : encodeTransaction(landed, 'rpc'),
      };
    },
  };
}
