// Nonces: durable nonces of the simulated chain, by the rules of the runtime. They share no code
// with the daemon's reader.
import { createHash } from 'node:crypto';
import { base58Bytes } from '../../../src/core/ids.ts';
import {
  type Account,
  base58Of,
  type Frame,
  ProgramFailure,
  rentOf,
  type Store,
  SYSTEM,
} from './account.ts';
import { keyBytes, type SimInstruction, type SimTransaction } from './message.ts';

const NONCE_BYTES = 80;
const [ADVANCE, WITHDRAW, INITIALIZE] = [4, 5, 6];
/** A nonce moves once in a block at most. */
const NOT_EXPIRED = { Custom: 6 };

const durable = (blockhash: string): Buffer =>
  createHash('sha256')
    .update('DURABLE_NONCE')
    .update(base58Bytes(blockhash) ?? new Uint8Array())
    .digest();

/** The bytes of a nonce account; null for another account. */
function bytesOf(account: Account | null): Buffer | null {
  if (account?.owner !== SYSTEM || account.data.length !== NONCE_BYTES) return null;
  const data = Buffer.from(account.data);
  return data.readUInt32LE(4) === 1 ? data : null;
}

function dataOf(authority: Uint8Array, blockhash: string): Uint8Array {
  const data = Buffer.alloc(NONCE_BYTES);
  data.writeUInt32LE(1, 0);
  data.writeUInt32LE(1, 4);
  data.set(authority, 8);
  data.set(durable(blockhash), 40);
  data.writeBigUInt64LE(5_000n, 72);
  return new Uint8Array(data);
}

/** A nonce account of this authority, with the value that follows from a blockhash. */
export const nonceOf = (authority: Uint8Array, blockhash: string): Account => ({
  lamports: rentOf(NONCE_BYTES),
  owner: SYSTEM,
  data: dataOf(authority, blockhash),
});

function hold(store: Store, address: string, authority: Uint8Array, blockhash: string): void {
  const account = store.get(address);
  if (account !== null) store.set(address, { ...account, data: dataOf(authority, blockhash) });
}

/** Whether the first instruction moves a nonce, so that the bytes may be executed at any time. */
export const isUnderNonce = ({ instructions: [first] }: SimTransaction): boolean =>
  first?.program === SYSTEM && first.data[0] === ADVANCE;

/** Whether a transaction makes an account a nonce. */
export const opensNonce = ({ instructions }: SimTransaction): boolean =>
  instructions.some(({ program, data }) => program === SYSTEM && data[0] === INITIALIZE);

/** The nonce account on whose value a transaction stands; null when it stands on none. */
export function nonceUnder(
  store: Store,
  { keys, signers, blockhash, instructions }: SimTransaction,
  parent: string,
): string | null {
  const [first] = instructions;
  if (first?.program !== SYSTEM || first.data[0] !== ADVANCE || blockhash === null) return null;
  const [address = '', , authority = ''] = first.accounts;
  const data = bytesOf(store.get(address));
  if (data === null || base58Of(data, 40) !== blockhash || base58Of(data, 8) !== authority)
    return null;
  if (!keys.slice(0, signers).includes(authority)) return null;
  return data.subarray(40, 72).equals(durable(parent)) ? null : address;
}

/** Moves the nonce of a transaction that failed. */
export function moveFailed(store: Store, address: string, blockhash: string): void {
  const data = bytesOf(store.get(address));
  if (data !== null) hold(store, address, data.subarray(8, 40), blockhash);
}

/** AdvanceNonceAccount, WithdrawNonceAccount and InitializeNonceAccount of the system program. */
export function nonceInstruction({ accounts, data }: SimInstruction, frame: Frame): void {
  const [address = '', second = ''] = accounts;
  const held = bytesOf(frame.get(address));
  const isHeld = data[0] === ADVANCE || data[0] === WITHDRAW;
  if (isHeld !== (held !== null)) throw new ProgramFailure('InvalidAccountData');
  if (held === null) {
    const blank = frame.get(address);
    if (blank?.data.length !== NONCE_BYTES) throw new ProgramFailure('InvalidAccountData');
    hold(frame, address, data.subarray(4, 36), frame.blockhash);
    return;
  }
  const authority = base58Of(held, 8);
  if (!frame.signed(authority)) throw new ProgramFailure('MissingRequiredSignature');
  if (held.subarray(40, 72).equals(durable(frame.blockhash))) throw new ProgramFailure(NOT_EXPIRED);
  if (data[0] === ADVANCE) {
    hold(frame, address, keyBytes(authority), frame.blockhash);
    return;
  }
  const account = frame.get(address) as Account;
  const lamports = Buffer.from(data).readBigUInt64LE(4);
  if (lamports !== account.lamports) throw new ProgramFailure('InsufficientFunds');
  const into = frame.get(second) ?? { lamports: 0n, owner: SYSTEM, data: new Uint8Array() };
  frame.set(address, null);
  frame.set(second, { ...into, lamports: into.lamports + lamports });
}
