// Commands: every command that a page, the README or a remedy of the code names exists: npm
// scripts, test files, benches, and commands and options of `bailiff`, which are looked up in its
// own command line. What the commands do is shown by the tests of test/cli and test/local.
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { systemClock } from '../../src/system/clock.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
const benches = [...read('test/bench/run.ts').matchAll(/^ {2}(\w+): /gm)].map(([, name]) => name);

/** The code of a page: its spans and its blocks, line by line. */
const codeOf = (text: string): string[] => [
  ...[...text.matchAll(/^```[^\n]*\n(.*?)^```/gms)].flatMap(([, block = '']) => block.split('\n')),
  ...[...text.replace(/^```.*?^```/gms, '').matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span),
];
const pages = globSync(
  ['docs/*.md', 'packages/*/README.md', 'README.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  { cwd: ROOT },
).map((file) => ({ file, code: codeOf(read(file)) }));

const never = () => Promise.reject(new Error('no command is run here'));
const program = createProgram({
  version: '0',
  say: () => {},
  out: () => {},
  err: () => {},
  terminal: null,
  clock: systemClock,
  start: never,
  migrate: never,
  demo: never,
  probe: never,
  prove: never,
  sandboxUrl: never,
  writeSettingsSchema: never,
  withParts: never,
  exitWith: () => {},
});
const child = (command: Command, name: string): Command | undefined =>
  command.commands.find((each) => each.name() === name || each.aliases().includes(name));

/** What is wrong with a command line of `bailiff`; null when its commands and options exist. */
function wrongWith(line: string): string | null {
  let command: Command = program;
  const options: string[] = [];
  let deeper = true;
  for (const word of line.split(/\s+/)) {
    const [option] = word.split('=');
    if (option?.startsWith('--')) options.push(option);
    else if (deeper) {
      const next = child(command, word);
      // A lower-case word where a command is expected is no argument.
      if (next === undefined && command.commands.length > 0 && /^[a-z][a-z-]*$/.test(word))
        return `${command.name()} has no command ${word}`;
      if (next === undefined) deeper = false;
      else command = next;
    }
  }
  const known = [...program.options, ...command.options].map((each) => each.long);
  const unknown = options.filter((each) => each !== '--help' && !known.includes(each));
  return unknown.length === 0 ? null : `${command.name()} has no option ${unknown.join(', ')}`;
}
const CALL = /(?:^|[\s(;&|]|exec )(?:npx )?bailiff (?!node )((?:[a-z]|--help)[^|;#>)"]*)/g;
/** The calls of `bailiff` in a line of code, without quoted texts and comments. */
const callsIn = (line: string): string[] =>
  [
    ...line
      .replace(/^\s*#.*/, '')
      .replace(/npm run (?:--silent |-s )?bailiff -- /g, 'bailiff ')
      .replace(/'[^']*'/g, 'TEXT')
      .matchAll(CALL),
  ].map(([, call = '']) => call.trim());

test.each(pages)('$file names npm scripts, test files and benches that exist', ({ file, code }) => {
  for (const line of code) {
    for (const [, script = ''] of line.matchAll(/npm run (?:--silent |-s )?([a-z][\w:-]*)/g))
      expect(Object.keys(scripts), `${file}: ${line}`).toContain(script);
    for (const [name] of line.matchAll(/\b(?:src|test|config|docs|sql|examples)\/[\w/.-]+\.\w+/g))
      expect(
        [name, `${name}.test.ts`].some((each) => existsSync(path.join(ROOT, each))),
        `${file}: ${name}`,
      ).toBe(true);
    for (const [, names = ''] of line.matchAll(/npm run bench -- ([a-z|]+)/g))
      for (const name of names.split('|')) expect(benches, `${file}: ${line}`).toContain(name);
  }
});

test.each(pages)('$file names commands and options of bailiff that exist', ({ file, code }) => {
  const wrong = code.flatMap(callsIn).flatMap((call) => wrongWith(call) ?? []);
  expect(wrong, file).toEqual([]);
});

// `bailiff nonce ID` is the text from which the seed of a nonce account is made.
test('the code names commands of bailiff that exist', () => {
  const named = globSync('src/**/*.{ts,js}', { cwd: ROOT }).flatMap((file) =>
    [
      ...read(file).matchAll(
        /[`' ]bailiff (?!nonce )([a-z][a-z-]*)(?![\w:-])(?: ([a-z][a-z-]*)[`'])?/g,
      ),
    ].map(([call, first = '', second]) => ({ file, call, first, second })),
  );
  expect(named.length).toBeGreaterThan(20);
  for (const { file, call, first, second } of named) {
    const command = child(program, first);
    expect(command, `${file}: ${call}`).toBeDefined();
    if (second !== undefined && command !== undefined && command.commands.length > 0)
      expect(child(command, second), `${file}: ${call}`).toBeDefined();
  }
});

test('a command or an option that does not exist is seen', () => {
  expect(wrongWith('shares list --status paid')).toBeNull();
  expect(wrongWith('payments rebuild --dry-run --json')).toBeNull();
  expect(wrongWith('shares undo ID')).toBe('shares has no command undo');
  expect(wrongWith('halt all --why TEXT')).toBe('halt has no option --why');
  expect(callsIn("npm run bailiff -- halt all --reason 'a drill' > out")).toEqual([
    'halt all --reason TEXT',
  ]);
});
