// Nested: a statement that a transaction puts to its pool is found, because with as many such
// transactions as connections none of them goes on. The contract suite looks for it in the ledger.
import { expect, test } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { watchNested } from '../support/nested.ts';

test('finds what a transaction asks its pool, and nothing else', async () => {
  await using database = await createDatabase();
  const { sql, found } = watchNested(database.sql);
  await sql`select 1`;
  await sql.begin(async (tx) => {
    await tx`select ${sql`1`}::int`;
    await Promise.all([tx`select 1`, tx`select 2`]);
  });
  await Promise.all([sql`select 1`, sql.begin((tx) => tx`select 2`)]);
  expect(found).toEqual([]);
  await sql.begin(async (tx) => {
    await tx`select 1`;
    await sql`select 2`;
  });
  expect(found).toHaveLength(1);
  await sql.begin('isolation level repeatable read', () => sql.begin((tx) => tx`select 1`));
  expect(found).toHaveLength(2);
});
