// Expectations: none stands where it runs only when something was thrown, because the test would
// pass when nothing is thrown. `await expect(...).rejects` says both.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const ROOT = path.join(import.meta.dirname, '../..');
/** The body of a `catch`, up to the brace that stands as deep as the one before `catch`. */
const CATCHES = /^( *)\} catch(?: \(\w+\))? \{\n([\s\S]*?)^\1\}/gm;

const inCatches = (text: string): string[] =>
  [...text.matchAll(CATCHES)]
    .map(([, , body = '']) => body)
    .filter((body) => /\bexpect\(/.test(body));

test('the pattern finds an expectation in a catch, and no other', () => {
  const within = (body: string, after = '') =>
    `  try {\n    act();\n  } catch (thrown) {\n    ${body}\n  }\n${after}`;
  expect(inCatches(within("expect(thrown).toBe('x');"))).toHaveLength(1);
  expect(inCatches(within('return thrown;', "  expect(act()).toBe('x');\n"))).toEqual([]);
});

test('no expectation of a test runs only when something was thrown', () => {
  const files = globSync('test/**/*.test.ts', { cwd: ROOT });
  expect(files.length).toBeGreaterThan(300);
  const found = files.filter(
    (file) => inCatches(readFileSync(path.join(ROOT, file), 'utf8')).length > 0,
  );
  expect(found).toEqual([]);
});
