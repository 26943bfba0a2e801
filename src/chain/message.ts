// Message: encodes instructions as a v0 message, byte for byte as web3.js does, in a twentieth of
// its time. It is used to measure and to simulate payments, which a burst does thousands of times.
// A message that is signed is compiled and read back by compile.ts.
import { type Address, base58Bytes } from '../core/ids.ts';
import type { LookupTable } from '../core/signing-ports.ts';
import type { Instruction } from '../core/transaction.ts';

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
const REMEMBERED_MOST = 50_000;
const keyBytes = new Map<string, Uint8Array>();

/** The 32 bytes of a key. Throws a RangeError for another text. */
function bytesOf(key: string): Uint8Array {
  const known = keyBytes.get(key);
  if (known !== undefined) return known;
  const bytes = base58Bytes(key);
  if (bytes?.length !== KEY_BYTES) throw new RangeError(`not a key of 32 bytes: ${key}`);
  if (keyBytes.size >= REMEMBERED_MOST) keyBytes.clear();
  keyBytes.set(key, bytes);
  return bytes;
}
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

/** Encodes a message. An address that a table holds is named by its index there. */
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
  const those = (signer: boolean, writable: boolean): Address[] =>
    [...metas].flatMap(([key, meta]) =>
      meta.signer === signer && meta.writable === writable ? [key] : [],
    );
  const [writableSigners, readonlySigners] = [those(true, true), those(true, false)];
  const readonlyOthers = those(false, false);
  const keys = [...writableSigners, ...readonlySigners, ...those(false, true), ...readonlyOthers];
  const order = [
    ...keys,
    ...looked.flatMap((each) => each.keys[0] ?? []),
    ...looked.flatMap((each) => each.keys[1] ?? []),
  ];
  const indexes = new Map(order.map((key, index) => [key, index]));
  const at = (key: Address): number => indexes.get(key) ?? 0;
  const parts: (Uint8Array | number[])[] = [
    [
      VERSION_0,
      writableSigners.length + readonlySigners.length,
      readonlySigners.length,
      readonlyOthers.length,
      ...shortLength(keys.length),
    ],
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
  return {
    bytes: new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part)))),
    signatures: writableSigners.length + readonlySigners.length,
    programs: instructions.map((each) => each.program),
  };
}

/** The most bytes of a serialized transaction: one IPv6 packet without its headers. */
const PACKET_BYTES = 1232;
const SIGNATURE_BYTES = 64;

/** The size of a transaction with this message and all its signatures. */
const sizeOf = ({ bytes, signatures }: Message): number =>
  shortLength(signatures).length + SIGNATURE_BYTES * signatures + bytes.length;

/** Whether a transaction with this message fits one packet of 1,232 bytes, signed. */
export const fitsPacket = (message: Message): boolean => sizeOf(message) <= PACKET_BYTES;

/** The transaction with this message and zeros in place of its signatures, for a simulation. */
export function unsigned(message: Message): Uint8Array {
  const transaction = new Uint8Array(sizeOf(message));
  transaction.set(shortLength(message.signatures));
  transaction.set(message.bytes, transaction.length - message.bytes.length);
  return transaction;
}
