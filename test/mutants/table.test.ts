// Table: every fault of the table can be put into the code as it is, and names a catcher that is
// there.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { MUTANTS } from './table.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const textOf = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

test.each(MUTANTS)('$name', ({ file, from, to, by }) => {
  expect(textOf(file).split(from), `what it replaces stands once in ${file}`).toHaveLength(2);
  expect(to).not.toBe(from);
  if ('file' in by) {
    const text = textOf(by.file).replaceAll("\\'", "'");
    expect(text, `${by.file} has the test that catches it`).toContain(by.test);
  }
});

test('every fault has a short name of its own', () => {
  const names = MUTANTS.map(({ name }) => name.split(' ')[0]);
  expect(new Set(names).size).toBe(names.length);
});
