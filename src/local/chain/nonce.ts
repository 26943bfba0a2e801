// Nonce: durable nonces of the local chain, by the rules of the runtime that LiteSVM leaves out. A
// transaction whose first instruction moves a nonce may stand on that nonce's value in place of a
// blockhash, however old it is. When it is executed the nonce moves, also when it fails.
import { createHash } from 'node:crypto';
import {
  NONCE_ACCOUNT_LENGTH,
  SYSVAR_RECENT_BLOCKHASHES_PUBKEY,
  type VersionedTransaction,
} from '@solana/web3.js';
import { base58Bytes } from '../../core/ids.ts';
import { type Account, SYSTEM_PROGRAM } from './account.ts';
import type { Execution } from './execution.ts';
import { keyText } from './message.ts';

const ADVANCE = 4;
const [STATE_AT, AUTHORITY_AT, VALUE_AT] = [4, 8, 40];
const INITIALIZED = 1;

const isNonce = (account: Account | null): account is Account =>
  account !== null &&
  account.owner === SYSTEM_PROGRAM &&
  account.data.length === NONCE_ACCOUNT_LENGTH &&
  account.data[STATE_AT] === INITIALIZED;
const heldValue = ({ data }: Account): Buffer =>
  Buffer.from(data.subarray(VALUE_AT, VALUE_AT + 32));

/** The value that a nonce takes in a block: a hash of the blockhash before it. */
const durable = (blockhash: string): Buffer =>
  createHash('sha256')
    .update('DURABLE_NONCE')
    .update(base58Bytes(blockhash) ?? new Uint8Array())
    .digest();

/**
 * The nonce account that a transaction stands on; null when its blockhash is no value of a nonce
 * that it may move in this block.
 */
export function nonceUnder(
  { message }: VersionedTransaction,
  get: (address: string) => Account | null,
  blockhash: string,
): string | null {
  const [first] = message.compiledInstructions;
  const keyAt = (index: number): string => {
    const key = message.staticAccountKeys[index];
    return key === undefined ? '' : keyText(key);
  };
  if (first === undefined || keyAt(first.programIdIndex) !== SYSTEM_PROGRAM) return null;
  const [account = -1, sysvar = -1, authority = -1] = first.accountKeyIndexes;
  if (first.data[0] !== ADVANCE || !message.isAccountWritable(account)) return null;
  if (keyAt(sysvar) !== SYSVAR_RECENT_BLOCKHASHES_PUBKEY.toBase58()) return null;
  const found = get(keyAt(account));
  if (!isNonce(found)) return null;
  const key = message.staticAccountKeys[authority];
  const owner = Buffer.from(found.data.subarray(AUTHORITY_AT, VALUE_AT));
  if (!message.isAccountSigner(authority) || key === undefined || !owner.equals(key.toBytes()))
    return null;
  const value = heldValue(found);
  const named = Buffer.from(base58Bytes(message.recentBlockhash) ?? []);
  // A nonce moves once in a block at most: its next value would be the same.
  return value.equals(named) && !value.equals(durable(blockhash)) ? keyAt(account) : null;
}

/**
 * Writes the nonces after an execution: the one that a failed transaction stood on has moved, and
 * those that were moved or initialized have the value of this block.
 */
export function moveNonces(
  bank: { peek(address: string): Account | null; set(address: string, account: Account): void },
  { before, error }: Execution,
  under: string | null,
  blockhash: string,
): void {
  const move = (address: string, account: Account): void => {
    const data = Uint8Array.from(account.data);
    data.set(durable(blockhash), VALUE_AT);
    bank.set(address, { ...account, data });
  };
  for (const [address, was] of before) {
    const now = bank.peek(address);
    if (!isNonce(now)) continue;
    const moved = error === null && (!isNonce(was) || !heldValue(was).equals(heldValue(now)));
    if (moved || address === under) move(address, now);
  }
}
