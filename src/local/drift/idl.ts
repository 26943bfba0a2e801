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

const variantName = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** A place in the bytes from which values are read, or to which they are written. */
export class Cursor {
  readonly bytes: Buffer;
  readonly view: DataView;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }

  /** Moves on by this many bytes, and returns the place before. */
  pass(bytes: number): number {
    this.at += bytes;
    return this.at - bytes;
  }
}

/** The codec of one type. */
type Part = {
  readonly read: (cursor: Cursor) => unknown;
  readonly write: (value: unknown, cursor: Cursor) => void;
};
type FieldsPart = {
  readonly read: (cursor: Cursor) => Struct;
  readonly write: (struct: Struct, cursor: Cursor) => void;
};

/** The low 32 bits of an integer, of which a DataView takes as many as it writes. */
const asNumber = (value: unknown): number =>
  typeof value === 'number' && Number.isInteger(value)
    ? value
    : Number(BigInt.asUintN(32, BigInt(value as bigint | number)));
const asBigint = (value: unknown): bigint =>
  typeof value === 'bigint' ? value : BigInt(value as number);

const u8: Part = {
  read: (cursor) => cursor.view.getUint8(cursor.pass(1)),
  write: (value, cursor) => cursor.view.setUint8(cursor.pass(1), asNumber(value)),
};
const u32: Part = {
  read: (cursor) => cursor.view.getUint32(cursor.pass(4), true),
  write: (value, cursor) => cursor.view.setUint32(cursor.pass(4), asNumber(value), true),
};
const u16 = (value: unknown, cursor: Cursor): void =>
  cursor.view.setUint16(cursor.pass(2), asNumber(value), true);
const u64 = (value: unknown, cursor: Cursor): void =>
  cursor.view.setBigUint64(cursor.pass(8), asBigint(value), true);
const u128 = (value: unknown, cursor: Cursor): void => {
  const whole = asBigint(value);
  u64(whole, cursor);
  u64(whole >> 64n, cursor);
};
const low = (cursor: Cursor): bigint => cursor.view.getBigUint64(cursor.pass(8), true);

/** The types that have no parts. */
const PLAIN: Readonly<Record<string, Part>> = {
  u8,
  i8: { ...u8, read: (cursor) => cursor.view.getInt8(cursor.pass(1)) },
  u16: { read: (cursor) => cursor.view.getUint16(cursor.pass(2), true), write: u16 },
  i16: { read: (cursor) => cursor.view.getInt16(cursor.pass(2), true), write: u16 },
  u32,
  i32: { ...u32, read: (cursor) => cursor.view.getInt32(cursor.pass(4), true) },
  u64: { read: low, write: u64 },
  i64: { read: (cursor) => cursor.view.getBigInt64(cursor.pass(8), true), write: u64 },
  u128: {
    read: (cursor) => low(cursor) | (low(cursor) << 64n),
    write: u128,
  },
  i128: {
    read: (cursor) => low(cursor) | (cursor.view.getBigInt64(cursor.pass(8), true) << 64n),
    write: u128,
  },
  bool: {
    read: (cursor) => cursor.view.getUint8(cursor.pass(1)) !== 0,
    write: (value, cursor) => u8.write(value ? 1 : 0, cursor),
  },
  publicKey: {
    read(cursor) {
      const at = cursor.pass(32);
      return base58Text(cursor.bytes.subarray(at, at + 32));
    },
    write: (value, cursor) =>
      cursor.bytes.set(base58Bytes(value as string) ?? new Uint8Array(32), cursor.pass(32)),
  },
};

/** The part of a type that the interface does not define. Only a value of it is an error. */
function unknownPart(name: string): Part {
  const fail = (): never => {
    throw new Error(`layout: unknown type ${name}`);
  };
  return { read: fail, write: fail };
}

function optionPart(inner: Part): Part {
  return {
    read: (cursor) => (u8.read(cursor) === 0 ? null : inner.read(cursor)),
    write(value, cursor) {
      u8.write(value === null ? 0 : 1, cursor);
      if (value !== null) inner.write(value, cursor);
    },
  };
}

function arrayPart(inner: Part, fixed: number | null): Part {
  return {
    read(cursor) {
      const length = fixed ?? (u32.read(cursor) as number);
      const items: unknown[] = [];
      for (let i = 0; i < length; i++) items.push(inner.read(cursor));
      return items;
    },
    write(value, cursor) {
      const items = value as ArrayLike<unknown>;
      const length = fixed ?? items.length;
      if (fixed === null) u32.write(length, cursor);
      for (let i = 0; i < length; i++) inner.write(items[i], cursor);
    },
  };
}

function enumPart(type: string, variants: readonly { readonly name: string }[]): Part {
  const names = variants.map(({ name }) => variantName(name));
  return {
    read: (cursor) => names[u8.read(cursor) as number] ?? '',
    write(value, cursor) {
      const index = names.indexOf(value as string);
      if (index < 0) throw new Error(`layout: ${type} has no variant ${String(value)}`);
      u8.write(index, cursor);
    },
  };
}

export type Codec = {
  read(type: IdlType, cursor: Cursor): unknown;
  readFields(fields: readonly IdlField[], cursor: Cursor): Struct;
  write(type: IdlType, value: unknown, cursor: Cursor): void;
  writeFields(fields: readonly IdlField[], struct: Struct, cursor: Cursor): void;
};

/**
 * Creates the codec of an interface, given the definitions of its types by name. The codec of each
 * type is made when the type is used for the first time.
 */
export function createCodec(definitions: ReadonlyMap<string, IdlDefinition['type']>): Codec {
  const parts = new Map<IdlType, Part>();
  const structs = new Map<readonly IdlField[], FieldsPart>();

  function make(type: IdlType): Part {
    if (typeof type === 'string') return PLAIN[type] ?? unknownPart(type);
    if ('option' in type) return optionPart(partOf(type.option));
    if ('array' in type) return arrayPart(partOf(type.array[0]), type.array[1]);
    if ('vec' in type) return arrayPart(partOf(type.vec), null);
    const definition = definitions.get(type.defined);
    if (definition === undefined) return unknownPart(type.defined);
    if (definition.kind === 'enum') return enumPart(type.defined, definition.variants);
    return fieldsOf(definition.fields) as Part;
  }
  function partOf(type: IdlType): Part {
    const known = parts.get(type) ?? make(type);
    parts.set(type, known);
    return known;
  }
  function fieldsOf(fields: readonly IdlField[]): FieldsPart {
    const known = structs.get(fields);
    if (known !== undefined) return known;
    const members = fields.map(({ name, type }) => ({ name, ...partOf(type) }));
    const made: FieldsPart = {
      read(cursor) {
        const struct: Struct = {};
        for (const member of members) struct[member.name] = member.read(cursor);
        return struct;
      },
      write(struct, cursor) {
        for (const { name, write } of members) {
          const value: unknown = struct[name];
          if (value === undefined) throw new Error(`layout: field ${name} is missing`);
          write(value, cursor);
        }
      },
    };
    structs.set(fields, made);
    return made;
  }
  return {
    read: (type, cursor) => partOf(type).read(cursor),
    readFields: (fields, cursor) => fieldsOf(fields).read(cursor),
    write: (type, value, cursor) => partOf(type).write(value, cursor),
    writeFields: (fields, struct, cursor) => fieldsOf(fields).write(struct, cursor),
  };
}
