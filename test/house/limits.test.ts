// Limits: docs/limits.md names every setting that bounds something, with the default that is in
// force, and no other setting.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const ROOT = path.join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const page = read('docs/limits.md');

/** Settings with their defaults, by their path. */
function flat(values: Record<string, unknown>, prefix = ''): [string, unknown][] {
  return Object.entries(values).flatMap(([name, value]): [string, unknown][] =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? flat(value as Record<string, unknown>, `${prefix}${name}.`)
      : [[`${prefix}${name}`, value]],
  );
}
const settings = flat(JSON.parse(read('config/mainnet.json')) as Record<string, unknown>);
/** Named for a bound, or a time by which something of HTTP, RPC or Helius must be done. */
const isBound = (name: string): boolean =>
  /(Most|^payments\.most\w+|AtOnce|PerSocket|silentAfterMs)$/.test(name) ||
  /^(http|rpc|helius)\.\w+Ms$/.test(name);
const rows = [...page.matchAll(/^\| `([\w.]+)` +\| ([^ ]+) +\|/gm)].map(
  ([, name = '', value = '']) => [name, value] as const,
);

test.each(settings.filter(([name]) => isBound(name)))('%s stands on the page', (name, value) => {
  expect(rows.filter(([each]) => each === name)).toEqual([[name, JSON.stringify(value)]]);
});

test('the page names no setting that does not exist', () => {
  const known = new Set(settings.map(([name]) => name));
  expect(rows.filter(([name]) => !known.has(name))).toEqual([]);
  expect(rows.length).toBeGreaterThan(35);
});
