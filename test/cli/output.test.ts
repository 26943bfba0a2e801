// Output: a number is told with the noun that fits it.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { counted } from '../../src/cli/output.ts';

const SRC = path.join(import.meta.dirname, '../../src');

test('one thing has the singular, every other number the plural', () => {
  expect([0, 1, 2].map((each) => counted(each, 'debt'))).toEqual(['0 debts', '1 debt', '2 debts']);
  expect(counted(1, 'debt is', 'debts are')).toBe('1 debt is');
  expect(counted(0, 'debt is', 'debts are')).toBe('0 debts are');
});

test('no command, finding or page puts a plural behind a number that may be one', () => {
  const files = globSync('{cli,probes,console}/*.{ts,js}', { cwd: SRC });
  expect(files.length).toBeGreaterThan(40);
  const plurals = [
    /\$\{[^{}]*\.length\} (?!of )(?:[a-z]+ )?[a-z]+s\b/g,
    /\$\{((?!decimals)[a-z]+s)\} \1\b/g,
  ];
  const found = files.flatMap((file) => {
    const text = readFileSync(path.join(SRC, file), 'utf8');
    return plurals.flatMap((each) => [...text.matchAll(each)].map(([said]) => `${file}: ${said}`));
  });
  expect(found).toEqual([]);
});
