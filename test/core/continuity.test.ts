// Continuity: when a database may lack commits that were seen.
import { expect, test } from 'vitest';
import { type DatabaseState, mayHaveGoneBack } from '../../src/core/continuity.ts';

const told = (identity: string, position: bigint): DatabaseState => ({
  told: true,
  identity,
  position,
});
const untold = (connections: number): DatabaseState => ({ told: false, connections });

test('a database is whole while its identity stays and its log grows', () => {
  expect(mayHaveGoneBack(told('a', 5n), told('a', 5n))).toBe(false);
  expect(mayHaveGoneBack(told('a', 5n), told('a', 6n))).toBe(false);
  expect(mayHaveGoneBack(told('a', 5n), told('a', 4n))).toBe(true);
  expect(mayHaveGoneBack(told('a', 5n), told('b', 6n))).toBe(true);
});

test('one that does not tell its timeline has gone back whenever a connection has ended', () => {
  expect(mayHaveGoneBack(untold(1), untold(1))).toBe(false);
  expect(mayHaveGoneBack(untold(1), untold(2))).toBe(true);
  expect(mayHaveGoneBack(told('a', 5n), untold(1))).toBe(true);
  expect(mayHaveGoneBack(untold(1), told('a', 5n))).toBe(true);
});
