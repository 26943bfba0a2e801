// Sending: the JSON-RPC methods that take a transaction, and those that give its status.
import {
  ComputeBudgetProgram,
  Keypair,
  PublicKey,
  SystemProgram,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js';
import { base58Bytes, base58Text } from '../../core/ids.ts';
import { SYSTEM_PROGRAM } from './account.ts';
import type { Cluster, Commitment } from './cluster.ts';
import { encodeAccount } from './encode.ts';
import { type Mischief, strikes } from './mischief.ts';
import {
  type Config,
  commitmentOf,
  config,
  encodingOf,
  type Params,
  RpcError,
  text,
} from './params.ts';

type Context = (commitment: Commitment, given?: Config) => { apiVersion: string; slot: number };

/** Creates the methods that send, by their names. */
export function createSending(cluster: Cluster, mischief: Mischief, context: Context) {
  const parse = (
    params: Params,
  ): { transaction: VersionedTransaction; bytes: Uint8Array; given: Config } => {
    const given = config(params[1]);
    const raw = text(params[0], 'transaction');
    const bytes =
      encodingOf(given) === 'base64'
        ? new Uint8Array(Buffer.from(raw, 'base64'))
        : base58Bytes(raw);
    if (bytes === null || bytes.length > 1232)
      throw new RpcError(-32602, 'invalid transaction: too large or not decodable');
    try {
      return { transaction: VersionedTransaction.deserialize(bytes), bytes, given };
    } catch {
      throw new RpcError(
        -32602,
        'failed to deserialize solana_transaction::versioned::VersionedTransaction',
      );
    }
  };
  const simulated = (transaction: VersionedTransaction, given: Config) => {
    const commitment = commitmentOf(given);
    const latest = cluster.blockhash(commitment);
    const at = context(commitment, given);
    if (given.replaceRecentBlockhash === true) transaction.message.recentBlockhash = latest.hash;
    const unknown = !cluster.isInTime(transaction);
    const wanted = (given.accounts as { addresses?: string[] } | undefined)?.addresses ?? [];
    const { execution: ran, after } = unknown
      ? { execution: 'BlockhashNotFound', after: [] }
      : cluster.simulate(transaction, wanted);
    const failed = typeof ran === 'string';
    return {
      context: at,
      value: {
        err: failed ? ran : ran.error,
        logs: failed ? [] : ran.logs,
        accounts: wanted.length === 0 ? null : after.map((each) => encodeAccount(each, 'base64')),
        unitsConsumed: failed ? 0 : ran.units,
        returnData: null,
        innerInstructions: null,
        ...(given.replaceRecentBlockhash === true
          ? {
              replacementBlockhash: {
                blockhash: latest.hash,
                lastValidBlockHeight: latest.lastValidBlockHeight,
              },
            }
          : {}),
      },
    };
  };
  const send = (params: Params): string => {
    const { transaction, bytes, given } = parse(params);
    const signature = base58Text(transaction.signatures[0] ?? new Uint8Array(64));
    if (given.skipPreflight !== true) {
      if (cluster.find(signature) !== null)
        throw new RpcError(
          -32002,
          'Transaction simulation failed: This transaction has already been processed',
          { err: 'AlreadyProcessed', logs: [] },
        );
      const preflight = simulated(VersionedTransaction.deserialize(bytes), {
        commitment: given.preflightCommitment ?? 'finalized',
      });
      if (preflight.value.err !== null) {
        throw new RpcError(
          -32002,
          `Transaction simulation failed: ${JSON.stringify(preflight.value.err)}`,
          preflight.value,
        );
      }
    }
    if (strikes(mischief, 'swallowSends') || mischief.drops?.(transaction) === true)
      return signature;
    if (mischief.onSend?.when === 'before') {
      // The transaction is lost: the caller's process may have ended before it was executed.
      mischief.onSend.act();
      return signature;
    }
    const landed = cluster.submit(transaction, bytes);
    if (mischief.onSend?.when === 'after') mischief.onSend.act();
    if (strikes(mischief, 'denySends')) throw new RpcError(-32603, 'Internal error');
    // Like a real node, this one accepts a transaction that cannot be included, and never mentions
    // it again.
    if (landed === 'SignatureFailure')
      throw new RpcError(-32003, 'Transaction signature verification failure');
    return signature;
  };
  const status = (signature: string, history: boolean) => {
    const landed = cluster.find(signature);
    const seen = cluster.slot('processed') - mischief.lagSlots;
    if (landed === null || landed.slot > seen || landed.slot <= mischief.forgottenUpTo) return null;
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

  let airdrops = 0;
  // The faucet has more SOL than any test asks for. Airdrops are ordinary transactions.
  const faucet = Keypair.generate();
  const airdrop = (address: string, lamports: number): string => {
    const from = faucet.publicKey.toBase58();
    if (cluster.bank.get(from) === null) {
      const data = new Uint8Array();
      cluster.put(from, { lamports: 10n ** 17n, owner: SYSTEM_PROGRAM, data, executable: false });
    }
    const toPubkey = new PublicKey(address);
    const message = new TransactionMessage({
      payerKey: faucet.publicKey,
      recentBlockhash: cluster.blockhash('processed').hash,
      instructions: [
        SystemProgram.transfer({ fromPubkey: faucet.publicKey, toPubkey, lamports }),
        ComputeBudgetProgram.setComputeUnitLimit({ units: 10_000 + (airdrops++ % 1_000_000) }),
      ],
    });
    const transaction = new VersionedTransaction(message.compileToV0Message());
    transaction.sign([faucet]);
    const landed = cluster.submit(transaction, transaction.serialize());
    if (typeof landed === 'string') throw new RpcError(-32603, `airdrop failed: ${landed}`);
    return landed.signature;
  };

  return {
    send,
    status,
    airdrop,
    simulate: (params: Params) => {
      const { transaction, given } = parse(params);
      return simulated(transaction, given);
    },
  };
}
