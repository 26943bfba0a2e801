// Package: the package that an engine installs. The client's own package is packed, installed by
// npm in an empty project without a registry, and run by the oldest Node on this machine;
// bailiff/gate-client is the same code under the daemon's name.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = path.join(import.meta.dirname, '../..');
const HOME = path.join(ROOT, 'packages/gate-client');
const read = (file: string) =>
  JSON.parse(readFileSync(path.join(ROOT, file), 'utf8')) as Record<string, unknown>;
let project: string;
const run = (command: string, args: string[], cwd = project): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

const ENGINE = `import { createGateClient, GateClientError, type Decision, type GateSnapshot, type GateState } from '@bailiff/gate-client';
const states: GateState[] = [];
const gate = createGateClient({ url: 'http://127.0.0.1:9/', apiKey: undefined, onState: (state) => states.push(state) });
const decision: Decision = gate.decide('ana', 'open');
const snapshot: GateSnapshot | null = gate.snapshot();
const stop: () => void = gate.onChange((subscriber, entry) => console.log(subscriber, entry?.standing));
await gate.ready({ timeoutMs: 50 }).catch((thrown) => console.log(thrown instanceof GateClientError, thrown.code));
stop();
gate.close();
console.log(decision.verdict, decision.allow, gate.decide('ana', 'close').allow, states.at(-1), snapshot);
`;

beforeAll(() => {
  project = mkdtempSync(path.join(tmpdir(), 'bailiff-engine-'));
  writeFileSync(path.join(project, 'package.json'), '{"type":"module","private":true}');
  run('npm', ['pack', '--silent', '--pack-destination', project], HOME);
  const [tarball = ''] = globSync('*.tgz', { cwd: project });
  // Offline: a single dependency would make the installation fail.
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${tarball}`]);
  writeFileSync(path.join(project, 'engine.ts'), ENGINE);
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

/**
 * Every Node at hand: the one that runs this, those of the machine, and those that BAILIFF_NODES
 * names, separated by colons.
 */
const nodes = [
  ...new Set(
    [
      process.execPath,
      '/usr/bin/node',
      '/usr/local/bin/node',
      ...(process.env.BAILIFF_NODES ?? '').split(':'),
    ].filter((each) => existsSync(each)),
  ),
];

test('the package brings no dependency, no script of installation, and no TypeScript source', () => {
  const installed = globSync('node_modules/{*,@*/*}/package.json', { cwd: project });
  expect(installed).toEqual(['node_modules/@bailiff/gate-client/package.json']);
  const own = read('packages/gate-client/package.json');
  for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies'])
    expect(own[kind]).toBeUndefined();
  expect(Object.keys(own.scripts as object)).toEqual(['prepack']);
  const files = globSync('node_modules/@bailiff/gate-client/**/*.ts', { cwd: project });
  expect(files.filter((each) => !each.endsWith('.d.ts'))).toEqual([]);
  const scripts = globSync('node_modules/@bailiff/gate-client/**/*.js', { cwd: project });
  expect(scripts).not.toHaveLength(0);
  for (const file of scripts)
    expect(readFileSync(path.join(project, file), 'utf8'), file).not.toMatch(
      /from ['"](?!\.)|require\(|import\(/,
    );
});

test.each(nodes)('the packed client runs under %s', (node) => {
  const plain = ENGINE.replaceAll(/, type \w+/g, '').replaceAll(
    /: (?:GateState\[\]|Decision|GateSnapshot \| null|\(\) => void)/g,
    '',
  );
  writeFileSync(path.join(project, 'engine.mjs'), plain);
  const lines = run(node, ['engine.mjs']).trim().split('\n');
  expect(lines).toEqual(['true not_ready', 'unknown false true closed null']);
});

test.each(nodes)('it lives through a change and a stream that breaks off under %s', (node) => {
  copyFileSync(
    path.join(ROOT, 'test/support/engine-life.mjs'),
    path.join(project, 'engine-life.mjs'),
  );
  expect(run(node, ['engine-life.mjs']).trim().split('\n')).toEqual([
    'ready live allow',
    'change delinquent',
    'changed live deny',
    'back live deny',
    'since [null,"2:11111111-2222-4333-8444-555555555555"]',
    'closed closed deny',
  ]);
});

test('its types are found, also with exact optional properties and without types of Node or a browser', () => {
  const compiler = path.join(ROOT, 'node_modules/.bin/tsc');
  const flags = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--module', 'nodenext'];
  run(compiler, [
    ...flags,
    '--target',
    'es2022',
    '--lib',
    'es2023,dom',
    '--types',
    '',
    'engine.ts',
  ]);
});

test('bailiff/gate-client is the same file, the versions agree, and the lock has the workspace', () => {
  const daemon = read('package.json');
  const own = read('packages/gate-client/package.json');
  const alias = (daemon.exports as Record<string, { default: string }>)['./gate-client'];
  const entry = (own.exports as Record<string, { default: string }>)['.'];
  expect(path.join(ROOT, alias?.default ?? '')).toBe(path.join(HOME, entry?.default ?? ''));
  expect(existsSync(path.join(ROOT, alias?.default ?? ''))).toBe(true);
  expect(own.version).toBe(daemon.version);
  const lock = read('package-lock.json').packages as Record<string, { version?: string }>;
  expect(lock['packages/gate-client']?.version).toBe(daemon.version);
});
