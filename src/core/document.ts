// Document: reads JSON that others wrote, by a description of its fields. Amounts are decimal
// strings in the text and bigint in the result. A document with a missing field, a field of another
// kind or a field that the description lacks is refused with the place of the fault.
import { Fault } from './fault.ts';
import { type Address, isAddress, isSignature, type Signature } from './ids.ts';

/**
 * Reads one value. `at` is its place, such as `parts[0].amount`, for the error. Throws
 * `body_invalid` when the value is not as described.
 */
export type Reader<Value> = (value: unknown, at: string) => Value;
export type Described<Of> = Of extends Reader<infer Value> ? Value : never;

const refuse = (at: string, wanted: string): never => {
  throw new Fault('body_invalid', `${at === '' ? 'The document' : at} must be ${wanted}.`);
};

/** A text of at most `most` characters. */
export const textOf =
  (most = 200): Reader<string> =>
  (value, at) =>
    typeof value === 'string' && value.length <= most
      ? value
      : refuse(at, `a text of at most ${most} characters`);

/** An amount as a decimal string, with a sign where it may be negative. */
export const amountOf: Reader<bigint> = (value, at) =>
  typeof value === 'string' && /^(0|-?[1-9][0-9]{0,38})$/.test(value)
    ? BigInt(value)
    : refuse(at, 'base units as a decimal string');

/** A whole number that a double holds exactly: a slot, an index, a count. */
export const countOf: Reader<number> = (value, at) =>
  Number.isSafeInteger(value) && (value as number) >= 0
    ? (value as number)
    : refuse(at, 'a whole number from 0 on');

/** A boolean. */
export const flagOf: Reader<boolean> = (value, at) =>
  typeof value === 'boolean' ? value : refuse(at, 'true or false');

/** A Solana address in base58. */
export const addressOf: Reader<Address> = (value, at) =>
  typeof value === 'string' && isAddress(value) ? value : refuse(at, 'a Solana address');

/** A transaction signature in base58. */
export const signatureOf: Reader<Signature> = (value, at) =>
  typeof value === 'string' && isSignature(value)
    ? value
    : refuse(at, 'the signature of a transaction');

/** One of these texts. */
export const oneOf =
  <const Value extends string | number>(...values: readonly Value[]): Reader<Value> =>
  (value, at) =>
    values.find((each) => each === value) ?? refuse(at, values.join(' or '));

/** A value that may be null. */
export const orNull =
  <Value>(read: Reader<Value>): Reader<Value | null> =>
  (value, at) =>
    value === null ? null : read(value, at);

/** A field that may be absent, and then has this value. */
export const orElse =
  <Value, const Absent>(read: Reader<Value>, absent: Absent): Reader<Value | Absent> =>
  (value, at) =>
    value === undefined ? absent : read(value, at);

/** A list of at most `most` entries. */
export const listOf =
  <Value>(read: Reader<Value>, most: number): Reader<readonly Value[]> =>
  (value, at) =>
    Array.isArray(value) && value.length <= most
      ? value.map((each, index) => read(each, `${at}[${index}]`))
      : refuse(at, `a list of at most ${most} entries`);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A field's name as a message may show it: a longer one may be a value that has lost its place. */
const shownName = (name: string): string =>
  /^[A-Za-z]\w{0,39}$/.test(name) ? name : 'a field of another name';

/** An object with exactly these fields. */
export const objectOf =
  <Fields extends Readonly<Record<string, Reader<unknown>>>>(
    fields: Fields,
  ): Reader<{ readonly [Name in keyof Fields]: Described<Fields[Name]> }> =>
  (value, at) => {
    if (!isObject(value)) return refuse(at, 'an object');
    const place = (name: string): string => (at === '' ? name : `${at}.${name}`);
    for (const name of Object.keys(value))
      if (!Object.hasOwn(fields, name))
        refuse(place(shownName(name)), 'absent: no such field is known');
    return Object.fromEntries(
      Object.entries(fields).map(([name, read]) => [name, read(value[name], place(name))]),
    ) as { readonly [Name in keyof Fields]: Described<Fields[Name]> };
  };

/** An object whose field `kind` says which of these descriptions it follows. */
export const kindOf =
  <Kinds extends Readonly<Record<string, Reader<unknown>>>>(
    kinds: Kinds,
  ): Reader<Described<Kinds[keyof Kinds]>> =>
  (value, at) => {
    const kind = isObject(value) ? value.kind : undefined;
    const read = typeof kind === 'string' && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    return read === undefined
      ? refuse(at === '' ? 'kind' : `${at}.kind`, Object.keys(kinds).join(' or '))
      : (read(value, at) as Described<Kinds[keyof Kinds]>);
  };

/** The JSON text of a document, with amounts as decimal strings. */
export const documentText = (document: unknown): string =>
  JSON.stringify(
    document,
    (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
    2,
  );
