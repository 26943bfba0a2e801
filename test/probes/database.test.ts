// Database: the doctor's findings on the settings of the sessions that the ledger has, and on a
// Postgres that takes no writes.
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/ledger/database.ts';
import { ofDatabase } from '../../src/probes/database.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { refuseWrites } from '../support/damage.ts';
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

test('a primary that takes no writes is wrong, with its likely cause', async () => {
  await using database = await createDatabase();
  const told = async () => {
    const sql = openDatabase(database.url, silentLog, 1, { isPooled: false });
    try {
      const found = await ofDatabase({ sql, direct: database.sql }, systemClock);
      return found.filter((each) => each.state === 'wrong').map(({ says, mend }) => [says, mend]);
    } finally {
      await sql.end();
    }
  };
  expect(await told()).toEqual([]);
  const mend = await refuseWrites(database.sql, database.url);
  expect(await told()).toEqual([
    [expect.stringContaining('takes no writes'), expect.stringContaining('disk is full')],
  ]);
  await mend();
  expect(await told()).toEqual([]);
});
