// Statistics: Postgres collects none of the values that are only stored and read. It would copy and
// compare those of up to 30,000 rows each time a table has grown by a tenth.
import { expect, test } from 'vitest';
import { addCloses, addSubscribers } from '../bench/books.ts';
import { createDatabase } from '../support/database.ts';

test('no statistics are collected of bodies, bytes and states, and those of keys are', async () => {
  await using database = await createDatabase({ connections: 1 });
  const { sql } = database;
  await addSubscribers(sql, 1, 20);
  await addCloses(sql, 1, 20, 2);
  await sql`analyze fact`;
  const collected = (
    await sql<{ attname: string }[]>`select attname from pg_stats where tablename = 'fact'`
  ).map((row) => row.attname);
  expect(collected).toContain('signature');
  expect(collected).not.toContain('body');
  const without = await sql<{ name: string }[]>`
    select attrelid::regclass || '.' || attname as name from pg_attribute where attstattarget = 0 order by name`;
  expect(without.map((row) => row.name)).toEqual([
    'account_check.baseline',
    'delivery.body',
    'event.body',
    'fact.body',
    'fact_replaced.body',
    'payment.bytes',
    'payment.settle_markets',
    'payment_variant.bytes',
  ]);
});
