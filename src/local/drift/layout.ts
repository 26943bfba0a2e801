// Layout: encodes and decodes the venue's accounts, events and instruction arguments from its
// published interface (the IDL that ships with the SDK). Integers are bigint when wider than 32
// bits, keys are base58 text, enums are the variant's name. Only the local chain uses it; the
// daemon has its own decoders.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { base58Bytes, base58Text } from '../../core/ids.ts';

type IdlType =
  | string
  | { readonly defined: string }
  | { readonly option: IdlType }
  | { readonly array: readonly [IdlType, number] }
  | { readonly vec: IdlType };
type IdlField = { readonly name: string; readonly type: IdlType };
type IdlDefinition = {
  readonly name: string;
  readonly type:
    | { readonly kind: 'struct'; readonly fields: readonly IdlField[] }
    | { readonly kind: 'enum'; readonly variants: readonly { readonly name: string }[] };
};
type Idl = {
  readonly accounts: readonly IdlDefinition[];
  readonly types: readonly IdlDefinition[];
  readonly events: readonly { readonly name: string; readonly fields: readonly IdlField[] }[];
  readonly instructions: readonly {
    readonly name: string;
    readonly accounts: readonly {
      readonly name: string;
      readonly isMut: boolean;
      readonly isSigner: boolean;
    }[];
    readonly args: readonly IdlField[];
  }[];
  readonly errors: readonly {
    readonly code: number;
    readonly name: string;
    readonly msg: string;
  }[];
};

/**
 * A decoded struct. Its shape is the IDL's, which TypeScript cannot see, so the callers must know
 * the fields.
 */
// oxlint-disable-next-line typescript/no-explicit-any
export type Struct = Record<string, any>;

const path = createRequire(import.meta.url).resolve('@drift-labs/sdk/lib/node/idl/drift.json');
export const idl = JSON.parse(readFileSync(path, 'utf8')) as Idl;
const definitions = new Map([...idl.types, ...idl.accounts].map((each) => [each.name, each.type]));

const INTEGERS: Record<string, { bytes: number; signed: boolean }> = {
  u8: { bytes: 1, signed: false },
  i8: { bytes: 1, signed: true },
  u16: { bytes: 2, signed: false },
  i16: { bytes: 2, signed: true },
  u32: { bytes: 4, signed: false },
  i32: { bytes: 4, signed: true },
  u64: { bytes: 8, signed: false },
  i64: { bytes: 8, signed: true },
  u128: { bytes: 16, signed: false },
  i128: { bytes: 16, signed: true },
};
const variantName = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

class Cursor {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }

  readInteger(size: number, signed: boolean): bigint | number {
    const { bytes, at } = this;
    this.at += size;
    if (size <= 4) return signed ? bytes.readIntLE(at, size) : bytes.readUIntLE(at, size);
    const low = bytes.readBigUInt64LE(at);
    if (size === 8) return signed ? BigInt.asIntN(64, low) : low;
    const high = signed ? bytes.readBigInt64LE(at + 8) : bytes.readBigUInt64LE(at + 8);
    return (high << 64n) | low;
  }

  writeInteger(size: number, value: bigint): void {
    const { bytes, at } = this;
    this.at += size;
    if (size <= 4) bytes.writeUIntLE(Number(BigInt.asUintN(size * 8, value)), at, size);
    else {
      bytes.writeBigUInt64LE(BigInt.asUintN(64, value), at);
      if (size === 16) bytes.writeBigUInt64LE(BigInt.asUintN(64, value >> 64n), at + 8);
    }
  }
}

function read(type: IdlType, cursor: Cursor): unknown {
  if (typeof type === 'string') {
    const integer = INTEGERS[type];
    if (integer) return cursor.readInteger(integer.bytes, integer.signed);
    if (type === 'bool') return cursor.readInteger(1, false) !== 0;
    if (type === 'publicKey') {
      cursor.at += 32;
      return base58Text(cursor.bytes.subarray(cursor.at - 32, cursor.at));
    }
    throw new Error(`layout: unknown type ${type}`);
  }
  if ('option' in type)
    return cursor.readInteger(1, false) === 0 ? null : read(type.option, cursor);
  if ('array' in type)
    return Array.from({ length: type.array[1] }, () => read(type.array[0], cursor));
  if ('vec' in type)
    return Array.from({ length: Number(cursor.readInteger(4, false)) }, () =>
      read(type.vec, cursor),
    );
  const definition = definitions.get(type.defined);
  if (definition === undefined) throw new Error(`layout: unknown type ${type.defined}`);
  if (definition.kind === 'enum')
    return variantName(definition.variants[Number(cursor.readInteger(1, false))]?.name ?? '');
  return readFields(definition.fields, cursor);
}

function readFields(fields: readonly IdlField[], cursor: Cursor): Struct {
  const struct: Struct = {};
  for (const field of fields) struct[field.name] = read(field.type, cursor);
  return struct;
}

