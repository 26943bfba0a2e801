// Money: rounding of divisions, and amounts as text and back.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatUnits,
  least,
  most,
  mulDivCeil,
  mulDivFloor,
  parseBaseUnits,
} from '../../src/core/money.ts';

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
  for (const divisor of [0n, -1n])
    expect(() => mulDivFloor(1n, 1n, divisor)).toThrow('the divisor must be positive');
});

test('amounts as text', () => {
  expect(formatUnits(12_345_678n)).toBe('12.345678');
  expect(formatUnits(-5n)).toBe('-0.000005');
  expect(parseBaseUnits('007')).toBeNull();
  expect(parseBaseUnits('1.5')).toBeNull();
  expect(parseBaseUnits('9007199254740993')).toBe(9007199254740993n);
});

test('amounts of any decimals, and of none', () => {
  expect(formatUnits(0n)).toBe('0.000000');
  expect(formatUnits(7n, 0)).toBe('7');
  expect(formatUnits(-7n, 0)).toBe('-7');
  expect(formatUnits(123n, 2)).toBe('1.23');
  expect(formatUnits(1_500_000_000n, 9)).toBe('1.500000000');
});

test('a decimal string of base units has up to 19 digits and no leading zero', () => {
  expect(parseBaseUnits('0')).toBe(0n);
  expect(parseBaseUnits('9'.repeat(19))).toBe(10n ** 19n - 1n);
  for (const text of ['', '00', '-1', '+1', '1 ', ' 1', '1e3', '1n', 'a1', '1a', '9'.repeat(20)])
    expect(parseBaseUnits(text), text).toBeNull();
});

test('the smaller and the larger of two amounts', () => {
  expect([least(1n, 2n), least(2n, 1n), least(2n, 2n)]).toEqual([1n, 1n, 2n]);
  expect([most(1n, 2n), most(2n, 1n), most(2n, 2n)]).toEqual([2n, 2n, 2n]);
});
