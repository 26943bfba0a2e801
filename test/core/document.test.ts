// Document: a document is read by the description of its fields, and every fault names its place.
import { describe, expect, test } from 'vitest';
import {
  addressOf,
  amountOf,
  countOf,
  documentText,
  flagOf,
  kindOf,
  listOf,
  objectOf,
  oneOf,
  orElse,
  orNull,
  type Reader,
  signatureOf,
  textOf,
} from '../../src/core/document.ts';
import { Fault } from '../../src/core/fault.ts';
import { USDC } from '../../src/core/token.ts';

const refusal = (read: Reader<unknown>, value: unknown, at = 'field'): string => {
  try {
    return `accepted: ${String(read(value, at))}`;
  } catch (error) {
    const isInvalid = error instanceof Fault && error.code === 'body_invalid';
    return isInvalid ? error.message : `another error: ${String(error)}`;
  }
};

describe('single values', () => {
  test('a text has at most so many characters, 200 unless the description says otherwise', () => {
    expect(textOf()('x'.repeat(200), 'a')).toHaveLength(200);
    expect(refusal(textOf(), 'x'.repeat(201))).toBe(
      'field must be a text of at most 200 characters.',
    );
    expect(refusal(textOf(3), 'abcd')).toContain('at most 3 characters');
    expect(refusal(textOf(3), 7)).toContain('field must be a text');
  });

  test('an amount is a whole decimal number of at most 39 digits, without leading zeros', () => {
    for (const good of ['0', '7', '-7', '9'.repeat(39), `-${'9'.repeat(39)}`])
      expect(amountOf(good, 'a')).toBe(BigInt(good));
    for (const bad of [
      '',
      '-',
      '-0',
      '00',
      '01',
      '1.0',
      '+1',
      ' 1',
      '1 ',
      '1e3',
      '9'.repeat(40),
      7,
    ])
      expect(refusal(amountOf, bad), String(bad)).toBe(
        'field must be base units as a decimal string.',
      );
  });

  test('a count is a whole number from 0 to what a double holds exactly', () => {
    expect([countOf(0, 'a'), countOf(Number.MAX_SAFE_INTEGER, 'a')]).toEqual([0, 2 ** 53 - 1]);
    for (const bad of [-1, 0.5, 2 ** 53, '1', null, Number.NaN])
      expect(refusal(countOf, bad), String(bad)).toBe('field must be a whole number from 0 on.');
  });

  test('flags, addresses and signatures are told apart from anything else', () => {
    expect([flagOf(true, 'a'), flagOf(false, 'a')]).toEqual([true, false]);
    expect(refusal(flagOf, 'true')).toBe('field must be true or false.');
    expect(addressOf(USDC.mint, 'a')).toBe(USDC.mint);
    expect(refusal(addressOf, `${USDC.mint}1`)).toBe('field must be a Solana address.');
    expect(refusal(addressOf, 7)).toBe('field must be a Solana address.');
    const signature = '1'.repeat(64);
    expect(signatureOf(signature, 'a')).toBe(signature);
    expect(refusal(signatureOf, USDC.mint)).toBe('field must be the signature of a transaction.');
    expect(refusal(signatureOf, null)).toBe('field must be the signature of a transaction.');
  });

  test('one of several values is taken as it is, and others are refused with the list', () => {
    expect([oneOf('a', 'b')('b', 'x'), oneOf(1, 2)(1, 'x')]).toEqual(['b', 1]);
    expect(refusal(oneOf('a', 'b'), 'c')).toBe('field must be a or b.');
  });

  test('null and an absent value stand only where the description says so', () => {
    expect([orNull(countOf)(null, 'a'), orNull(countOf)(3, 'a')]).toEqual([null, 3]);
    expect(refusal(orNull(countOf), undefined)).toContain('a whole number');
    expect([orElse(countOf, 9)(undefined, 'a'), orElse(countOf, 9)(3, 'a')]).toEqual([9, 3]);
    expect(refusal(orElse(countOf, 9), null)).toContain('a whole number');
  });
});

describe('lists and objects', () => {
  const point = objectOf({ x: countOf, y: orElse(countOf, 0) });

  test('a list has at most so many entries, and a fault names the entry', () => {
    expect(listOf(countOf, 2)([1, 2], 'parts')).toEqual([1, 2]);
    expect(refusal(listOf(countOf, 2), [1, 2, 3], 'parts')).toContain('at most 2');
    expect(refusal(listOf(countOf, 2), { length: 1 }, 'parts')).toContain('parts must be');
    expect(refusal(listOf(countOf, 2), [1, 'b'], 'parts')).toBe(
      'parts[1] must be a whole number from 0 on.',
    );
  });

  test('an object has the described fields and no other', () => {
    expect(point({ x: 1 }, '')).toEqual({ x: 1, y: 0 });
    expect(refusal(point, { x: 1, z: 2 }, '')).toBe('z must be absent: no such field is known.');
    expect(refusal(point, { x: 1, z: 2 }, 'at')).toContain('at.z must be absent');
    expect(refusal(point, { x: 1, toString: 2 }, '')).toContain('toString must be absent');
    expect(refusal(point, {}, '')).toBe('x must be a whole number from 0 on.');
    expect(refusal(point, {}, 'at')).toContain('at.x must be');
    for (const bad of [null, [], 'x', undefined])
      expect(refusal(point, bad, ''), String(bad)).toBe('The document must be an object.');
  });

  test('the field `kind` chooses the description', () => {
    const shape = kindOf({
      point: objectOf({ kind: oneOf('point'), x: countOf }),
      line: objectOf({ kind: oneOf('line'), from: point }),
    });
    expect(shape({ kind: 'point', x: 4 }, 's')).toEqual({ kind: 'point', x: 4 });
    expect(refusal(shape, { kind: 'line', from: { x: -1 } }, 's')).toContain('s.from.x must be');
    for (const bad of [{ kind: 'circle' }, { kind: 'toString' }, { kind: ['point'] }, null, []])
      expect(refusal(shape, bad, 's')).toBe('s.kind must be point or line.');
    expect(refusal(shape, {}, '')).toBe('kind must be point or line.');
  });
});

test('the text of a document holds amounts as decimal strings and reads back the same', () => {
  const text = documentText({ amount: 7n, at: 'x', list: [1n] });
  expect(text).toBe('{\n  "amount": "7",\n  "at": "x",\n  "list": [\n    "1"\n  ]\n}');
  expect(
    objectOf({ amount: amountOf, at: textOf(), list: listOf(amountOf, 1) })(JSON.parse(text), ''),
  ).toEqual({ amount: 7n, at: 'x', list: [1n] });
});
