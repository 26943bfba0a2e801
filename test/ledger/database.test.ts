// Database: what the driver makes of DATABASE_URL.
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/ledger/database.ts';
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
