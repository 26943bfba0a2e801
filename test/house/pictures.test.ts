// Pictures: each committed picture is text that loads and runs nothing, is shown by a page in both
// schemes with a text in its place, and says what the pages' sources still say. Whether a picture
// is what the page shows now is told by test/console/pictures.long.test.ts.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = path.join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const FILES = globSync('docs/pictures/*', { cwd: ROOT });
const BYTES_MOST = 60_000;

const ELEMENTS = 'svg title clipPath g rect text path linearGradient stop'.split(' ');
const TAG = /<(\/?)([a-zA-Z]+)((?: [a-z][\w-]*="(?:[^"<&]|&(?:amp|lt|quot);)*")*)(\/?)>/g;

/** What keeps a text from being well-formed or from standing alone. Empty when nothing. */
function faultsOf(svg: string): string[] {
  const faults: string[] = [];
  const open: string[] = [];
  for (const [whole, closes, name = '', attributes = '', empty] of svg.matchAll(TAG)) {
    if (closes !== '' && open.pop() !== name) faults.push(`closes what is not open: ${whole}`);
    if (closes === '' && empty === '') open.push(name);
    if (!ELEMENTS.includes(name)) faults.push(`element ${name}`);
    for (const [, key = '', value = ''] of attributes.matchAll(/ ([a-z][\w-]*)="([^"]*)"/g)) {
      if (/^(?:on.*|href|src|style)$/i.test(key)) faults.push(`attribute ${key}`);
      const refers = /:|url\(/.test(value) && !/^url\(#\w+\)$/.test(value);
      if (key !== 'xmlns' && refers) faults.push(`${key} refers to ${value}`);
    }
  }
  if (open.length > 0) faults.push(`is not closed: ${open.join()}`);
  const between = svg.replace(TAG, '').replace(/&(?:amp|lt|quot);/g, '');
  if (/[<&]/.test(between)) faults.push('has a mark that is no tag');
  return faults;
}

const SHOWN =
  /<picture>\s*<source media="\(prefers-color-scheme: dark\)" srcset="([^"]+)">\s*<img[^>]* src="([^"]+)" alt="([^"]*)">\s*<\/picture>/g;
const shown = ['README.md', 'docs/console.md'].flatMap((page) =>
  [...read(page).matchAll(SHOWN)].map(([, dark = '', light = '', alt = '']) => ({
    alt,
    dark: path.join(path.dirname(page), dark),
    light: path.join(path.dirname(page), light),
  })),
);

const sources = ['src/console/{overview,subscriber,app,hours}.js', 'src/http/statement-html.ts']
  .flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
  .map(read)
  .join('\n');
/** Whether the sources have a whole text, and not only as the beginning of a longer one. */
function isWritten(text: string): boolean {
  const exact = text
    .replaceAll('&quot;', '"')
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace(/\d+/g, '(?:\\d+|#)')
    .replace(/\\\.$/, '');
  return new RegExp(`[>'"\`\\]}] ?${exact} ?(?:[<'"\`.]|\\$\\{)`).test(sources);
}

describe('pictures', () => {
  test('there are pictures, each in the light and in the dark scheme', () => {
    expect(FILES.length).toBeGreaterThanOrEqual(8);
    const other = FILES.map((file) =>
      file.includes('-light') ? file.replace('-light', '-dark') : file.replace('-dark', '-light'),
    );
    expect(other.toSorted()).toEqual(FILES.toSorted());
  });

  test.each(FILES)('%s is a small SVG that loads and runs nothing', (file) => {
    const svg = read(file);
    expect(file).toMatch(/-(?:desktop|phone)-(?:light|dark)\.svg$/);
    expect(Buffer.byteLength(svg)).toBeLessThanOrEqual(BYTES_MOST);
    expect(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg" ')).toBe(true);
    expect(faultsOf(svg)).toEqual([]);
  });

  test('a fault of a picture is seen', () => {
    const of = (inner: string): string => faultsOf(`<svg>${inner}</svg>`).join();
    expect(of('<rect width="1"/><text x="1">a &lt; b</text>')).toBe('');
    for (const [inner, told] of [
      ['<g>', /not open|not closed/],
      ['<script>1</script>', /element script/],
      ['<image/>', /element image/],
      ['<rect onload="1"/>', /attribute onload/],
      ['<rect href="#a"/>', /attribute href/],
      ['<rect fill="url(http://a.b/c)"/>', /refers to/],
      ['<path d="data:image"/>', /refers to/],
      ['a & b', /no tag/],
    ] as const)
      expect(of(inner), inner).toMatch(told);
  });

  test('each is shown by the README or docs/console.md, with a text in its place', () => {
    expect(shown.flatMap(({ dark, light }) => [dark, light]).toSorted()).toEqual(
      expect.arrayContaining(FILES),
    );
    for (const { dark, light, alt } of shown) {
      expect(FILES).toContain(light);
      expect(dark).toBe(light.replace('-light', '-dark'));
      expect(alt.length, light).toBeGreaterThan(60);
    }
    expect(new Set(shown.map(({ alt }) => alt)).size).toBe(shown.length);
  });

  const headings = FILES.flatMap((file) =>
    [...read(file).matchAll(/<text[^>]* font-weight="bold"[^>]*>([^<]+)</g)].map(
      ([, text = '']) => ({
        file,
        text,
      }),
    ),
  )
    // The verdict of a subscriber, and an address of 44 characters that takes two lines.
    .filter(({ text }) => !/^(?:ana|lee|:|allow|deny|[1-9A-HJ-NP-Za-km-z]{18,26})$/.test(text));
  test('every heading of a picture is a text of the pages', () => {
    expect(headings.length).toBeGreaterThan(60);
    const gone = headings.filter(
      ({ text }) => !isWritten(text.replace(/^(Statement|Earnings) of .*/, '$1 of')),
    );
    expect(gone).toEqual([]);
  });
});
