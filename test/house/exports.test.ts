// Exports: what src exports, src uses. A function that tests alone call decides nothing in the
// daemon, so a test of it proves nothing about the daemon.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const ROOT = path.join(import.meta.dirname, '../..');
const texts = new Map(
  globSync('src/**/*.ts', { cwd: ROOT }).map((file) => [
    file,
    readFileSync(path.join(ROOT, file), 'utf8'),
  ]),
);

/** What src does not use, each with the reason why it stands there. */
const NOT_USED: Readonly<Record<string, string>> = {
  'src/core/share.ts#FORWARD': 'test/ledger/debts.test.ts compares the trigger in SQL with it',
  'src/core/naming.ts#firstNamed': 'the rule of ledger/sightings.ts, which upserts 1,000 at a time',
  'src/core/naming.ts#namedAgain': 'as firstNamed',
  'src/core/reading.ts#recordedOver': 'the rule of ledger/readings.ts, which upserts in SQL',
  'src/gate-client/client.ts#createGateClient': 'the package that engines install exports it',
  'src/venue/drift-v2/venue.ts#createDriftVenue': 'tests of one venue open that venue alone',
  'src/venue/velocity/venue.ts#createVelocityVenue': 'tests of one venue open that venue alone',
};

const commentless = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');

/** Every name that a file of src imports from another, as `file#name`; `*` is all of it. */
const used = new Set<string>();
for (const [file, text] of texts) {
  const from = (specifier: string) => path.normalize(path.join(path.dirname(file), specifier));
  for (const [, all, names = '', specifier = ''] of text.matchAll(
    /(?:import|export)\s+(?:type\s+)?(?:(\*)(?:\s+as\s+\w+)?|\{([^}]*)\})\s*from\s*'(\.[^']+)'/g,
  ))
    for (const each of all === undefined ? names.split(',') : ['*'])
      used.add(
        `${from(specifier)}#${
          each
            .trim()
            .replace(/^type\s+/, '')
            .split(/\s/)[0]
        }`,
      );
  for (const [, specifier = ''] of text.matchAll(/import\('(\.[^']+)'\)/g))
    used.add(`${from(specifier)}#*`);
}

/** The exported values that no other file of src imports, and that their own file names once. */
const unused = [...texts].flatMap(([file, text]) =>
  used.has(`${file}#*`)
    ? []
    : [...text.matchAll(/^export\s+(?:async\s+)?(?:function\*?|const|class)\s+(\w+)/gm)]
        .map(([, name = '']) => name)
        .filter(
          (name) =>
            !used.has(`${file}#${name}`) &&
            commentless(text).split(new RegExp(`\\b${name}\\b`)).length <= 2,
        )
        .map((name) => `${file}#${name}`),
);

test('src uses every value that it exports; the local world also exports tools of tests', () => {
  expect(unused.filter((each) => !each.startsWith('src/local/')).sort()).toEqual(
    Object.keys(NOT_USED).sort(),
  );
});
