// Rpc: the JSON-RPC methods of the local chain, which answer from the cluster as an Agave node
// does.
import { base58Bytes } from '../../core/ids.ts';
import { type Account, TOKEN_PROGRAM } from './account.ts';
import type { Cluster, Commitment, Landed } from './cluster.ts';
import { encodeAccount, encodeMeta, encodeTransaction, uiAmount } from './encode.ts';
import { type Mischief, strikes } from './mischief.ts';
import {
  type Config,
  commitmentOf,
  config,
  encodingOf,
  key,
  type Params,
  RpcError,
  text,
} from './params.ts';
import { createSending } from './sending.ts';

export type RpcMethods = Record<string, (params: Params) => unknown>;

const API_VERSION = '4.0.0';

/** Creates the methods over a cluster, by their names. */
export function createRpcMethods(cluster: Cluster, mischief: Mischief): RpcMethods {
  const { bank } = cluster;
  const context = (commitment: Commitment, given: Config = {}) => {
    const slot = cluster.slot(commitment) - mischief.lagSlots;
    const least = given.minContextSlot;
    if (typeof least === 'number' && slot < least) {
      throw new RpcError(-32016, 'Minimum context slot has not been reached', {
        contextSlot: slot,
      });
    }
    if (mischief.wrongSlot.times > 0) {
      mischief.wrongSlot.times--;
      return { apiVersion: API_VERSION, slot: mischief.wrongSlot.slot };
    }
    return { apiVersion: API_VERSION, slot };
  };
  const visible = (landed: Landed | null, commitment: Commitment): Landed | null =>
    landed !== null &&
    landed.slot > mischief.forgottenUpTo &&
    landed.slot <= cluster.slot(commitment) - mischief.lagSlots
      ? landed
      : null;
  // The first slot of which this node has blocks: all of them, unless `forgottenUpTo` is set.
  const firstAvailable = () =>
    mischief.claimedFirst ?? (mischief.forgottenUpTo === 0 ? 0 : mischief.forgottenUpTo + 1);
  const slice = (given: Config) => {
    const wanted = given.dataSlice as { offset: number; length: number } | undefined;
    return wanted ?? undefined;
  };
  const sending = createSending(cluster, mischief, context);
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
    if (commitment === 'processed')
      throw new RpcError(-32602, 'Method does not support commitment below `confirmed`');
    context(commitment, given);
    const limit = Math.min(typeof given.limit === 'number' ? given.limit : 1000, mischief.pageMost);
    const all = cluster.history(account).filter((each) => visible(each, commitment) !== null);
    const found =
      typeof given.before === 'string'
        ? all.findIndex((each) => each.signature === given.before)
        : -1;
    const from = typeof given.before === 'string' ? (found < 0 ? all.length : found + 1) : 0;
    const until =
      typeof given.until === 'string'
        ? all.findIndex((each) => each.signature === given.until)
        : -1;
    return all
      .slice(from, until < 0 ? undefined : until)
      .slice(0, limit)
      .map((landed) => ({
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
      const wanted =
        memcmp.encoding === 'base64'
          ? Buffer.from(text(memcmp.bytes, 'bytes'), 'base64')
          : base58Bytes(text(memcmp.bytes, 'bytes'));
      const offset = Number(memcmp.offset);
      return (
        wanted !== null &&
        Buffer.from(account.data.subarray(offset, offset + wanted.length)).equals(wanted)
      );
    });

  return {
    getHealth: () => 'ok',
    getVersion: () => ({ 'solana-core': API_VERSION, 'feature-set': 0 }),
    getGenesisHash: () => mischief.genesisHash ?? cluster.genesisHash,
    getFirstAvailableBlock: firstAvailable,
    minimumLedgerSlot: firstAvailable,
    getSlot: ([given]) => context(commitmentOf(config(given)), config(given)).slot,
    getBlockHeight: ([given]) => cluster.height(commitmentOf(config(given))) - mischief.lagSlots,
    getBlocks: ([from, to, given]) => {
      const newest = cluster.slot(commitmentOf(config(given))) - mischief.lagSlots;
      const last = Math.min(typeof to === 'number' ? to : newest, newest);
      const kept = cluster.slotsWithBlocks(
        Math.max(Number(from), mischief.forgottenUpTo + 1),
        last,
      );
      // The chain begins with the block of slot 0, and skips every slot up to its first
      // transaction.
      return Number(from) === 0 && mischief.forgottenUpTo === 0 ? [0, ...kept] : kept;
    },
    getBlock: ([slot, given]) => {
      const wanted = Number(slot);
      const { transactionDetails, commitment } = config(given);
      if (transactionDetails !== 'none')
        throw new RpcError(-32602, 'The local chain gives the heads of blocks only');
      if (wanted <= mischief.forgottenUpTo)
        throw new RpcError(-32001, `Block ${wanted} cleaned up, does not exist on node.`);
      const found = cluster.block(wanted);
      if (found === null || wanted > cluster.slot(commitmentOf(config({ commitment }))))
        throw new RpcError(-32004, `Block not available for slot ${wanted}`);
      const { height, hash, parentSlot } = found;
      return {
        blockhash: hash,
        previousBlockhash: cluster.block(parentSlot)?.hash ?? hash,
        parentSlot,
        blockHeight: height,
        blockTime: cluster.blockTime(wanted),
      };
    },
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
      return {
        context: context(commitment, config(given)),
        value: { blockhash: hash, lastValidBlockHeight },
      };
    },
    isBlockhashValid: ([hash, given]) => ({
      context: context(commitmentOf(config(given))),
      value: cluster.isBlockhashValid(text(hash, 'blockhash')),
    }),
    getAccountInfo: ([address, options]) => {
      const given = config(options);
      const commitment = commitmentOf(given);
      const value = encodeAccount(
        cluster.account(key(address), commitment),
        encodingOf(given),
        slice(given),
      );
      return { context: context(commitment, given), value };
    },
    getMultipleAccounts: ([addresses, options]) => {
      const given = config(options);
      const commitment = commitmentOf(given);
      if (!Array.isArray(addresses) || addresses.length > 100)
        throw new RpcError(-32602, 'Too many inputs provided; max 100');
      const empty = strikes(mischief, 'emptyAccounts');
      const value = addresses.map((each) =>
        empty
          ? null
          : encodeAccount(cluster.account(key(each), commitment), encodingOf(given), slice(given)),
      );
      return { context: context(commitment, given), value };
    },
    getProgramAccounts: ([program, options]) => {
      const given = config(options);
      const rows = bank
        .owned(key(program))
        .filter(({ account }) => matches(account, given.filters))
        .map(({ address, account }) => ({
          pubkey: address,
          account: encodeAccount(account, encodingOf(given), slice(given)),
        }));
      return given.withContext === true
        ? { context: context(commitmentOf(given)), value: rows }
        : rows;
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
      if (account.owner !== TOKEN_PROGRAM)
        throw new RpcError(-32602, 'Invalid param: not a Token account');
      return {
        context: context(commitment),
        value: uiAmount(Buffer.from(account.data).readBigUInt64LE(64), 6),
      };
    },
    getMinimumBalanceForRentExemption: ([bytes]) => Number(bank.minimumBalance(Number(bytes))),
    getRecentPrioritizationFees: () =>
      Array.from({ length: 20 }, (_, back) => ({
        slot: cluster.slot('processed') - back,
        prioritizationFee: 0,
      })).reverse(),
    getFeeForMessage: ([message, options]) => {
      const count = Buffer.from(text(message, 'message'), 'base64');
      const signers = (count[0] ?? 0) >= 128 ? (count[1] ?? 1) : (count[0] ?? 1);
      return { context: context(commitmentOf(config(options))), value: 5000 * signers };
    },
    requestAirdrop: ([address, lamports]) => sending.airdrop(key(address), Number(lamports)),
    sendTransaction: sending.send,
    simulateTransaction: sending.simulate,
    getSignatureStatuses: ([signatures, options]) => {
      if (!Array.isArray(signatures) || signatures.length > 256)
        throw new RpcError(-32602, 'Too many inputs provided; max 256');
      const history = config(options).searchTransactionHistory === true;
      return {
        context: context('processed', config(options)),
        value: signatures.map((each) => sending.status(text(each, 'signature'), history)),
      };
    },
    getSignaturesForAddress: signaturesFor,
    getTransaction: ([signature, options]) => {
      const given = typeof options === 'string' ? { encoding: options } : config(options);
      context(commitmentOf(given), given);
      const landed = visible(cluster.find(text(signature, 'signature')), commitmentOf(given));
      if (landed === null) return null;
      const { version } = landed.transaction;
      if (version !== 'legacy' && given.maxSupportedTransactionVersion === undefined) {
        throw new RpcError(
          -32015,
          `Transaction version (${version}) is not supported by the requesting client. Please try the request again with the following configuration parameter: "maxSupportedTransactionVersion": ${version}`,
        );
      }
      return {
        slot: landed.slot,
        transactionIndex: landed.index,
        blockTime: landed.blockTime,
        version,
        meta: landed.slot <= mischief.metalessUpTo ? null : encodeMeta(landed, 'rpc'),
        transaction:
          given.encoding === 'base64'
            ? [Buffer.from(landed.bytes).toString('base64'), 'base64']
            : encodeTransaction(landed, 'rpc'),
      };
    },
  };
}