function write(type: IdlType, value: unknown, cursor: Cursor): void {
  if (typeof type === 'string') {
    const integer = INTEGERS[type];
    if (integer) cursor.writeInteger(integer.bytes, BigInt(value as bigint | number));
    else if (type === 'bool') cursor.writeInteger(1, value ? 1n : 0n);
    else if (type === 'publicKey') {
      cursor.bytes.set(base58Bytes(value as string) ?? new Uint8Array(32), cursor.at);
      cursor.at += 32;
    } else throw new Error(`layout: unknown type ${type}`);
  } else if ('option' in type) {
    cursor.writeInteger(1, value === null ? 0n : 1n);
    if (value !== null) write(type.option, value, cursor);
  } else if ('array' in type) {
    for (let i = 0; i < type.array[1]; i++)
      write(type.array[0], (value as ArrayLike<unknown>)[i], cursor);
  } else if ('vec' in type) {
    const items = value as ArrayLike<unknown>;
    cursor.writeInteger(4, BigInt(items.length));
    for (let i = 0; i < items.length; i++) write(type.vec, items[i], cursor);
  } else {
    const definition = definitions.get(type.defined);
    if (definition === undefined) throw new Error(`layout: unknown type ${type.defined}`);
    if (definition.kind === 'enum') {
      const index = definition.variants.findIndex(({ name }) => variantName(name) === value);
      if (index < 0) throw new Error(`layout: ${type.defined} has no variant ${String(value)}`);
      cursor.writeInteger(1, BigInt(index));
    } else writeFields(definition.fields, value as Struct, cursor);
  }
}

function writeFields(fields: readonly IdlField[], struct: Struct, cursor: Cursor): void {
  for (const field of fields) {
    if (struct[field.name] === undefined) throw new Error(`layout: field ${field.name} is missing`);
    write(field.type, struct[field.name], cursor);
  }
}

function hash8(preimage: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(preimage).digest().subarray(0, 8));
}

const snake = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The sizes of accounts on chain, discriminator included. */
const ACCOUNT_BYTES: Record<string, number> = {
  State: 992,
  SpotMarket: 776,
  PerpMarket: 1216,
  User: 4376,
  UserStats: 240,
};

function structOf(name: string): readonly IdlField[] {
  const definition = definitions.get(name);
  if (definition?.kind !== 'struct') throw new Error(`layout: ${name} is no struct`);
  return definition.fields;
}

export function accountDiscriminator(name: string): Uint8Array {
  return hash8(`account:${name}`);
}

export function decodeAccount(name: string, data: Uint8Array): Struct {
  return readFields(structOf(name), new Cursor(data, 8));
}

/** An account with zero in every byte after the discriminator. */
export function blankAccount(name: string): Struct {
  return decodeAccount(name, new Uint8Array(9_000));
}

export function encodeAccount(name: string, value: Struct): Uint8Array {
  const cursor = new Cursor(new Uint8Array(9_000), 8);
  writeFields(structOf(name), value, cursor);
  const bytes = cursor.bytes.subarray(0, ACCOUNT_BYTES[name]);
  bytes.set(accountDiscriminator(name), 0);
  return new Uint8Array(bytes);
}

export function encodeEvent(name: string, value: Struct): Uint8Array {
  const event = idl.events.find((each) => each.name === name);
  if (event === undefined) throw new Error(`layout: no event ${name}`);
  const cursor = new Cursor(new Uint8Array(2_000), 8);
  writeFields(event.fields, value, cursor);
  cursor.bytes.set(hash8(`event:${name}`), 0);
  return new Uint8Array(cursor.bytes.subarray(0, cursor.at));
}

const eventsByDiscriminator = new Map(
  idl.events.map((each) => [Buffer.from(hash8(`event:${each.name}`)).toString('hex'), each]),
);

/**
 * Reads a record; null when it is not a record of the venue. Fields behind the end of an older,
 * shorter record are left out.
 */
export function readEvent(bytes: Uint8Array): { name: string; fields: Struct } | null {
  const event = eventsByDiscriminator.get(Buffer.from(bytes.subarray(0, 8)).toString('hex'));
  if (event === undefined) return null;
  const cursor = new Cursor(bytes, 8);
  const fields: Struct = {};
  for (const { name, type } of event.fields) {
    if (cursor.at >= bytes.length) break;
    fields[name] = read(type, cursor);
  }
  return { name: event.name, fields };
}

/** The first eight bytes of an instruction's data, by its name in the interface. */
export const discriminatorOf = (name: string): Uint8Array => hash8(`global:${snake(name)}`);

const byDiscriminator = new Map(
  idl.instructions.map((each) => [Buffer.from(discriminatorOf(each.name)).toString('hex'), each]),
);

/** Reads an instruction's name and arguments; null when it is not an instruction of the venue. */
export function decodeInstruction(
  data: Uint8Array,
): { name: string; args: Struct; accounts: Idl['instructions'][number]['accounts'] } | null {
  const found = byDiscriminator.get(Buffer.from(data.subarray(0, 8)).toString('hex'));
  if (found === undefined) return null;
  return {
    name: found.name,
    args: readFields(found.args, new Cursor(data, 8)),
    accounts: found.accounts,
  };
}

export function encodeInstruction(name: string, args: Struct): Uint8Array {
  const found = idl.instructions.find((each) => each.name === name);
  if (found === undefined) throw new Error(`layout: no instruction ${name}`);
  const cursor = new Cursor(new Uint8Array(2_000), 8);
  writeFields(found.args, args, cursor);
  cursor.bytes.set(discriminatorOf(name), 0);
  return new Uint8Array(cursor.bytes.subarray(0, cursor.at));
}
