// Message: encodes instructions as a v0 message, byte for byte as web3.js does, in a twentieth of
// its time, and reads one back. A burst measures, simulates and signs thousands of payments. The
// reader shares nothing with the encoder: the pen checks what the bytes say that it has signed.
import { type Address, base58Bytes, base58Text } from '../core/ids.ts';
import { createRemembered } from '../core/remember.ts';
import type { LookupTable } from '../core/signing-ports.ts';
import type { Instruction } from '../core/transaction.ts';
import { REMEMBERED_MOST } from './keys.ts';

export type Message = {
  /** The serialized message, without signatures. */
  readonly bytes: Uint8Array;
  /** The number of signatures that it needs. */
  readonly signatures: number;
  /** The programs of the instructions, in order. */
  readonly programs: readonly Address[];
};

type Meta = { signer: boolean; writable: boolean; invoked: boolean };
const KEY_BYTES = 32;
const VERSION_0 = 0x80;
/** The 32 bytes of a key. Throws a RangeError for another text. */
const bytesOf = createRemembered((key: string): Uint8Array => {
  const bytes = base58Bytes(key);
  if (bytes?.length !== KEY_BYTES) throw new RangeError(`not a key of 32 bytes: ${key}`);
  return bytes;
}, REMEMBERED_MOST);
/** A length in Solana's compact-u16: seven bits a byte, the lowest first. */
function shortLength(length: number): number[] {
  const bytes: number[] = [];
  let rest = length;
  for (; rest > 0x7f; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return bytes;
}

function metasOf(feePayer: Address, instructions: readonly Instruction[]): Map<Address, Meta> {
  const metas = new Map<Address, Meta>();
  const at = (key: Address): Meta => {
    const known = metas.get(key);
    if (known !== undefined) return known;
    const made: Meta = { signer: false, writable: false, invoked: false };
    metas.set(key, made);
    return made;
  };
  Object.assign(at(feePayer), { signer: true, writable: true });
  for (const { program, accounts } of instructions) {
    at(program).invoked = true;
    for (const { address, isSigner, isWritable } of accounts) {
      const meta = at(address);
      meta.signer ||= isSigner;
      meta.writable ||= isWritable;
    }
  }
  return metas;
}

type Looked = { table: LookupTable; writable: number[]; readonly: number[] };

/** Takes the keys that a table holds out of `metas`. Signers and programs stay. */
function lookUp(metas: Map<Address, Meta>, table: LookupTable): Looked & { keys: Address[][] } {
  const found: Looked & { keys: Address[][] } = {
    table,
    writable: [],
    readonly: [],
    keys: [[], []],
  };
  for (const [key, { signer, writable, invoked }] of metas) {
    const index = signer || invoked ? -1 : table.addresses.indexOf(key);
    if (index < 0) continue;
    found[writable ? 'writable' : 'readonly'].push(index);
    found.keys[writable ? 0 : 1]?.push(key);
    metas.delete(key);
  }
  return found;
}

/** The most accounts that one message names: an instruction names each by one byte. */
const ACCOUNTS_MOST = 256;

/** The keys that a message holds itself, in the order in which its header counts them. */
function ownKeys(metas: ReadonlyMap<Address, Meta>) {
  const [writableSigners, readonlySigners, writable, readonly]: Address[][] = [[], [], [], []];
  for (const [key, meta] of metas)
    (meta.signer
      ? meta.writable
        ? writableSigners
        : readonlySigners
      : meta.writable
        ? writable
        : readonly
    )?.push(key);
  return {
    keys: [writableSigners, readonlySigners, writable, readonly].flatMap((each) => each ?? []),
    signers: (writableSigners?.length ?? 0) + (readonlySigners?.length ?? 0),
    readonlySigners: readonlySigners?.length ?? 0,
    readonlyOthers: readonly?.length ?? 0,
  };
}

/**
 * Encodes a message. An address that a table holds is named by its index there. Throws a RangeError
 * for more than 256 accounts.
 */
export function encodeMessage(
  feePayer: Address,
  instructions: readonly Instruction[],
  blockhash: string,
  tables: readonly LookupTable[] = [],
): Message {
  const metas = metasOf(feePayer, instructions);
  const looked = tables
    .map((table) => lookUp(metas, table))
    .filter(({ writable, readonly }) => writable.length + readonly.length > 0);
  const { keys, signers, readonlySigners, readonlyOthers } = ownKeys(metas);
  const indexes = new Map<Address, number>();
  const number = (key: Address): void => void indexes.set(key, indexes.size);
  keys.forEach(number);
  for (const each of looked) each.keys[0]?.forEach(number);
  for (const each of looked) each.keys[1]?.forEach(number);
  if (indexes.size > ACCOUNTS_MOST)
    throw new RangeError(`a message names at most ${ACCOUNTS_MOST} accounts`);
  const at = (key: Address): number => indexes.get(key) ?? 0;
  const parts: (Uint8Array | number[])[] = [
    [VERSION_0, signers, readonlySigners, readonlyOthers, ...shortLength(keys.length)],
    ...keys.map(bytesOf),
    bytesOf(blockhash),
    shortLength(instructions.length),
  ];
  for (const { program, accounts, data } of instructions)
    parts.push(
      [
        at(program),
        ...shortLength(accounts.length),
        ...accounts.map((each) => at(each.address)),
        ...shortLength(data.length),
      ],
      data,
    );
  parts.push(shortLength(looked.length));
  for (const { table, writable, readonly } of looked)
    parts.push(bytesOf(table.key), [
      ...shortLength(writable.length),
      ...writable,
      ...shortLength(readonly.length),
      ...readonly,
    ]);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  return { bytes, signatures: signers, programs: instructions.map((each) => each.program) };
}

/** A v0 message as it is read from its bytes. */
export type MessageRead = {
  readonly feePayer: Address;
  /** The addresses whose signatures it needs, in their order. */
  readonly required: readonly Address[];
  readonly blockhash: string;
  readonly instructions: readonly Instruction[];
  /** The addresses that come from lookup tables. */
  readonly lookedUp: readonly Address[];
};

/** Reads bytes one part after another. Throws a RangeError past their end. */
function readerOf(bytes: Uint8Array) {
  let next = 0;
  const take = (length: number): Uint8Array => {
    if (next + length > bytes.length) throw new RangeError('the message ends too early');
    next += length;
    return bytes.subarray(next - length, next);
  };
  const byte = (): number => take(1)[0] ?? 0;
  /** A compact-u16: at most three bytes, and no longer than its value needs. */
  const length = (): number => {
    let value = 0;
    for (let shift = 0; shift <= 14; shift += 7) {
      const given = byte();
      value |= (given & 0x7f) << shift;
      if (given >= 0x80) continue;
      if ((shift > 0 && given === 0) || value > 0xffff) break;
      return value;
    }
    throw new RangeError('the message has a length that no node reads');
  };
  return { take, byte, length, isOver: () => next === bytes.length };
}

/**
 * Reads a v0 message. Throws a RangeError for bytes that are no v0 message to the last byte, for an
 * index without an account, and for a lookup table, or an index in one, that was not passed.
 */
export function readMessage(bytes: Uint8Array, tables: readonly LookupTable[] = []): MessageRead {
  const { take, byte, length, isOver } = readerOf(bytes);
  const several = <T>(read: () => T): T[] => Array.from({ length: length() }, read);
  const key = (): Address => base58Text(take(KEY_BYTES)) as Address;
  if (byte() !== VERSION_0) throw new RangeError('the message is of another version');
  const [signers, readonlySigners, readonlyOthers] = [byte(), byte(), byte()] as const;
  const own = several(key);
  if (signers < 1 || readonlySigners >= signers || signers + readonlyOthers > own.length)
    throw new RangeError('the header counts more accounts than there are');
  const blockhash = base58Text(take(KEY_BYTES));
  const compiled = several(() => ({
    program: byte(),
    accounts: several(byte),
    data: take(length()).slice(),
  }));
  const lookups = several(() => {
    const table = key();
    const known = tables.find((each) => each.key === table);
    const named = (index: number): Address => {
      const address = known?.addresses[index];
      if (address === undefined)
        throw new RangeError('the transaction uses a lookup table that is not known');
      return address;
    };
    return { writable: several(byte).map(named), readonly: several(byte).map(named) };
  });
  if (!isOver()) throw new RangeError('bytes follow the message');
  const writableLooked = lookups.flatMap((each) => each.writable);
  const lookedUp = [...writableLooked, ...lookups.flatMap((each) => each.readonly)];
  const all = [...own, ...lookedUp];
  const at = (index: number): Address => {
    const address = all[index];
    if (address === undefined) throw new RangeError('an instruction names no account');
    return address;
  };
  const isWritable = (index: number): boolean => {
    if (index < signers) return index < signers - readonlySigners;
    if (index < own.length) return index < own.length - readonlyOthers;
    return index < own.length + writableLooked.length;
  };
  return {
    feePayer: at(0),
    required: own.slice(0, signers),
    blockhash,
    lookedUp,
    instructions: compiled.map(({ program, accounts, data }) => ({
      program: at(program),
      accounts: accounts.map((index) => ({
        address: at(index),
        isSigner: index < signers,
        isWritable: isWritable(index),
      })),
      data,
    })),
  };
}

/** The most bytes of a serialized transaction: one IPv6 packet without its headers. */
const PACKET_BYTES = 1232;
const SIGNATURE_BYTES = 64;

/** The size of a transaction with this message and all its signatures. */
const sizeOf = ({ bytes, signatures }: Pick<Message, 'bytes' | 'signatures'>): number =>
  shortLength(signatures).length + SIGNATURE_BYTES * signatures + bytes.length;

/**
 * Whether a transaction with this message, made longer by so many bytes, fits one packet of 1,232
 * bytes, signed.
 */
export const fitsPacket = (message: Pick<Message, 'bytes' | 'signatures'>, longerBy = 0): boolean =>
  sizeOf(message) + longerBy <= PACKET_BYTES;

/** The transaction of a message with these signatures, in the order of those that it needs. */
export function transactionOf(message: Uint8Array, signatures: readonly Uint8Array[]): Uint8Array {
  const count = shortLength(signatures.length);
  const transaction = new Uint8Array(
    count.length + SIGNATURE_BYTES * signatures.length + message.length,
  );
  transaction.set(count);
  for (const [place, each] of signatures.entries())
    transaction.set(each, count.length + SIGNATURE_BYTES * place);
  transaction.set(message, transaction.length - message.length);
  return transaction;
}

/** The transaction with this message and zeros in place of its signatures, for a simulation. */
export const unsigned = ({ bytes, signatures }: Message): Uint8Array =>
  transactionOf(
    bytes,
    Array.from({ length: signatures }, () => new Uint8Array(SIGNATURE_BYTES)),
  );
