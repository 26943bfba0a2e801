// SDK oracle: the venue's own SDK as the judge of our decoders, and arbitrary records to judge them
// on.
import * as sdk from '@drift-labs/sdk';
import { Connection, Keypair, PublicKey } from '@solana/web3.js';
import fc from 'fast-check';
import { expect } from 'vitest';
import { idl, type Struct } from '../../src/local/drift/layout.ts';
import { addressOf, type Key } from '../../src/venue/codec.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';

const connection = new Connection('http://127.0.0.1:1');
export const client = new sdk.DriftClient({
  connection,
  wallet: new sdk.Wallet(Keypair.generate()),
  env: 'mainnet-beta',
  accountSubscription: {
    type: 'polling',
    accountLoader: new sdk.BulkAccountLoader(connection, 'confirmed', 0),
  },
  skipLoadUsers: true,
});

/**
 * A value in plain form: BN, bigint and keys as text, enums as the variant's name, absent as null.
 */
function plain(value: unknown, name = ''): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof PublicKey) return value.toBase58();
  if (Array.isArray(value))
    return name === 'name'
      ? Buffer.from(value).toString('latin1')
      : value.map((each) => plain(each));
  if (typeof value === 'string')
    return value.length === 32 && name !== 'name' && !/^[A-Za-z]+$/.test(value)
      ? addressOf(value as Key)
      : value;
  if (typeof value === 'object' && 'toArrayLike' in value) return String(value);
  if (typeof value === 'object') {
    const keys = Object.keys(value);
    const [only] = keys;
    if (
      only !== undefined &&
      keys.length === 1 &&
      Object.keys((value as Struct)[only] ?? {}).length === 0
    )
      return only;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each, key)]));
  }
  return value;
}

export const oracle = (bytes: Uint8Array): Struct | null => {
  const decoded = client.program.coder.events.decode(Buffer.from(bytes).toString('base64'));
  return decoded === null
    ? null
    : {
        event: decoded.name,
        ...Object.fromEntries(
          Object.entries(decoded.data).map(([key, value]) => [key, plain(value, key)]),
        ),
      };
};

/**
 * Our decoding of a record equals the SDK's, in every field; fields that a short record lacks read
 * as absent.
 */
export function compare(bytes: Uint8Array, padded: Uint8Array = bytes): void {
  const theirs = oracle(padded);
  const ours = DRIFT_V2.records.decodeEvent(bytes);
  if (ours === null || ours.event === 'Spoiled' || theirs === null)
    throw new Error('both should decode this');
  const { event, ...fields } = ours;
  const absent = new Set(
    Object.entries(fields)
      .filter(([, value]) => value === undefined)
      .map(([name]) => name),
  );
  const { event: expected, ...given } = theirs;
  for (const each of absent) delete given[each];
  expect(event).toBe(expected);
  expect(
    Object.fromEntries(
      Object.entries(fields)
        .filter(([field]) => !absent.has(field))
        .map(([field, value]) => [field, plain(value, field)]),
    ),
  ).toEqual(given);
}

/**
 * Arbitrary values of an event, from its published layout: every Option both ways, integers to
 * their extremes.
 */
export function arbitraryEvent(name: string): fc.Arbitrary<Struct> {
  const fields = idl.events.find((each) => each.name === name)?.fields ?? [];
  const variants = (defined: string): string[] => {
    const found = idl.types.find((each) => each.name === defined)?.type;
    return found?.kind === 'enum'
      ? found.variants.map((each) => each.name.charAt(0).toLowerCase() + each.name.slice(1))
      : [];
  };
  const key = fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((bytes) => new PublicKey(bytes).toBase58());
  const of = (type: unknown): fc.Arbitrary<unknown> => {
    if (typeof type === 'object' && type !== null) {
      if ('option' in type) return fc.option(of(type.option), { nil: null });
      if ('vec' in type) return fc.array(of(type.vec), { maxLength: 40 });
      if ('array' in type) {
        const [item, length] = type.array as [unknown, number];
        return fc.array(of(item), { minLength: length, maxLength: length });
      }
      if ('defined' in type) {
        const found = idl.types.find((each) => each.name === type.defined)?.type;
        if (found?.kind === 'struct') return structOf(found.fields);
        return fc.constantFrom(...variants(String(type.defined)));
      }
    }
    if (type === 'publicKey') return key;
    if (type === 'bool') return fc.boolean();
    const [, sign, bits] = /^([ui])(\d+)$/.exec(String(type)) ?? [];
    const size = BigInt(bits ?? 0);
    const range =
      sign === 'u'
        ? { min: 0n, max: 2n ** size - 1n }
        : { min: -(2n ** (size - 1n)), max: 2n ** (size - 1n) - 1n };
    return fc.bigInt(range);
  };
  const structOf = (
    fields: readonly { readonly name: string; readonly type: unknown }[],
  ): fc.Arbitrary<Struct> =>
    fc.record(Object.fromEntries(fields.map((field) => [field.name, of(field.type)])));
  return structOf(fields);
}
