// Codec: compiles a reader for Borsh records from a table of fields, once for each table. The table
// alone defines the layout. The compiled reader has no loop over fields and returns objects of one
// shape, so it costs as much as a reader written by hand (ADR 6).
import { type Address, base58Text } from '../core/ids.ts';
import { createRemembered } from '../core/remember.ts';

/**
 * A public key as its 32 bytes in a latin1 string. Two keys compare as strings; base58 is made only
 * where a person reads the key.
 */
export type Key = string & { readonly key: unique symbol };

type Scalar = 'u8' | 'u16' | 'u32' | 'u64' | 'i64' | 'u128' | 'i128' | 'bool' | 'key' | 'name';
type EnumOf = readonly string[];
export type FieldType =
  | Scalar
  | { readonly option: Scalar | EnumOf }
  | { readonly vec: 'u32' }
  | { readonly struct: Layout }
  | EnumOf;
/**
 * The fields of a record in order. A name that ends in `?` belongs to newer records only: the field
 * is absent when an older, shorter record ends before it.
 */
export type Layout = Readonly<Record<string, FieldType>>;

type ScalarValue = {
  u8: number;
  u16: number;
  u32: number;
  u64: bigint;
  i64: bigint;
  u128: bigint;
  i128: bigint;
  bool: boolean;
  key: Key;
  name: Key;
};
type Value<T> = T extends Scalar
  ? ScalarValue[T]
  : T extends EnumOf
    ? T[number]
    : T extends { option: infer Some }
      ? Value<Some> | null
      : T extends { struct: infer Inner }
        ? RecordOf<Inner>
        : number[];
type Always<T> = { readonly [K in keyof T as K extends `${string}?` ? never : K]: Value<T[K]> };
/** A field of type `undefined` was not written yet when the record was. */
type Perhaps<T> = {
  readonly [K in keyof T as K extends `${infer Name}?` ? Name : never]: Value<T[K]> | undefined;
};
/** The value that the reader of a table returns. */
export type RecordOf<T> = Always<T> & Perhaps<T>;

const SIZE = {
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  i64: 8,
  u128: 16,
  i128: 16,
  bool: 1,
  key: 32,
  name: 32,
};
const TAKE: Record<Exclude<Scalar, 'bool'>, string> = {
  u8: 'view.getUint8(o)',
  u16: 'view.getUint16(o, true)',
  u32: 'view.getUint32(o, true)',
  u64: 'view.getBigUint64(o, true)',
  i64: 'view.getBigInt64(o, true)',
  u128: 'wide(view.getBigUint64(o + 8, true), view.getBigUint64(o, true))',
  i128: 'wide(view.getBigInt64(o + 8, true), view.getBigUint64(o, true))',
  key: 'text.substring(o, o + 32)',
  name: 'text.substring(o, o + 32)',
};

const wide = (high: bigint, low: bigint): bigint => (high === 0n ? low : (high << 64n) | low);

/**
 * Source text that reads one field into the variable `into` and moves the offset `o` past the
 * field.
 */
function fieldSource(type: FieldType, into: string): string {
  if (type === 'bool')
    return `${into} = view.getUint8(o); o += 1; if (${into} > 1) broken = true; ${into} = ${into} === 1;`;
  if (typeof type === 'string') return `${into} = ${TAKE[type]}; o += ${SIZE[type]};`;
  if (Array.isArray(type)) {
    return `${into} = ${JSON.stringify(type)}[view.getUint8(o)]; o += 1; if (${into} === undefined) odd = true;`;
  }
  if ('option' in type) {
    return `tag = view.getUint8(o++); if (tag === 0) ${into} = null; else { if (tag !== 1) broken = true; ${fieldSource(type.option, into)} }`;
  }
  if ('struct' in type) return structSource(type.struct, into);
  return `${into} = []; for (let n = view.getUint32(o, true), i = (o += 4, 0); i < n && o < end; i++, o += 4) ${into}.push(view.getUint32(o, true));`;
}

function structSource(layout: Layout, into: string): string {
  const names = Object.keys(layout).map((name) => name.replace('?', ''));
  const locals = names.map((name) => `${into}_${name}`);
  const reads = Object.entries(layout).map(([name, type], index) => {
    const read = fieldSource(type as FieldType, locals[index] ?? '');
    return name.endsWith('?') ? `if (o < end) { ${read} }` : read;
  });
  const object = names.map((name, index) => `${name}: ${locals[index]}`).join(', ');
  return `let ${locals.join(', ')};\n${reads.join('\n')}\n${into} = { ${object} };`;
}

/**
 * A record that does not fit its table, and why.
 * - `variant`: an enum has a value that the table lacks. The other fields were read, and `keys`
 *   lists every key of the record. A boolean or option byte other than 0 and 1 is `variant` too,
 *   with `keys` null, because every later field may have been read from the wrong offset.
 * - `short`: the record ends inside a field that every version of it has; `keys` is null.
 * - `long`: bytes follow the last field, so the record has another layout; `keys` is null.
 */
export type Spoiled = {
  readonly event: 'Spoiled';
  readonly of: string;
  readonly why: 'variant' | 'short' | 'long';
  readonly keys: readonly Key[] | null;
};

export type Reader<T> = (bytes: Buffer, view: DataView, end: number) => T | Spoiled;

/**
 * Compiles a table. The reader starts after the eight bytes of the discriminator and requires the
 * record to end with its last field. A record that does not fit is returned as `Spoiled` and not
 * thrown, so that the other records of the transaction are still read.
 */
export function compileReader<Name extends string, T extends Layout>(
  event: Name,
  layout: T,
): Reader<{ readonly event: Name } & RecordOf<T>> {
  const keys = Object.entries(layout).flatMap(([name, type]) =>
    type === 'key' || (typeof type === 'object' && 'option' in type && type.option === 'key')
      ? [name.replace('?', '')]
      : [],
  );
  const spoiled = (why: Spoiled['why'], record: Record<string, unknown> | null): Spoiled => ({
    event: 'Spoiled',
    of: event,
    why,
    keys:
      record &&
      keys.map((name) => record[name]).filter((key): key is Key => typeof key === 'string'),
  });
  const tagged = structSource(layout, 'record').replace(
    'record = { ',
    `record = { event: ${JSON.stringify(event)}, `,
  );
  // The latin1 text is made once for the record; reading a key is then a substring.
  const source = `'use strict'; return function read(bytes, view, end) {
    const text = bytes.latin1Slice(0, end); let o = 8; let tag = 0; let record; let odd = false; let broken = false;
    try { ${tagged} } catch (thrown) { if (thrown instanceof RangeError) return spoiled('short', null); throw thrown; }
    if (o === end && !odd && !broken) return record;
    return o > end ? spoiled('short', null) : o < end ? spoiled('long', null) : spoiled('variant', broken ? null : record); };`;
  return new Function('spoiled', 'wide', source)(spoiled, wide);
}

const KNOWN_MOST = 100_000;

/** The base58 address of a key. The last 50,000 addresses at least are kept in memory. */
export const addressOf: (key: Key) => Address = createRemembered(
  (key: Key) => base58Text(Buffer.from(key, 'latin1')) as Address,
  KNOWN_MOST,
);
