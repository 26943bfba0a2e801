// Verify package: what @bailiff/verify imports, by a walk over its sources, and the package as it
// is packed and installed without a registry.
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = path.join(import.meta.dirname, '../..');
const HOME = path.join(ROOT, 'packages/verify');
let project: string;
const run = (command: string, args: string[], cwd = project): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Every specifier that a source imports at run time. */
const imported = (text: string): string[] =>
  [
    ...text.matchAll(
      /^(?:import|export)\s+(?!type\s)[^;'"]*?from\s+'([^']+)'|^import '([^']+)'|import\('([^']+)'\)/gm,
    ),
  ].map((match) => match[1] ?? match[2] ?? match[3] ?? '');

test('its sources import each other and six modules of Node, and no library', () => {
  const seen = new Set<string>();
  const libraries = new Set<string>();
  const walk = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const specifier of imported(readFileSync(file, 'utf8')))
      if (specifier.startsWith('.')) walk(path.join(path.dirname(file), specifier));
      else libraries.add(specifier);
  };
  walk(path.join(ROOT, 'src/verify/main.ts'));
  expect([...libraries].sort()).toEqual([
    'node:crypto',
    'node:fs/promises',
    'node:readline',
    'node:stream/consumers',
    'node:timers/promises',
    'node:util',
  ]);
  // The walk is one: it reached the decoders and the accrual.
  for (const file of [
    'src/venue/closes.ts',
    'src/core/accrual.ts',
    'src/venue/velocity/records.ts',
  ])
    expect(seen).toContain(path.join(ROOT, file));
});

beforeAll(() => {
  project = mkdtempSync(path.join(tmpdir(), 'bailiff-verify-'));
  writeFileSync(path.join(project, 'package.json'), '{"type":"module","private":true}');
  run('npm', ['pack', '--silent', '--pack-destination', project], HOME);
  const [tarball = ''] = globSync('*.tgz', { cwd: project });
  // Offline: a single dependency would make the installation fail.
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${tarball}`]);
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

const nodes = [process.execPath, '/usr/bin/node', '/usr/local/bin/node'].filter((each) =>
  existsSync(each),
);

test.each(nodes)('the packed command runs under %s and refuses what is no receipt', (node) => {
  writeFileSync(path.join(project, 'none.json'), '{"kind":"bailiff.receipt","version":2}');
  const command = 'node_modules/@bailiff/verify/dist/verify/main.js';
  const code = (...args: string[]): { status: number; stderr: string } => {
    try {
      run(node, [command, ...args]);
      return { status: 0, stderr: '' };
    } catch (thrown) {
      return thrown as { status: number; stderr: string };
    }
  };
  expect(code()).toMatchObject({ status: 2, stderr: expect.stringContaining('bailiff-verify') });
  expect(code('none.json', '--rpc', 'http://127.0.0.1:9')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('version must be 1'),
  });
});

test('it is installed alone, its command is linked, and its version is the daemon’s', () => {
  const installed = globSync('node_modules/{*,@*/*}/package.json', { cwd: project });
  expect(installed).toEqual(['node_modules/@bailiff/verify/package.json']);
  expect(existsSync(path.join(project, 'node_modules/.bin/bailiff-verify'))).toBe(true);
  const version = (file: string): unknown =>
    (JSON.parse(readFileSync(path.join(ROOT, file), 'utf8')) as { version: unknown }).version;
  expect(version('packages/verify/package.json')).toBe(version('package.json'));
});
