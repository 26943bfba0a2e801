// Fact: which of two places on the chain came first, where that is known.
import { expect, test } from 'vitest';
import { type ChainPosition, comparePositions } from '../../src/core/fact.ts';
import type { Signature } from '../../src/core/ids.ts';

const at = (slot: number, blockIndex: number | null, ordinal: number, signature?: string) =>
  ({
    slot,
    blockIndex,
    ordinal,
    ...(signature === undefined ? {} : { signature: signature as Signature }),
  }) as ChainPosition;

test.each<[string, ChainPosition, ChainPosition]>([
  ['the slot', at(1, 9, 9), at(2, 0, 0)],
  ['the slot, also where no index is known', at(1, null, 9), at(2, null, 0)],
  ['the index in the block', at(1, 3, 9), at(1, 4, 0)],
  ['the ordinal in the transaction', at(1, 3, 8), at(1, 3, 9)],
  ['the ordinal of one transaction without an index', at(1, null, 8, 's'), at(1, null, 9, 's')],
  ['the ordinal of one transaction, whatever its index', at(1, 4, 8, 's'), at(1, 3, 9, 's')],
])('decides %s', (_, first, second) => {
  expect(comparePositions(first, second)).toBeLessThan(0);
  expect(comparePositions(second, first)).toBeGreaterThan(0);
  expect(comparePositions(first, first)).toBe(0);
});

test('two transactions of one slot have no known order without both indexes', () => {
  expect(comparePositions(at(1, null, 1), at(1, 5, 9))).toBe(0);
  expect(comparePositions(at(1, 5, 9), at(1, null, 1))).toBe(0);
  expect(comparePositions(at(1, null, 1, 's'), at(1, null, 9, 't'))).toBe(0);
  expect(comparePositions(at(1, null, 1), at(1, null, 9))).toBe(0);
});
