// House: the plan of the building as a test: which floor may use which, one door each for time,
// environment and the libraries with effects, and nothing left half-built.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { EVENT_KINDS } from '../../src/core/event.ts';
import { FAULTS } from '../../src/core/fault.ts';
import { ERROR_CLASSES, TROUBLES } from '../../src/core/trouble.ts';
import { settingsJsonSchema } from '../../src/system/schema.ts';
import { API_PAGE, apiPage } from '../support/api-page.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const files = globSync('src/**/*.ts', { cwd: ROOT }).map((file) => ({
  file,
  text: readFileSync(path.join(ROOT, file), 'utf8'),
}));
/** The console and what draws it run in a browser; tsconfig.console.json checks their types. */
const pages = globSync('{src,test}/console/*.js', { cwd: ROOT }).map((file) => ({
  file,
  text: readFileSync(path.join(ROOT, file), 'utf8'),
}));
const tests = globSync('test/**/*.ts', { cwd: ROOT }).map((file) => ({
  file,
  text: readFileSync(path.join(ROOT, file), 'utf8'),
}));

const floorOf = (file: string): string => {
  const [, second] = file.split('/');
  return second?.endsWith('.ts') ? second : (second ?? '');
};
const imports = (text: string): { specifier: string; typeOnly: boolean }[] =>
  [
    ...text.matchAll(
      /^\s*(import|export)\s+(type\s)?[^;'"]*?from\s+'([^']+)'|import\('([^']+)'\)|^import '([^']+)'/gm,
    ),
  ].map((match) => ({
    specifier: match[3] ?? match[4] ?? match[5] ?? '',
    typeOnly: match[2] !== undefined,
  }));

/** Floors a floor may import from. `type:` allows types alone. */
const ALLOWED: Record<string, readonly string[]> = {
  core: [],
  ledger: ['core'],
  chain: ['core'],
  venue: ['core', 'type:chain'],
  system: ['core'],
  flows: ['core'],
  http: ['core', 'type:flows'],
  'gate-client': ['core'],
  verify: ['core', 'venue'],
  local: ['core', 'ledger', 'chain', 'venue', 'system', 'gate-client'],
  'signer-parts.ts': ['core', 'chain', 'type:system'],
  'sender-parts.ts': ['core', 'chain', 'system'],
  'settings-rules.ts': ['core', 'type:system'],
  'daemon-parts.ts': [
    'core',
    'ledger',
    'chain',
    'venue',
    'system',
    'sender-parts.ts',
    'signer-parts.ts',
    'settings-rules.ts',
  ],
  'gauges.ts': ['core', 'flows', 'system', 'daemon-parts.ts', 'feed-wiring.ts', 'node-gauges.ts'],
  'node-gauges.ts': ['flows', 'type:daemon-parts.ts', 'type:system'],
  'http-wiring.ts': ['core', 'chain', 'flows', 'http', 'system', 'daemon-parts.ts'],
  'settling-wiring.ts': [
    'core',
    'chain',
    'flows',
    'system',
    'daemon-parts.ts',
    'settings-rules.ts',
  ],
  'share-wiring.ts': ['core', 'chain', 'flows', 'system', 'daemon-parts.ts'],
  'feed-wiring.ts': ['core', 'chain', 'type:flows', 'system', 'daemon-parts.ts'],
  'inspection-wiring.ts': ['core', 'flows', 'type:settling-wiring.ts', 'type:system'],
  'hearing-wiring.ts': [
    'core',
    'chain',
    'flows',
    'system',
    'daemon-parts.ts',
    'feed-wiring.ts',
    'inspection-wiring.ts',
    'settling-wiring.ts',
  ],
  'app.ts': [
    'core',
    'ledger',
    'chain',
    'venue',
    'system',
    'flows',
    'http',
    'daemon-parts.ts',
    'gauges.ts',
    'feed-wiring.ts',
    'settling-wiring.ts',
    'hearing-wiring.ts',
    'http-wiring.ts',
    'settings-rules.ts',
    'share-wiring.ts',
  ],
  probes: [
    'core',
    'ledger',
    'chain',
    'venue',
    'flows',
    'daemon-parts.ts',
    'signer-parts.ts',
    'type:system',
  ],
  'main.ts': [
    'core',
    'ledger',
    'chain',
    'system',
    'app.ts',
    'daemon-parts.ts',
    'command-wiring.ts',
    'local',
  ],
  'command-wiring.ts': ['core', 'system', 'cli', 'daemon-parts.ts', 'signer-parts.ts', 'probes'],
  cli: ['core', 'flows', 'chain', 'verify', 'daemon-parts.ts', 'settings-rules.ts', 'type:system'],
};

describe('floors', () => {
  test.each(files)('$file imports only what its floor may', ({ file, text }) => {
    const floor = floorOf(file);
    for (const { specifier, typeOnly } of imports(text)) {
      if (!specifier.startsWith('.')) continue;
      const target = floorOf(path.join(path.dirname(file), specifier));
      if (target === floor) continue;
      const allowed = ALLOWED[floor] ?? [];
      const fine = allowed.includes(target) || (typeOnly && allowed.includes(`type:${target}`));
      expect(fine, `${file} imports ${specifier}`).toBe(true);
    }
  });

  test('core uses no library at all', () => {
    for (const { file, text } of files.filter((each) => floorOf(each.file) === 'core')) {
      expect(
        imports(text).filter(({ specifier }) => !specifier.startsWith('.')),
        file,
      ).toEqual([]);
    }
  });

  test('no files import each other in a circle', () => {
    const importsOf = new Map(
      files.map(({ file, text }) => [
        file,
        imports(text).map(({ specifier }) => path.join(path.dirname(file), specifier)),
      ]),
    );
    const circleFrom = (file: string, way: readonly string[], seen: Set<string>): string[] => {
      if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
      if (seen.has(file)) return [];
      seen.add(file);
      for (const next of importsOf.get(file) ?? []) {
        const circle = circleFrom(next, [...way, file], seen);
        if (circle.length > 0) return circle;
      }
      return [];
    };
    const seen = new Set<string>();
    for (const { file } of files) expect(circleFrom(file, [], seen)).toEqual([]);
  });

  test('the local world is imported by main.ts alone, and only dynamically', () => {
    for (const { file, text } of files.filter((each) => floorOf(each.file) !== 'local')) {
      const found = imports(text).filter(({ specifier }) => specifier.includes('/local/'));
      if (file === 'src/main.ts') expect(text).not.toMatch(/^import .*\/local\//m);
      else expect(found, file).toEqual([]);
    }
  });
});

describe('doors', () => {
  const only = (pattern: RegExp, ...doors: string[]) => {
    for (const { file, text } of files) {
      if (floorOf(file) === 'local' || doors.some((door) => file.startsWith(door))) continue;
      expect(text, `${file}: ${pattern}`).not.toMatch(pattern);
    }
  };
  test('the environment is read in system/settings.ts', () =>
    only(/process\.env/, 'src/system/settings.ts'));
  test('time and chance come from system/clock.ts', () =>
    only(
      /Date\.now\(|new Date\(\)|Math\.random\(|randomUUID|setTimeout\(|setInterval\(/,
      'src/system/clock.ts',
      'src/main.ts',
      // The gate client runs in an engine's process, and needs no module of the daemon's.
      'src/gate-client/',
    ));
  test('postgres is used in ledger/', () => only(/from 'postgres'/, 'src/ledger/'));
  test('the gRPC library is used in chain/grpc-channel.ts, and loaded there when a stream is opened', () => {
    only(/import\('@grpc\/grpc-js'\)/, 'src/chain/grpc-channel.ts');
    only(/import [^t].*'@grpc\/grpc-js'/);
  });
  test('fastify is used in http/', () => only(/from 'fastify'/, 'src/http/'));
  test('p-queue is used in flows/lanes.ts', () => only(/from 'p-queue'/, 'src/flows/lanes.ts'));
  test('keys sign in chain/signers.ts', () =>
    only(/fromSecretKey|\.sign\(\[|\bsign\(null/, 'src/chain/signers.ts'));
  test('the venue SDK is loaded in venue/drift-v2/sdk.ts', () =>
    only(/@drift-labs\/sdk/, 'src/venue/drift-v2/sdk.ts'));
  test('addresses of Solana programs stand in core/programs.ts', () =>
    only(
      /'(?:Tokenkeg|TokenzQd|ATokenGP|MemoSq4g|ComputeBudget1|11111111111111111111111111111111)/,
      'src/core/programs.ts',
      // The door to the SDK imports no core value.
      'src/venue/drift-v2/sdk.ts',
    ));
  test('helius-sdk is loaded in chain/helius.ts', () => only(/helius-sdk'/, 'src/chain/helius.ts'));
});

describe('care', () => {
  test.each([...files, ...pages, ...tests])(
    '$file opens with its noun, and is not too long',
    ({ file, text }) => {
      const lines = text.split('\n').length;
      // The entry of a command of a package names its interpreter first.
      const opening = text.replace('#!/usr/bin/env node\n', '');
      expect(opening.startsWith('// '), `${file} should open with a comment`).toBe(true);
      expect(lines, `${file} has ${lines} lines`).toBeLessThanOrEqual(330);
    },
  );

  test.each([...files, ...pages, ...tests])(
    'comments of $file keep within 100 columns',
    ({ file, text }) => {
      const long = text
        .split('\n')
        .filter((line) => /^\s*(\/\/|\*|\/\*\*)/.test(line) && line.length > 100)
        .filter((line) => !/biome-ignore|Stryker|https?:/.test(line));
      expect(long, file).toEqual([]);
    },
  );

  test('no marker of unfinished work is left, and no file has an empty name such as utils', () => {
    for (const { file, text } of [...files, ...pages, ...tests]) {
      if (file.endsWith('house.test.ts')) continue;
      expect(text, file).not.toMatch(
        /\bTODO\b|\bFIXME\b|\bXXX\b|not implemented|@ts-ignore|@ts-nocheck/,
      );
      expect(text, file).not.toMatch(/\b(?:it|test|describe)\.(?:only|todo)\b/);
      expect(path.basename(file)).not.toMatch(
        /^(utils?|helpers?|types|service|index|common|misc)\.ts$/,
      );
    }
  });

  test('no money passes through a float', () => {
    for (const { file, text } of files.filter((each) => floorOf(each.file) !== 'local'))
      expect(text, file).not.toMatch(/parseFloat/);
  });

  test('the settings schema for editors is the one in force', () => {
    const written = readFileSync(path.join(ROOT, 'config/settings.schema.json'), 'utf8');
    expect(written, 'run: npm run settings-schema').toBe(settingsJsonSchema());
  });

  test('every fault code has its heading in the runbook, and the runbook has no other', () => {
    const runbook = readFileSync(path.join(ROOT, 'docs/runbook.md'), 'utf8');
    const headings = [...runbook.matchAll(/^### `([a-z_]+)`$/gm)]
      .map((match) => match[1] ?? '')
      .sort();
    expect(headings).toEqual(Object.keys(FAULTS).sort());
  });

  test('every trouble of our own stands in core/trouble.ts, and has its section in the runbook', () => {
    const runbook = readFileSync(path.join(ROOT, 'docs/runbook.md'), 'utf8');
    const sections = [...runbook.matchAll(/^#### `([a-z_]+)` \(`([a-z_]+)`\)\n\n(.+)$/gm)];
    expect(sections.map(([, code, kind, means]) => [code, kind, means])).toEqual(
      Object.entries(TROUBLES).map(([code, each]) => [code, each.class, each.means]),
    );
    const classes = ERROR_CLASSES.join('|');
    for (const { file, text } of files) {
      // The two that name errors of programs and faults.
      if (['src/core/trouble.ts', 'src/venue/errors.ts', 'src/flows/refusal.ts'].includes(file))
        continue;
      expect(text, file).not.toMatch(new RegExp(`class: '(?:${classes})',\\s+code: '`));
    }
  });

  test('docs/api.md is made of the routes in force', async () =>
    expect(readFileSync(API_PAGE, 'utf8'), 'run: npm run api-page').toBe(await apiPage()));

  test('every event that is told has its line in docs/events-out.md, and the list has no other', () => {
    const page = readFileSync(path.join(ROOT, 'docs/events-out.md'), 'utf8');
    const listed = [...page.matchAll(/^\| `([a-z]+\.[a-z_]+)` +\|/gm)].map((match) => match[1]);
    expect(listed.sort()).toEqual([...EVENT_KINDS].sort());
  });

  test('every setting of the environment is named in the README', () => {
    const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
    const settings = readFileSync(path.join(ROOT, 'src/system/variables.ts'), 'utf8');
    const names = new Set(
      [...settings.matchAll(/'(BAILIFF_[A-Z_]+)'/g)].map((match) => match[1] ?? ''),
    );
    expect(names.size).toBeGreaterThan(15);
    for (const name of names) expect(readme, name).toContain(name);
  });

  test('every log event has its line in docs/events.md, and the list has no other', () => {
    const used = new Set(
      files
        .filter((each) => floorOf(each.file) !== 'local')
        .flatMap(({ text }) =>
          [...text.matchAll(/log(?:\[[^\]]+\])?(?:\.\w+)?\(\s*'([a-z]+\.[a-z_]+)'/g)].map(
            (match) => match[1],
          ),
        ),
    );
    const page = readFileSync(path.join(ROOT, 'docs/events.md'), 'utf8');
    const listed = [...page.matchAll(/^\| `([a-z]+\.[a-z_]+)` +\|/gm)].map((match) => match[1]);
    expect(listed.sort()).toEqual([...used].sort());
  });
});
