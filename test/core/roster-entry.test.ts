// Roster entry: the debts of an entry by token, also of a server of the release before.
import { expect, test } from 'vitest';
import { owedIn } from '../../src/core/roster-entry.ts';
import { USDC } from '../../src/core/token.ts';

test('an entry without sums by token owes its outstanding amount in USDC, or nothing', () => {
  expect(owedIn({ outstanding: 5n })).toEqual([{ ...USDC, amount: 5n }]);
  expect(owedIn({ outstanding: 0n })).toEqual([]);
  const owed = [{ ...USDC, symbol: 'USDT', amount: 7n }];
  expect(owedIn({ outstanding: 7n, owed })).toBe(owed);
});
