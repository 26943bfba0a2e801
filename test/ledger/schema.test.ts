// Schema: sql/schema.sql is what the migrations make, every constraint and table says what it is
// for, and tables that belong to a subscriber can be read by subscriber.
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { dumpSchema } from '../support/schema-dump.ts';

const FILE = new URL('../../sql/schema.sql', import.meta.url);

test('sql/schema.sql is the schema that the migrations make: npm run schema writes it anew', async () => {
  await using database = await createDatabase();
  expect(await readFile(FILE, 'utf8')).toBe(await dumpSchema(database.sql));
});

test('every table says what a row is, and no constraint has a number for a name', async () => {
  await using database = await createDatabase();
  const silent = await database.sql`
    select relname from pg_class
    where relkind = 'r' and relnamespace = 'public'::regnamespace and obj_description(oid) is null`;
  expect(silent.map((each) => each.relname)).toEqual([]);
  const named = await database.sql`
    select conname from pg_constraint k join pg_class c on c.oid = k.conrelid
    where c.relnamespace = 'public'::regnamespace
      and (k.conname ~ '_check\\d+$' or k.conname = c.relname || '_check')`;
  expect(named.map((each) => each.conname)).toEqual([]);
});

/** Tables of subscribers whose key begins with something else, and the reason. */
const OTHER_KEYS: Record<string, string> = {
  account: 'An address belongs to one subscriber: the address is the key.',
  account_check: 'As account.',
  unfollowed: 'As account.',
  sighting_account: 'Read by account and by transaction, before the subscriber is known.',
  clearance: 'Named by the platform: its id is the key.',
  event: 'Sent in one sequence over all subscribers.',
  fact_replaced: 'Kept for people, in the order in which facts were replaced.',
  payment: 'Named on chain by its memo: its id is the key.',
  profit_share: 'Named in the API by its id.',
  standing_change: 'The stream of the gate is in the order of revisions.',
  unbooked: 'Booked account by account, in the order of slots.',
};

test('a table with a subscriber leads its key with it, or stands in the list with its reason', async () => {
  await using database = await createDatabase();
  const rows = await database.sql`
    select c.relname as table, a.attname as first
    from pg_class c
    join pg_index i on i.indrelid = c.oid and (i.indisprimary or i.indisunique and not exists (
      select from pg_index p where p.indrelid = c.oid and p.indisprimary))
    join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
    where c.relnamespace = 'public'::regnamespace and exists (
      select from pg_attribute s
      where s.attrelid = c.oid and s.attname = 'subscriber_id' and not s.attisdropped)`;
  const others = rows.filter((each) => each.first !== 'subscriber_id').map((each) => each.table);
  expect(others.toSorted()).toEqual(Object.keys(OTHER_KEYS).toSorted());
});

test('a table of sql/schema.sql is read on one screen of 60 lines', async () => {
  const tables = (await readFile(FILE, 'utf8')).split(/^(?=create table )/m).slice(1);
  expect(tables.length).toBeGreaterThan(50);
  const long = tables.map((each) => each.slice(0, each.indexOf('\n);')).split('\n'));
  expect(long.filter((lines) => lines.length >= 60).map(([first]) => first)).toEqual([]);
});
