// IDL: encodes and decodes values by the types of a program's published interface. Integers are
// bigint when wider than 32 bits, keys are base58 text, enums are the variant's name.
import { base58Bytes, base58Text } from '../../core/ids.ts';

export type IdlType =
  | string
  | { readonly defined: string }
  | { readonly option: IdlType }
  | { readonly array: readonly [IdlType, number] }
  | { readonly vec: IdlType };
export type IdlField = { readonly name: string; readonly type: IdlType };
export type IdlDefinition = {
  readonly name: string;
  readonly type:
    | { readonly kind: 'struct'; readonly fields: readonly IdlField[] }
    | { readonly kind: 'enum'; readonly variants: readonly { readonly name: string }[] };
};
export type Idl = {
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

export class Cursor {
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

export type Codec = {
  read(type: IdlType, cursor: Cursor): unknown;
  readFields(fields: readonly IdlField[], cursor: Cursor): Struct;
  write(type: IdlType, value: unknown, cursor: Cursor): void;
  writeFields(fields: readonly IdlField[], struct: Struct, cursor: Cursor): void;
};

/** Creates the codec of an interface, given the definitions of its types by name. */
export function createCodec(definitions: ReadonlyMap<string, IdlDefinition['type']>): Codec {
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
      if (struct[field.name] === undefined)
        throw new Error(`layout: field ${field.name} is missing`);
      write(field.type, struct[field.name], cursor);
    }
  }
  return { read, readFields, write, writeFields };
}
