// Message: a transaction of the simulated chain, read from the bytes that a daemon sent
// (signatures, then a v0 message), or built by hand for people's acts. The reader shares no code
// with the writer of the bytes.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { base58Bytes, base58Text, type Signature } from '../../../src/core/ids.ts';

export type SimInstruction = {
  readonly program: string;
  readonly accounts: readonly string[];
  readonly data: Uint8Array;
};
export type SimTransaction = {
  readonly signature: Signature;
  /** Signers first, the fee payer foremost. */
  readonly keys: readonly string[];
  readonly signers: number;
  readonly readonlySigned: number;
  readonly readonlyUnsigned: number;
  /** Null for people's transactions, which need no blockhash to be executed again after a fork. */
  readonly blockhash: string | null;
  readonly instructions: readonly SimInstruction[];
};

const texts = new Map<string, string>();
/** Base58 text of 32 bytes; remembered, because the same few keys stand in every message. */
function keyText(bytes: Uint8Array): string {
  const raw = Buffer.from(bytes).toString('latin1');
  const known = texts.get(raw);
  if (known !== undefined) return known;
  const made = base58Text(bytes);
  texts.set(raw, made);
  return made;
}
const keys = new Map<string, Buffer>();
/** The 32 bytes of an address. */
export function keyBytes(address: string): Buffer {
  const known = keys.get(address);
  if (known !== undefined) return known;
  const made = Buffer.from(base58Bytes(address) ?? []);
  keys.set(address, made);
  return made;
}

const ED25519_DER = Buffer.from('302a300506032b6570032100', 'hex');

/** The lookup tables of the simulated chain, which no transaction changes. */
export const LOOKUP_TABLES = new Map<string, readonly string[]>();

/**
 * Reads signed or unsigned bytes. Throws a RangeError for unknown tables and broken bytes. `check`
 * verifies signatures.
 */
export function readTransaction(bytes: Uint8Array, check: boolean): SimTransaction {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const short = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = buffer.readUInt8(at++);
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Buffer => {
    at += length;
    return buffer.subarray(at - length, at);
  };
  const signatures = Array.from({ length: short() }, () => take(64));
  const message = buffer.subarray(at);
  if (buffer.readUInt8(at++) !== 128) throw new RangeError('not a v0 message');
  const [signers, readonlySigned, readonlyUnsigned] = [
    buffer.readUInt8(at++),
    buffer.readUInt8(at++),
    buffer.readUInt8(at++),
  ];
  const raw = Array.from({ length: short() }, () => take(32));
  const blockhash = base58Text(take(32));
  const byte = (): number => buffer.readUInt8(at++);
  const indexes = (): number[] => Array.from({ length: short() }, byte);
  const compiled = Array.from({ length: short() }, () => {
    const [program, accounts] = [byte(), indexes()];
    const length = short();
    return { program, accounts, data: new Uint8Array(take(length)) };
  });
  const lookups = Array.from({ length: short() }, () => {
    const table = LOOKUP_TABLES.get(keyText(take(32)));
    if (table === undefined) throw new RangeError('the lookup table is not known');
    const looked = (): string[] => indexes().map((index) => table[index] ?? '');
    return { writable: looked(), readonly: looked() };
  });
  const named = [
    ...raw.map(keyText),
    ...lookups.flatMap((each) => each.writable),
    ...lookups.flatMap((each) => each.readonly),
  ];
  const nameAt = (index: number): string => {
    const found = named[index];
    if (found === undefined) throw new RangeError('the message names a key that it does not hold');
    return found;
  };
  const instructions = compiled.map(({ program, accounts, data }) => ({
    program: nameAt(program),
    accounts: accounts.map(nameAt),
    data,
  }));
  if (check) {
    const holds = signatures.every((signature, index) => {
      const der = Buffer.concat([ED25519_DER, raw[index] ?? Buffer.alloc(32)]);
      const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
      return verify(null, message, key, signature);
    });
    if (!holds || signatures.length !== signers) throw new RangeError('SignatureFailure');
  }
  const signature = base58Text(signatures[0] ?? new Uint8Array(64)) as Signature;
  return {
    signature,
    keys: named,
    signers,
    readonlySigned,
    readonlyUnsigned,
    blockhash,
    instructions,
  };
}

/**
 * A transaction that people make: `signers` pay and sign, everything else that is named may be
 * written.
 */
export function made(
  nonce: number,
  signers: readonly string[],
  instructions: readonly SimInstruction[],
): SimTransaction {
  const programs = [...new Set(instructions.map((each) => each.program))];
  const named = instructions.flatMap((each) => [...each.accounts]);
  const others = [...new Set(named)].filter((each) => !signers.includes(each));
  const keysOf = [...new Set([...signers, ...others, ...programs])];
  const digest = createHash('sha512').update(`${nonce}/${keysOf.join()}`).digest();
  return {
    signature: base58Text(digest) as Signature,
    keys: keysOf,
    signers: signers.length,
    readonlySigned: 0,
    readonlyUnsigned: programs.length,
    blockhash: null,
    instructions,
  };
}
