// Borsh: bytes of records and accounts written by hand, for tests that must not depend on the
// tables that they test.
export const u8 = (value: number): Buffer => Buffer.of(value);
export const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};
export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
export const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes;
};
export const i64 = u64;
export const u128 = (value: bigint): Buffer =>
  Buffer.concat([u64(value), u64(BigInt.asUintN(128, value) >> 64n)]);
export const i128 = u128;
export const key = (fill: number): Buffer => Buffer.alloc(32, fill);
export const hex = (text: string): Buffer => Buffer.from(text, 'hex');
