// Layout: encodes and decodes a venue's accounts, events and instruction arguments. Drift's follow
// its published interface (the IDL that ships with the SDK). A venue of the same family describes
// its own as changes of that interface, and says at which offsets its accounts keep the fields that
// the stand-in's rules read. Only the local chain uses it; the daemon has its own decoders.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Cursor, createCodec, type Idl, type IdlField, type IdlType, type Struct } from './idl.ts';

export type { Idl, Struct } from './idl.ts';

/** A field of an account: its path in the decoded struct, its offset on chain, and its type. */
export type PlacedField = readonly [path: string, at: number, type: IdlType];
export type AccountLayout = {
  /** The size of the account on chain, discriminator included. */
  readonly bytes: number;
  /**
   * The fields that the account has; absent when they are those of the interface, one after the
   * other. A field of Drift's struct that is not listed is zero when decoded, and is not kept.
   */
  readonly placed?: readonly PlacedField[];
};

export type Layout = {
  readonly idl: Idl;
  decodeAccount(name: string, data: Uint8Array): Struct;
  /** An account with zero in every byte after the discriminator. */
  blankAccount(name: string): Struct;
  /** `before` holds the bytes that no listed field covers; zeros when absent. */
  encodeAccount(name: string, value: Struct, before?: Uint8Array): Uint8Array;
  encodeEvent(name: string, value: Struct): Uint8Array;
  /**
   * Reads a record; null when it is not a record of the venue. Fields behind the end of an older,
   * shorter record are left out.
   */
  readEvent(bytes: Uint8Array): { name: string; fields: Struct } | null;
  /** Reads an instruction's name and arguments; null when it is not an instruction of the venue. */
  decodeInstruction(
    data: Uint8Array,
  ): { name: string; args: Struct; accounts: Idl['instructions'][number]['accounts'] } | null;
  encodeInstruction(name: string, args: Struct): Uint8Array;
};

/** More bytes than any account, event or instruction of the family has. */
const ROOM = 9_000;
const ZEROS = new Uint8Array(ROOM);
const room = new Cursor(new Uint8Array(ROOM));

/**
 * The room in which a value is written before its bytes are copied, filled with zeros. A new one
 * for each value would take longer than to write it.
 */
function roomAt(place: number): Cursor {
  room.bytes.fill(0);
  room.at = place;
  return room;
}
/** The discriminators that were asked for, by the texts of which they are hashes. */
const hashes = new Map<string, Uint8Array>();
function hash8(preimage: string): Uint8Array {
  const known = hashes.get(preimage);
  if (known !== undefined) return known;
  const digest = createHash('sha256').update(preimage).digest();
  const made = new Uint8Array(digest.subarray(0, 8));
  hashes.set(preimage, made);
  return made;
}
const snake = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The first eight bytes of an account of this kind. The caller must leave them as they are. */
export const accountDiscriminator = (name: string): Uint8Array => hash8(`account:${name}`);

/** The first eight bytes of an instruction's data, by its name in the interface. */
export const discriminatorOf = (name: string): Uint8Array => hash8(`global:${snake(name)}`);

/** Finds the struct that holds a field of a path, and the name of the field in it. */
function placeOf(struct: Struct, path: string): { holder: Struct; name: string } {
  const names = path.split('.');
  const name = names.pop() ?? '';
  return { holder: names.reduce((holder, each) => holder[each] as Struct, struct), name };
}

/**
 * Creates the layout of a venue. `base` has the structs onto which placed fields are decoded.
 */
export function createLayout(
  idl: Idl,
  accounts: Readonly<Record<string, AccountLayout>>,
  base: (name: string) => Struct = () => ({}),
): Layout {
  const definitions = new Map(
    [...idl.types, ...idl.accounts].map((each) => [each.name, each.type]),
  );
  const codec = createCodec(definitions);
  const events = new Map(idl.events.map((each) => [hex(hash8(`event:${each.name}`)), each]));
  const instructions = new Map(
    idl.instructions.map((each) => [hex(discriminatorOf(each.name)), each]),
  );
  const structOf = (name: string): readonly IdlField[] => {
    const definition = definitions.get(name);
    if (definition?.kind !== 'struct') throw new Error(`layout: ${name} is no struct`);
    return definition.fields;
  };
  const layout: Layout = {
    idl,
    decodeAccount(name, data) {
      const placed = accounts[name]?.placed;
      if (placed === undefined) return codec.readFields(structOf(name), new Cursor(data, 8));
      const struct = base(name);
      for (const [path, at, type] of placed) {
        const { holder, name: field } = placeOf(struct, path);
        holder[field] = codec.read(type, new Cursor(data, at));
      }
      return struct;
    },
    blankAccount: (name) => layout.decodeAccount(name, ZEROS),
    encodeAccount(name, value, before) {
      const kind = accounts[name];
      if (kind === undefined) throw new Error(`layout: ${name} has no size`);
      const cursor = roomAt(8);
      if (before !== undefined) cursor.bytes.set(before, 0);
      if (kind.placed === undefined) codec.writeFields(structOf(name), value, cursor);
      for (const [path, at, type] of kind.placed ?? []) {
        const { holder, name: field } = placeOf(value, path);
        cursor.at = at;
        codec.write(type, holder[field], cursor);
      }
      const bytes = cursor.bytes.subarray(0, kind.bytes);
      bytes.set(accountDiscriminator(name), 0);
      return new Uint8Array(bytes);
    },
    encodeEvent(name, value) {
      const event = idl.events.find((each) => each.name === name);
      if (event === undefined) throw new Error(`layout: no event ${name}`);
      const cursor = roomAt(8);
      codec.writeFields(event.fields, value, cursor);
      cursor.bytes.set(hash8(`event:${name}`), 0);
      return new Uint8Array(cursor.bytes.subarray(0, cursor.at));
    },
    readEvent(bytes) {
      const event = events.get(hex(bytes.subarray(0, 8)));
      if (event === undefined) return null;
      const cursor = new Cursor(bytes, 8);
      const fields: Struct = {};
      for (const { name, type } of event.fields) {
        if (cursor.at >= bytes.length) break;
        fields[name] = codec.read(type, cursor);
      }
      return { name: event.name, fields };
    },
    decodeInstruction(data) {
      const found = instructions.get(hex(data.subarray(0, 8)));
      if (found === undefined) return null;
      return {
        name: found.name,
        args: codec.readFields(found.args, new Cursor(data, 8)),
        accounts: found.accounts,
      };
    },
    encodeInstruction(name, args) {
      const found = idl.instructions.find((each) => each.name === name);
      if (found === undefined) throw new Error(`layout: no instruction ${name}`);
      const cursor = roomAt(8);
      codec.writeFields(found.args, args, cursor);
      cursor.bytes.set(discriminatorOf(name), 0);
      return new Uint8Array(cursor.bytes.subarray(0, cursor.at));
    },
  };
  return layout;
}

const path = createRequire(import.meta.url).resolve('@drift-labs/sdk/lib/node/idl/drift.json');
export const idl = JSON.parse(readFileSync(path, 'utf8')) as Idl;

/** Drift's layout. */
export const DRIFT_LAYOUT = createLayout(idl, {
  State: { bytes: 992 },
  SpotMarket: { bytes: 776 },
  PerpMarket: { bytes: 1216 },
  User: { bytes: 4376 },
  UserStats: { bytes: 240 },
});
export const {
  decodeAccount,
  blankAccount,
  encodeAccount,
  encodeEvent,
  readEvent,
  decodeInstruction,
  encodeInstruction,
} = DRIFT_LAYOUT;
