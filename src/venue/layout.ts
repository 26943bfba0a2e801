// Layout: reads bytes in sequence, as Borsh writes them. At the end of the buffer an optional
// trailing field reads as absent, because older records are shorter.
import { type Address, base58Text } from '../core/ids.ts';

export type Reader = {
  readonly left: number;
  u8(): number;
  u16(): number;
  u32(): number;
  u64(): bigint;
  i64(): bigint;
  u128(): bigint;
  i128(): bigint;
  key(): Address;
  skip(bytes: number): void;
  /** A Borsh Option; null also when the bytes end here. */
  option<T>(read: () => T): T | null;
};

/** Creates a reader that starts at an offset. Reading past the end throws a RangeError. */
export function createReader(bytes: Uint8Array, from = 0): Reader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = from;
  const step = (size: number): number => {
    at += size;
    return at - size;
  };
  const wide = (signed: boolean): bigint => {
    const low = view.getBigUint64(step(8), true);
    const high = signed ? view.getBigInt64(step(8), true) : view.getBigUint64(step(8), true);
    return (high << 64n) | low;
  };
  return {
    get left() {
      return bytes.length - at;
    },
    u8: () => view.getUint8(step(1)),
    u16: () => view.getUint16(step(2), true),
    u32: () => view.getUint32(step(4), true),
    u64: () => view.getBigUint64(step(8), true),
    i64: () => view.getBigInt64(step(8), true),
    u128: () => wide(false),
    i128: () => wide(true),
    key: () => {
      const start = step(32);
      if (at > bytes.length) throw new RangeError('record ends inside a key');
      return base58Text(bytes.subarray(start, at)) as Address;
    },
    skip: (size) => {
      step(size);
      if (at > bytes.length) throw new RangeError('record ends too early');
    },
    option(read) {
      if (at >= bytes.length) return null;
      return view.getUint8(step(1)) === 0 ? null : read();
    },
  };
}

const discriminators = new Map<string, bigint>();

/** Whether the bytes begin with an eight-byte discriminator, given in hex. */
export function startsWith(bytes: Uint8Array, discriminator: string): boolean {
  if (bytes.length < 8) return false;
  let wanted = discriminators.get(discriminator);
  if (wanted === undefined) {
    wanted = Buffer.from(discriminator, 'hex').readBigUInt64BE();
    discriminators.set(discriminator, wanted);
  }
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0) === wanted;
}
