// Room: the doctor tells a Postgres that takes no new rows, or that allows too few connections.
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/ledger/database.ts';
import { ofConnections, ofWrites } from '../../src/probes/room.ts';
import { silentLog } from '../../src/system/log.ts';
import { fillDisk, refuseWrites } from '../support/damage.ts';
import { createDatabase } from '../support/database.ts';

test('a full disk is wrong, and what the doctor tries to write is taken back', async () => {
  await using database = await createDatabase();
  const told = async () =>
    (await ofWrites(database.sql)).map(({ what, state, says }) => [what, state, says]);
  expect(await told()).toEqual([['writes', 'ok', expect.any(String)]]);
  const makeRoom = await fillDisk(database, 'delivery');
  expect(await told()).toEqual([
    ['writes', 'wrong', expect.stringContaining('The disk of Postgres is full.')],
  ]);
  await makeRoom();
  expect((await told())[0]?.[1]).toBe('ok');
  expect(await database.sql`select 1 from delivery`).toHaveLength(0);
});

test('what the finding on Postgres tells already is not told again', async () => {
  await using database = await createDatabase();
  const allowWrites = await refuseWrites(database.sql, database.url);
  const sql = openDatabase(database.url, silentLog, 1);
  expect(await ofWrites(sql)).toEqual([]);
  await sql.end();
  await allowWrites();
});

test('fewer connections than one daemon opens are told, with where the bound stands', async () => {
  await using database = await createDatabase();
  const { sql } = database;
  const name = new URL(database.url).pathname.slice(1);
  const told = async () => (await ofConnections(sql, 5)).map(({ says }) => says);
  expect(await told()).toEqual([]);
  await sql.unsafe(`alter database ${name} connection limit 8`);
  expect(await told()).toEqual([]);
  await sql.unsafe(`alter database ${name} connection limit 7`);
  expect(await told()).toEqual([
    'CONNECTION LIMIT of the database is 7, and a daemon opens up to 8',
  ]);
});
