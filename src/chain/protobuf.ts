// Protobuf: reads and writes the wire format of Protocol Buffers, as far as geyser.ts needs it. A
// message is a row of fields; each has a number and a value, which is an integer or bytes.
// https://protobuf.dev/programming-guides/encoding

/** A field of a message: an integer, or the bytes of a text, of bytes, or of a message. */
export type Field =
  | { readonly number: number; readonly kind: 'integer'; readonly value: bigint }
  | { readonly number: number; readonly kind: 'bytes'; readonly value: Uint8Array };

/** An integer has 64 bits, and each byte of it carries seven. */
const INTEGER_BYTES_MOST = 10;

function integerAt(bytes: Uint8Array, at: number): { value: bigint; next: number } {
  let value = 0n;
  for (let index = 0; index < INTEGER_BYTES_MOST; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) throw new RangeError('a message ends inside an integer');
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return { value: BigInt.asUintN(64, value), next: at + index + 1 };
  }
  throw new RangeError('an integer is longer than 64 bits');
}

/**
 * The fields of a message, in the order of their bytes. The values of bytes are views of the
 * message. Throws RangeError for bytes that are no message.
 */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0;
  while (at < message.length) {
    const tag = integerAt(message, at);
    const number = Number(tag.value >> 3n);
    const type = Number(tag.value & 7n);
    at = tag.next;
    if (type === 0) {
      const { value, next } = integerAt(message, at);
      at = next;
      yield { number, kind: 'integer', value };
      continue;
    }
    let length = type === 1 ? 8 : 4;
    if (type === 2) {
      const told = integerAt(message, at);
      at = told.next;
      length = Number(told.value);
    } else if (type !== 1 && type !== 5) throw new RangeError(`wire type ${type} is not known`);
    if (length > message.length - at) throw new RangeError('a message ends inside a field');
    yield { number, kind: 'bytes', value: message.subarray(at, at + length) };
    at += length;
  }
}

/** The integers of a packed field. Throws RangeError for bytes that are no integers. */
export function packedOf(bytes: Uint8Array): bigint[] {
  const found: bigint[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { value, next } = integerAt(bytes, at);
    found.push(value);
    at = next;
  }
  return found;
}

function integer(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  while (left > 0x7fn) {
    bytes.push(Number(left & 0x7fn) | 0x80);
    left >>= 7n;
  }
  return Uint8Array.of(...bytes, Number(left));
}

/** The bytes of a field with an integer that is not negative. */
export const integerField = (number: number, value: number | bigint): Uint8Array =>
  Buffer.concat([integer(BigInt(number) << 3n), integer(BigInt(value))]);

/** The bytes of a field with a text or a message. */
export function bytesField(number: number, value: string | Uint8Array): Uint8Array {
  const bytes = Buffer.from(value);
  return Buffer.concat([
    integer((BigInt(number) << 3n) | 2n),
    integer(BigInt(bytes.length)),
    bytes,
  ]);
}
