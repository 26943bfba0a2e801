// Rows: tests of flows and of the API are stories about what people and the daemon do, and hold no
// SQL. test/support/rows.ts and heard-rows.ts read tables for them, damage.ts and haste.ts change
// rows as a fault or the time would, and crowds.ts fills tables.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const ROOT = path.join(import.meta.dirname, '../..');
const files = globSync('test/{flows,http}/**/*.test.ts', { cwd: ROOT });

/** A query: a template of `sql` or of a transaction, with or without a type, or a raw text. */
const SQL = /\b(?:sql|tx)\s*(?:<[^`;]*>)?\s*`|\.unsafe\(/g;

test('the pattern finds queries, and nothing else', () => {
  const queries = [
    'await sql`select 1 from payment`',
    'street.database.sql<{ state: string }[]>`select state from payment`',
    'database.sql<\n    { bytes: Uint8Array }[]\n  >`select bytes from payment`',
    'database\n  .sql`select 1 from fact`',
    'withoutGuards(sql, (tx) => tx`delete from payment`)',
    'sql.unsafe("create table x ()")',
  ];
  for (const text of queries) expect(text.match(SQL), text).toHaveLength(1);
  for (const text of ['createLedger(sql)', 'paymentsIn({ sql })', 'await parts.sql.end();'])
    expect(text.match(SQL), text).toBeNull();
});

test('tests of flows and of the API are found', () => {
  expect(files.length).toBeGreaterThan(70);
});

test.each(files)('%s holds no SQL', (file) => {
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  const found = [...text.matchAll(SQL)].map((match) => {
    const line = text.slice(0, match.index).split('\n').length;
    return `${file}:${line}`;
  });
  expect(found, 'read with test/support/rows.ts, change with damage.ts or haste.ts').toEqual([]);
});
