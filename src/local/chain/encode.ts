// Encode: writes transactions and accounts in the JSON of a Solana RPC node and of Helius.
import { base58Text } from '../../core/ids.ts';
import { type Account, bufferOf } from './account.ts';
import type { TokenBalanceRow } from './balances.ts';
import type { Landed } from './cluster.ts';
import { keyText } from './message.ts';

type Slice = { readonly offset: number; readonly length: number };

/**
 * An account in RPC's JSON, with its data in base58 or else base64; base64+zstd is not supported.
 */
export function encodeAccount(account: Account | null, encoding: string, slice?: Slice) {
  if (account === null) return null;
  const data = slice
    ? account.data.subarray(slice.offset, slice.offset + slice.length)
    : account.data;
  const text = encoding === 'base58' ? base58Text(data) : bufferOf(data).toString('base64');
  return {
    lamports: Number(account.lamports),
    owner: account.owner,
    executable: account.executable,
    rentEpoch: 18446744073709552000,
    space: account.data.length,
    data: [text, encoding === 'base58' ? 'base58' : 'base64'],
  };
}

function encodeTokens(rows: readonly TokenBalanceRow[]) {
  return rows.map(({ accountIndex, mint, owner, amount, decimals, program }) => ({
    accountIndex,
    mint,
    owner,
    programId: program,
    uiTokenAmount: uiAmount(amount, decimals),
  }));
}

/** `uiTokenAmount` of an amount. RPC gives a float with it, which no reader should use. */
export function uiAmount(amount: bigint, decimals: number) {
  if (decimals === 0)
    return {
      amount: amount.toString(),
      decimals,
      uiAmount: Number(amount),
      uiAmountString: amount.toString(),
    };
  const text = amount.toString().padStart(decimals + 1, '0');
  const whole = `${text.slice(0, -decimals)}.${text.slice(-decimals)}`.replace(/\.?0+$/, '');
  return { amount: amount.toString(), decimals, uiAmount: Number(whole), uiAmountString: whole };
}

/** The `meta` of a transaction. Style `helius` leaves out the fields that a webhook body lacks. */
export function encodeMeta(landed: Landed, style: 'rpc' | 'helius') {
  const { execution } = landed;
  const meta = {
    err: execution.error,
    fee: Number(execution.fee),
    innerInstructions: execution.inner.map(({ index, instructions }) => ({
      index,
      instructions: instructions.map(({ programIdIndex, accounts, data, stackHeight }) =>
        style === 'rpc'
          ? { programIdIndex, accounts, data, stackHeight }
          : { programIdIndex, accounts, data },
      ),
    })),
    loadedAddresses: execution.message.loaded,
    logMessages: execution.logs,
    preBalances: execution.preBalances.map(Number),
    postBalances: execution.postBalances.map(Number),
    preTokenBalances: encodeTokens(execution.preTokens),
    postTokenBalances: encodeTokens(execution.postTokens),
    rewards: [],
  };
  if (style === 'helius') return meta;
  const status = execution.error === null ? { Ok: null } : { Err: execution.error };
  return { ...meta, status, computeUnitsConsumed: execution.units };
}

/** The `transaction` of a transaction, in json encoding. */
export function encodeTransaction(landed: Landed, style: 'rpc' | 'helius') {
  const { transaction, execution } = landed;
  const { message } = transaction;
  const lookups = message.addressTableLookups.map((lookup) => ({
    accountKey: keyText(lookup.accountKey),
    writableIndexes: lookup.writableIndexes,
    readonlyIndexes: lookup.readonlyIndexes,
  }));
  const versioned = transaction.version !== 'legacy';
  return {
    signatures: transaction.signatures.map(base58Text),
    message: {
      accountKeys: execution.message.keys.slice(0, message.staticAccountKeys.length),
      header: {
        numRequiredSignatures: message.header.numRequiredSignatures,
        numReadonlySignedAccounts: message.header.numReadonlySignedAccounts,
        numReadonlyUnsignedAccounts: message.header.numReadonlyUnsignedAccounts,
      },
      recentBlockhash: message.recentBlockhash,
      instructions: execution.message.compiled.map(
        ({ programIdIndex, accountKeyIndexes, data }) => ({
          programIdIndex,
          accounts: accountKeyIndexes,
          data: base58Text(data),
          ...(style === 'rpc' ? { stackHeight: null } : {}),
        }),
      ),
      ...(versioned || style === 'helius'
        ? { addressTableLookups: versioned ? lookups : null }
        : {}),
    },
  };
}

/** One entry of a raw Helius webhook body. */
export function encodeDelivery(landed: Landed) {
  return {
    blockTime: landed.blockTime,
    indexWithinBlock: landed.index,
    meta: encodeMeta(landed, 'helius'),
    slot: landed.slot,
    transaction: encodeTransaction(landed, 'helius'),
    version: landed.transaction.version,
  };
}
