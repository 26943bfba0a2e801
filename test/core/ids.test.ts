// Ids: base58 there and back, and which texts are addresses and signatures.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { PublicKey } from '@solana/web3.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  address,
  base58Bytes,
  base58Text,
  isAddress,
  isSignature,
  signature,
} from '../../src/core/ids.ts';

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);
const text = (length: number, fill: number) => base58Text(bytes(length, fill));

test('any bytes come back, leading zeros included', () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(3), (tail, zeros) => {
      const given = Uint8Array.from([...bytes(zeros, 0), ...tail]);
      expect(base58Bytes(base58Text(given))).toEqual(given);
    }),
  ));

test('32 bytes have the text that the Solana library gives them', () =>
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (given) => {
      expect(base58Text(given)).toBe(new PublicKey(given).toBase58());
    }),
  ));

test('known texts', () => {
  expect(base58Text(Uint8Array.of(0, 0, 1, 0))).toBe('115R');
  expect(base58Bytes('')).toEqual(new Uint8Array());
  for (const other of ['0', 'O', 'I', 'l', ' ', '1 1', 'a+'])
    expect(base58Bytes(other), other).toBeNull();
});

test('a text that is kept takes the memory of its characters, and of nothing it was made from', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const kept: string[] = new Array(20_000).fill('');
  const given = new Uint8Array(32).fill(255);
  const number = new DataView(given.buffer);
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let each = 0; each < kept.length; each++) {
    number.setUint32(28, each);
    kept[each] = base58Text(given);
  }
  collect();
  // 44 characters and a head of 12 bytes. As a chain of strings each takes 1,100 bytes.
  expect((process.memoryUsage().heapUsed - before) / kept.length).toBeLessThan(150);
});

describe.each([
  ['an address', 32, isAddress, address, /not a Solana address/],
  ['a signature', 64, isSignature, signature, /not a transaction signature/],
] as const)('%s', (_, length, is, read, refusal) => {
  test('has exactly so many bytes, whatever they are', () => {
    for (const fill of [0, 1, 128, 255]) {
      const good = text(length, fill);
      expect(is(good)).toBe(true);
      expect(read(good)).toBe(good);
      for (const other of [text(length - 1, fill), text(length + 1, fill)]) {
        expect(is(other)).toBe(false);
        expect(() => read(other)).toThrow(refusal);
      }
    }
  });
  test('is base58, and is refused before a long text is read', () => {
    expect(is(`0${text(length, 255).slice(1)}`)).toBe(false);
    expect(is('')).toBe(false);
    expect(is('1'.repeat(10_000))).toBe(false);
  });
});
