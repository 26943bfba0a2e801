// Layout: reads the integers of an instruction's data in sequence, as Borsh writes them, and
// compares discriminators.

export type Reader = {
  u8(): number;
  u16(): number;
  u32(): number;
  u64(): bigint;
};

/** Creates a reader that starts at an offset. Reading past the end throws a RangeError. */
export function createReader(bytes: Uint8Array, from: number): Reader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = from;
  const step = (size: number): number => {
    at += size;
    return at - size;
  };
  return {
    u8: () => view.getUint8(step(1)),
    u16: () => view.getUint16(step(2), true),
    u32: () => view.getUint32(step(4), true),
    u64: () => view.getBigUint64(step(8), true),
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
