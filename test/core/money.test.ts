// Money and ids: rounding, text and base58, against independent implementations.
import { PublicKey } from '@solana/web3.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { base58Bytes, base58Text, isAddress, isSignature } from '../../src/core/ids.ts';
import { formatUnits, mulDivCeil, mulDivFloor, parseBaseUnits } from '../../src/core/money.ts';

test('floor and ceiling hold for every sign', () => {
  const any = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n });
  fc.assert(
    fc.property(any, any, fc.bigInt({ min: 1n, max: 10n ** 12n }), (a, b, c) => {
      const floor = mulDivFloor(a, b, c);
      expect(floor * c <= a * b && (floor + 1n) * c > a * b).toBe(true);
      const ceil = mulDivCeil(a, b, c);
      expect(ceil * c >= a * b && (ceil - 1n) * c < a * b).toBe(true);
    }),
  );
  expect(() => mulDivFloor(1n, 1n, 0n)).toThrow(RangeError);
});

test('amounts as text', () => {
  expect(formatUnits(12_345_678n)).toBe('12.345678');
  expect(formatUnits(-5n)).toBe('-0.000005');
  expect(parseBaseUnits('007')).toBeNull();
  expect(parseBaseUnits('1.5')).toBeNull();
  expect(parseBaseUnits('9007199254740993')).toBe(9007199254740993n);
});

test('base58 agrees with web3.js, leading zeros included', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.integer({ min: 0, max: 32 }),
      (bytes, zeros) => {
        bytes.fill(0, 0, zeros);
        const text = new PublicKey(bytes).toBase58();
        expect(base58Text(bytes)).toBe(text);
        expect(base58Bytes(text)).toEqual(bytes);
        expect(isAddress(text)).toBe(true);
        expect(isSignature(text)).toBe(false);
      },
    ),
  );
  expect(isAddress('0OIl')).toBe(false);
});
