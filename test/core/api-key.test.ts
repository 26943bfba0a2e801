// API key: which scopes let which others in.
import { expect, test } from 'vitest';
import { covers, SCOPES, type Scope } from '../../src/core/api-key.ts';

test('operators may do everything, platforms may read the gate, readers only that', () => {
  const table = SCOPES.map((held) => SCOPES.map((asked) => covers([held], asked)));
  expect(table).toEqual([
    [true, false, false],
    [true, true, false],
    [true, true, true],
  ]);
  const both: readonly Scope[] = ['gate:read', 'platform:write'];
  expect(SCOPES.map((asked) => covers(both, asked))).toEqual([true, true, false]);
  expect(SCOPES.map((asked) => covers([], asked))).toEqual([false, false, false]);
});
