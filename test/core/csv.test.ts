// CSV: quoting, and texts that a spreadsheet would evaluate.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvLine } from '../../src/core/csv.ts';
import { instantOf } from '../../src/core/time.ts';

test('cells with commas, quotes and line ends are quoted, and nothing else is', () =>
  expect(csvLine(['plain', 'a,b', 'say "x"', 'two\nlines', ''])).toBe(
    'plain,"a,b","say ""x""","two\nlines",',
  ));

test.each([
  ['=1+1', "'=1+1"],
  ['+1', "'+1"],
  ['-cmd|x', "'-cmd|x"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', "'\t=1"],
  ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
])('a spreadsheet does not evaluate %j', (given, written) =>
  expect(csvLine([given])).toBe(written),
);

test('a number stays a number, also a negative one', () =>
  expect(csvLine(['-1.500000', '0', '-3'])).toBe('-1.500000,0,-3'));

/** Reads one line of CSV character by character, as RFC 4180 says. */
function cellsOf(line: string): string[] {
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  for (let at = 0; at < line.length; at++) {
    const character = line[at] ?? '';
    if (quoted && character === '"' && line[at + 1] === '"') cell += line[++at];
    else if (character === '"') quoted = !quoted;
    else if (character === ',' && !quoted) {
      cells.push(cell);
      cell = '';
    } else cell += character;
  }
  return [...cells, cell];
}
test('whatever the cells, a reader gets them back, apart from the apostrophe', () =>
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), (cells) => {
      const read = cellsOf(csvLine(cells)).map((each) => each.replace(/^'(?=[=+\-@\t\r\n])/, ''));
      expect(read).toEqual(cells.map((each) => each.replace(/^'(?=[=+\-@\t\r\n])/, '')));
    }),
  ));

test.each([
  ['2026-11-26', Date.UTC(2026, 10, 26)],
  ['2026-11-26T12:30Z', Date.UTC(2026, 10, 26, 12, 30)],
  ['2026-11-26T12:30:01.5+02:00', Date.UTC(2026, 10, 26, 10, 30, 1, 500)],
  ['2026-11-26T12:30', null],
  ['2026-13-45', null],
  ['yesterday', null],
])('the instant of %s', (text, ms) => expect(instantOf(text)).toBe(ms));
