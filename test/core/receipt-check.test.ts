// Receipt check: the comparison of a receipt's objects with the chain's, field by field.
import { expect, test } from 'vitest';
import { differencesOf, same } from '../../src/core/receipt-check.ts';

test('values are the same where every field is, at any depth', () => {
  expect(same({ a: { b: 1n }, c: [2, null] }, { c: [2, null], a: { b: 1n } })).toBe(true);
  expect(same({ a: { b: 1n } }, { a: { b: 2n } })).toBe(false);
  expect(same([1, 2], [1])).toBe(false);
  expect(same({}, { a: 1 })).toBe(false);
});

test('nothing, a figure and an object are never the same', () => {
  const kinds = [null, undefined, 0n, '', {}];
  for (const [nth, one] of kinds.entries())
    for (const [other, each] of kinds.entries()) expect(same(one, each)).toBe(nth === other);
});

test('a difference names the field and both values, with amounts as decimal digits', () => {
  expect(differencesOf({ fee: 1n, at: 3 }, { fee: 2n, at: 3 })).toEqual([
    'fee is 1 in the receipt and 2',
  ]);
  expect(differencesOf({ tab: { carry: 5n, at: 1 } }, { tab: null })).toEqual([
    'tab is {"carry":"5","at":1} in the receipt and null',
  ]);
  expect(differencesOf({}, { fee: 2n })).toEqual([]);
});
