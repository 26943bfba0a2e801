// Database: what the driver makes of DATABASE_URL, and a value as JSON.
import { expect, test } from 'vitest';
import { openDatabase, toJson } from '../../src/ledger/database.ts';
import { silentLog } from '../../src/system/log.ts';

test('a URL with an IPv6 address reaches that address, with its port or the usual one', async () => {
  const at = async (url: string): Promise<unknown> => {
    const sql = openDatabase(url, silentLog, 1);
    const { host, port } = sql.options;
    await sql.end();
    return [host, port];
  };
  expect(await at('postgres://u:p@[2001:db8::1]:6543/x')).toEqual([['2001:db8::1'], [6543]]);
  expect(await at('postgres://u:p@[::1]/x')).toEqual([['::1'], [5432]]);
  expect(await at('postgres://u:p@ledger.internal/x')).toEqual([['ledger.internal'], [5432]]);
});

test('a value becomes the JSON that JSON.stringify makes of it, with bigint as text', () => {
  const given = {
    amount: -12n,
    nested: [{ at: new Date(0), left: undefined, no: null }, undefined, [1n]],
    bytes: Buffer.from([1, 2]),
    keyed: new Map([['a', 1]]),
    own: { toJSON: () => ({ n: 3n }) },
    flag: false,
  };
  const known = JSON.stringify(given, (_, each: unknown) =>
    typeof each === 'bigint' ? each.toString() : each,
  );
  expect(JSON.stringify(toJson(given))).toBe(known);
  expect(Object.keys(toJson({ left: undefined, kept: 1n }) as object)).toEqual(['kept']);
});
