// Programs: the programs of the simulated chain: system, token, associated token, memo, compute
// budget. Error numbers are those of the real programs. The venue is in drift.ts.
import { createHash } from 'node:crypto';
import { getAssociatedTokenAddressSync } from '@solana/spl-token';
import { PublicKey } from '@solana/web3.js';
import type { Address } from '../../../src/core/ids.ts';
import { WRAPPED_SOL } from '../../../src/core/programs.ts';
import {
  type Account,
  base58Of,
  type Frame,
  type Program,
  ProgramFailure,
  rentOf,
  SYSTEM,
  TOKEN,
} from './account.ts';
import { keyBytes, type SimInstruction } from './message.ts';
import { nonceInstruction } from './nonces.ts';

export const ASSOCIATED = 'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL';
export const MEMO = 'MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr';
export const TOKEN_BYTES = 165;
const INITIALIZED = 1;
export const FROZEN = 2;
/** Errors of the token program. */
const TOKEN_ERROR = {
  insufficient: 1,
  mintMismatch: 3,
  ownerMismatch: 4,
  frozen: 17,
  notEmpty: 11,
};

export const custom = (code: number): ProgramFailure => new ProgramFailure({ Custom: code });
const u64 = (data: Uint8Array, at: number): bigint => Buffer.from(data).readBigUInt64LE(at);

/** The associated token account of a wallet. */
export const associatedAddress = (mint: string, owner: string): Address =>
  getAssociatedTokenAddressSync(
    new PublicKey(mint),
    new PublicKey(owner),
    true,
  ).toBase58() as Address;

/** An open token account. */
export function tokenAccount(mint: string, owner: string, amount: bigint): Account {
  const data = Buffer.alloc(TOKEN_BYTES);
  data.set(keyBytes(mint), 0);
  data.set(keyBytes(owner), 32);
  data.writeBigUInt64LE(amount, 64);
  data[108] = INITIALIZED;
  return { lamports: rentOf(TOKEN_BYTES), owner: TOKEN, data: new Uint8Array(data) };
}

type Held = { readonly account: Account; readonly data: Buffer; readonly amount: bigint };
function held(frame: Pick<Frame, 'get'>, address: string): Held {
  const account = frame.get(address);
  if (account === null || account.owner !== TOKEN || account.data.length !== TOKEN_BYTES)
    throw new ProgramFailure('InvalidAccountData');
  const data = Buffer.from(account.data);
  return { account, data, amount: data.readBigUInt64LE(64) };
}
function put(frame: Frame, address: string, { account, data }: Held, amount: bigint): void {
  const next = Buffer.from(data);
  next.writeBigUInt64LE(amount, 64);
  frame.set(address, { ...account, data: new Uint8Array(next) });
}
const has = (data: Buffer, at: number, address: string): boolean =>
  data.subarray(at, at + 32).equals(keyBytes(address));

/** Moves tokens without checking who allowed it. */
export function moveTokens(frame: Frame, from: string, to: string, amount: bigint): void {
  const source = held(frame, from);
  if (source.data[108] === FROZEN || held(frame, to).data[108] === FROZEN)
    throw custom(TOKEN_ERROR.frozen);
  if (!source.data.subarray(0, 32).equals(held(frame, to).data.subarray(0, 32)))
    throw custom(TOKEN_ERROR.mintMismatch);
  if (source.amount < amount) throw custom(TOKEN_ERROR.insufficient);
  put(frame, from, source, source.amount - amount);
  const target = held(frame, to);
  put(frame, to, target, target.amount + amount);
}

export const token: Program = ({ accounts, data }, frame) => {
  const at = (index: number): string => accounts[index] ?? '';
  const tag: number = data[0] ?? -1;
  const by = (authority: string, owned: Buffer): void => {
    if (!has(owned, 32, authority)) throw custom(TOKEN_ERROR.ownerMismatch);
    if (!frame.signed(authority)) throw new ProgramFailure('MissingRequiredSignature');
  };
  if (tag === 3 || tag === 12) {
    const [to, authority] = tag === 3 ? [at(1), at(2)] : [at(2), at(3)];
    by(authority, held(frame, at(0)).data);
    if (tag === 12 && !has(held(frame, at(0)).data, 0, at(1)))
      throw custom(TOKEN_ERROR.mintMismatch);
    moveTokens(frame, at(0), to, u64(data, 1));
  } else if (tag === 9) {
    const closed = held(frame, at(0));
    by(at(2), closed.data);
    // The tokens of an account of wrapped SOL are lamports, which are paid out with the rent.
    if (closed.amount > 0n && !has(closed.data, 0, WRAPPED_SOL)) throw custom(TOKEN_ERROR.notEmpty);
    const into = frame.get(at(1)) ?? { lamports: 0n, owner: SYSTEM, data: new Uint8Array() };
    frame.set(at(0), null);
    frame.set(at(1), { ...into, lamports: into.lamports + closed.account.lamports });
  } else if (tag === 6 && data[1] === 2) {
    const given = held(frame, at(0));
    by(at(1), given.data);
    const next = Buffer.from(given.data);
    next.set(data.subarray(3, 35), 32);
    frame.set(at(0), { ...given.account, data: new Uint8Array(next) });
  } else if (tag === 10 || tag === 11) {
    // The mint's freeze authority must sign; this world accepts the authority that the transaction
    // names.
    const given = held(frame, at(0));
    const next = Buffer.from(given.data);
    next[108] = tag === 10 ? FROZEN : INITIALIZED;
    frame.set(at(0), { ...given.account, data: new Uint8Array(next) });
  } else if (tag === 18) {
    const blank = frame.get(at(0));
    if (blank === null || blank.owner !== TOKEN || blank.data.length !== TOKEN_BYTES)
      throw new ProgramFailure('InvalidAccountData');
    const { data: opened } = tokenAccount(at(1), base58Of(Buffer.from(data), 1), 0n);
    frame.set(at(0), { ...blank, data: opened });
  } else throw new ProgramFailure('InvalidInstructionData');
};

