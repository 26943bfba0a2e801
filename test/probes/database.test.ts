// Database: the doctor's findings on the settings of the sessions that the ledger has.
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/ledger/database.ts';
import { ofDatabase } from '../../src/probes/database.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { createDatabase } from '../support/database.ts';

test('a session that took no settings from the daemon is told, with what to set for its role', async () => {
  await using database = await createDatabase();
  const told = async (isPooled: boolean): Promise<string[]> => {
    const sql = openDatabase(database.url, silentLog, 1, { isPooled });
    try {
      const found = await ofDatabase({ sql, direct: database.sql }, systemClock);
      return found.flatMap(({ mend }) => mend ?? []);
    } finally {
      await sql.end();
    }
  };
  expect(await told(false)).toEqual([]);
  expect(await told(true)).toEqual([
    expect.stringContaining('set statement_timeout'),
    expect.stringContaining('set enable_hashjoin = off'),
  ]);
});
