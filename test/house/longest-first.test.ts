// Longest first: every file in the list of the longest test files exists, so that a renamed file
// does not drop out of the list unnoticed.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { LONGEST } from '../support/longest-first.ts';

const ROOT = path.join(import.meta.dirname, '../..');

test('each of the longest test files is there, and named once', () => {
  expect(LONGEST.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
  expect(new Set(LONGEST).size).toBe(LONGEST.length);
});