function pay(frame: Frame, from: string, to: string, lamports: bigint): void {
  const source = frame.get(from);
  if (source === null || source.lamports < lamports) throw custom(1);
  if (!frame.signed(from)) throw new ProgramFailure('MissingRequiredSignature');
  frame.set(
    from,
    source.lamports === lamports ? null : { ...source, lamports: source.lamports - lamports },
  );
  const target = frame.get(to) ?? { lamports: 0n, owner: SYSTEM, data: new Uint8Array() };
  frame.set(to, { ...target, lamports: target.lamports + lamports });
}

/**
 * Makes an account whose address is the hash of a base key, a seed and the owning program; the base
 * key signs.
 */
function createWithSeed({ accounts, data }: SimInstruction, frame: Frame): void {
  const [payer = '', created = ''] = accounts;
  const bytes = Buffer.from(data);
  const [base, length] = [base58Of(bytes, 4), Number(bytes.readBigUInt64LE(36))];
  const seed = bytes.subarray(44, 44 + length);
  const owner = bytes.subarray(bytes.length - 32);
  const hash = createHash('sha256').update(keyBytes(base)).update(seed).update(owner).digest();
  if (!hash.equals(keyBytes(created)) || !frame.signed(base))
    throw new ProgramFailure('MissingRequiredSignature');
  if (frame.get(created) !== null) throw custom(0);
  const [lamports, space] = [u64(data, 44 + length), Number(u64(data, 52 + length))];
  const source = frame.get(payer);
  if (source === null || source.lamports < lamports) throw custom(1);
  frame.set(payer, { ...source, lamports: source.lamports - lamports });
  frame.set(created, {
    lamports,
    owner: base58Of(bytes, bytes.length - 32),
    data: new Uint8Array(space),
  });
}

/** Gives bytes to an address that has none; the base key from which the address derives signs. */
function allocateWithSeed({ accounts: [address = ''], data }: SimInstruction, frame: Frame): void {
  const bytes = Buffer.from(data);
  const [base, length] = [base58Of(bytes, 4), Number(bytes.readBigUInt64LE(36))];
  const seed = bytes.subarray(44, 44 + length);
  const owner = bytes.subarray(bytes.length - 32);
  const hash = createHash('sha256').update(keyBytes(base)).update(seed).update(owner).digest();
  if (!hash.equals(keyBytes(address)) || !frame.signed(base))
    throw new ProgramFailure('MissingRequiredSignature');
  const held = frame.get(address) ?? { lamports: 0n, owner: SYSTEM, data: new Uint8Array() };
  if (held.owner !== SYSTEM || held.data.length > 0) throw custom(0);
  const space = Number(u64(data, 44 + length));
  frame.set(address, {
    lamports: held.lamports,
    owner: base58Of(owner, 0),
    data: new Uint8Array(space),
  });
}

export const system: Program = (instruction, frame) => {
  const { accounts, data } = instruction;
  if (data[0] === 3) createWithSeed(instruction, frame);
  else if (data[0] === 9) allocateWithSeed(instruction, frame);
  else if ([4, 5, 6].includes(data[0] ?? -1)) nonceInstruction(instruction, frame);
  else if (data[0] === 2) pay(frame, accounts[0] ?? '', accounts[1] ?? '', u64(data, 4));
  else throw new ProgramFailure('InvalidInstructionData');
};

/** Creates the account, or finds it as it should be; one that was given away is refused. */
export const associated: Program = ({ accounts, data }, frame) => {
  const [payer = '', account = '', owner = '', mint = ''] = accounts;
  if (data.length !== 1 || data[0] !== 1) throw new ProgramFailure('InvalidInstructionData');
  const known = frame.get(account);
  if (known !== null && known.owner === TOKEN) {
    if (!has(Buffer.from(known.data), 32, owner)) throw custom(0);
    return;
  }
  const rent = rentOf(TOKEN_BYTES);
  const source = frame.get(payer);
  if (source === null || source.lamports < rent) throw custom(1);
  if (!frame.signed(payer)) throw new ProgramFailure('MissingRequiredSignature');
  frame.set(payer, { ...source, lamports: source.lamports - rent });
  frame.set(account, tokenAccount(mint, owner, 0n));
  const create = Buffer.alloc(52);
  create.writeBigUInt64LE(rent, 4);
  create.writeBigUInt64LE(BigInt(TOKEN_BYTES), 12);
  create.set(keyBytes(TOKEN), 20);
  frame.called({ program: SYSTEM, accounts: [payer, account], data: new Uint8Array(create) });
};

export const memo: Program = ({ data }, frame) =>
  frame.log(
    `Program log: Memo (len ${data.length}): ${JSON.stringify(Buffer.from(data).toString())}`,
  );
