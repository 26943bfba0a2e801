// Documents: every link of a page leads to a file and a heading of this repository, every decision
// has a title of the same form as its file name, every decision that a text names exists, and the
// README stays short.
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = path.join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const PAGES = ['*.md', 'docs/**/*.md', 'packages/*/*.md', '.github/**/*.md'].flatMap((pattern) =>
  globSync(pattern, { cwd: ROOT }),
);
const DECISIONS = globSync('docs/adr/[0-9]*.md', { cwd: ROOT });
const numberOf = (file: string): number => Number(path.basename(file).slice(0, 4));
const numbers = new Set(DECISIONS.map(numberOf));

/** The text without blocks and spans of code, which may hold brackets of their own. */
const prose = (text: string): string =>
  text.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '');

/** The anchors of a page, as GitHub makes them of its headings. */
const anchorsOf = (text: string): Set<string> =>
  new Set(
    [...text.replace(/```[\s\S]*?```/g, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-'),
    ),
  );

/** The links of a page that lead to no file, or to no heading of its file. */
function brokenIn(page: string): string[] {
  return [...prose(read(page)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^(?:https?|mailto):/.test(target))
    .filter((target) => {
      const [file = '', anchor] = target.split('#');
      const full = file === '' ? page : path.join(path.dirname(page), decodeURIComponent(file));
      if (!existsSync(path.join(ROOT, full))) return true;
      return anchor !== undefined && full.endsWith('.md') && !anchorsOf(read(full)).has(anchor);
    });
}

test.each(PAGES)('every link of %s leads somewhere', (page) => expect(brokenIn(page)).toEqual([]));

/** Paths of this repository that a page names in code; the ending of a file may be left out. */
const pathsIn = (text: string): string[] =>
  [...text.matchAll(/`((?:src|test|sql|config|docs|packages|patches|examples)\/[\w./@-]+)`/g)].map(
    ([, named = '']) => named,
  );
const exists = (named: string): boolean =>
  ['', '.ts', '.test.ts'].some((ending) => existsSync(path.join(ROOT, named + ending)));

test.each(PAGES.filter((page) => page !== 'CHANGELOG.md'))(
  'every path that %s names exists',
  (page) => expect(pathsIn(read(page)).filter((named) => !exists(named))).toEqual([]),
);

test('the README has at most 120 lines', () => {
  expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(120);
});

test('every constraint that the page of invariants names is in the schema', () => {
  const schema = read('sql/schema.sql');
  const named = [...read('docs/invariants.md').matchAll(/`([a-z]+(?:_[a-z]+)+)`/g)];
  expect(named.length).toBeGreaterThan(15);
  expect(named.map(([, name = '']) => name).filter((name) => !schema.includes(name))).toEqual([]);
});

describe('decisions', () => {
  test('there are decisions', () => expect(DECISIONS.length).toBeGreaterThan(90));

  test.each(DECISIONS)('%s has its number in a title of its own', (file) => {
    const [title = ''] = read(file).split('\n');
    expect(title).toMatch(new RegExp(`^# ADR ${numberOf(file)}: [A-Z\`].{15,}[^.]$`));
  });

  const texts = [
    ...PAGES,
    ...globSync(['src/**/*.ts', 'test/**/*.ts', 'config/**/*.{json,yaml}', 'sql/*.sql'], {
      cwd: ROOT,
    }),
  ];
  test('every decision that a text names exists', () => {
    const missing = texts.flatMap((file) =>
      [...read(file).matchAll(/\bADR (\d+)\b|adr\/(\d{4})-/g)]
        .map(([, short, long]) => Number(short ?? long))
        .filter((number) => !numbers.has(number))
        .map((number) => `${file}: ${number}`),
    );
    expect(missing).toEqual([]);
  });
});
