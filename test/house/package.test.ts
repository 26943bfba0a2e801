// Package: what an engine installs. The tarball is unpacked into an empty project that has no other package: the gate client must run
// there as plain JavaScript, and its types must be found.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';

const ROOT = path.join(import.meta.dirname, '../..');

test('bailiff/gate-client runs in an empty project, without a single dependency', () => {
  const project = mkdtempSync(path.join(tmpdir(), 'bailiff-engine-'));
  const run = (command: string, args: string[], cwd = project): string =>
    execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  run('npm', ['pack', '--silent', '--pack-destination', project], ROOT);
  const [tarball] = readdirSync(project).filter((each) => each.endsWith('.tgz'));
  const home = path.join(project, 'node_modules/bailiff');
  mkdirSync(home, { recursive: true });
  run('tar', ['xf', path.join(project, tarball ?? ''), '-C', home, '--strip-components=1']);
  writeFileSync(path.join(project, 'package.json'), '{"type":"module"}');
  writeFileSync(
    path.join(project, 'engine.ts'),
    `import { createGateClient, type Decision, type GateState } from 'bailiff/gate-client';
const states: GateState[] = [];
const gate = createGateClient({ url: 'http://127.0.0.1:9', onState: (state) => states.push(state) });
const decision: Decision = gate.decide('ana', 'open');
gate.close();
console.log(decision.verdict, decision.allow, gate.decide('ana', 'close').allow, states.join());
`,
  );
  // The very Node that runs this; an engine's own strips types of its own files, and of no package's.
  expect(run(process.execPath, ['engine.ts']).trim()).toBe('unknown false true closed');
  const compiler = path.join(ROOT, 'node_modules/.bin/tsc');
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024'];
  run(compiler, [...flags, '--lib', 'es2024,dom', '--types', '', 'engine.ts']);
  const files = run('tar', ['tf', path.join(project, tarball ?? '')]).split('\n');
  expect(files.filter((each) => each.endsWith('.ts') && !each.endsWith('.d.ts'))).toEqual([]);
  rmSync(project, { recursive: true, force: true });
}, 60_000);
