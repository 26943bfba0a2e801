// Trouble: the class of a code follows from the table, and codes of others are told apart.
import { expect, test } from 'vitest';
import { isOwnTroubleCode, TROUBLES, troubled } from '../../src/core/trouble.ts';

test('a trouble has the class that the table gives its code', () => {
  expect(troubled('halted', 'An operator halted all.')).toEqual({
    class: 'needs_authorisation',
    code: 'halted',
    detail: 'An operator halted all.',
  });
});

test('codes of the table are own codes; those of the chain, of objects and other values are not', () => {
  expect(Object.keys(TROUBLES).every(isOwnTroubleCode)).toBe(true);
  for (const other of ['venue_6010', 'toString', 'constructor', '', undefined, 7, ['halted']])
    expect(isOwnTroubleCode(other), String(other)).toBe(false);
});
