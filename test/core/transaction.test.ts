// Transaction: the order of the calls in a transaction, and the places of what they did.
import { expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import {
  afterCall,
  type ChainTransaction,
  callsOf,
  LAST_ORDINAL,
  ORDINALS_A_CALL,
} from '../../src/core/transaction.ts';

const instruction = (program: string, ...inner: string[]) => ({
  program: program as Address,
  accounts: [],
  data: new Uint8Array(),
  inner: inner.map((each) => ({
    program: each as Address,
    accounts: [],
    data: new Uint8Array(),
  })),
});

test('each instruction comes before what it called, and places count through', () => {
  const instructions = [instruction('a', 'b', 'c'), instruction('d')];
  const calls = callsOf({ instructions } as unknown as ChainTransaction);
  expect(calls.map(({ program, top, inner, place }) => [program, top, inner, place])).toEqual([
    ['a', 0, 0, 0],
    ['b', 0, 1, 1],
    ['c', 0, 2, 2],
    ['d', 1, 0, 3],
  ]);
});

test('what comes after a call stands before the next call, and before the end', () => {
  expect(afterCall({ place: 0 })).toBe(ORDINALS_A_CALL - 1);
  expect(afterCall({ place: 2 })).toBe(3 * ORDINALS_A_CALL - 1);
  expect(LAST_ORDINAL).toBeGreaterThan(afterCall({ place: 1_000_000 }));
});
