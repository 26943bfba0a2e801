// Run: puts each fault of the table into a copy of the project, one at a time, and runs what is
// said to catch it. A fault that nothing catches is a missing test. `npm run mutants`, or with the
// names of some: `npm run mutants -- W1 W2`.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock as clock } from '../../src/system/clock.ts';
import { MUTANTS, type Mutant } from './table.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const COPIED = [
  'src',
  'test',
  'sql',
  'config',
  'patches',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
  'vitest.mutate.config.ts',
  'patches',
];
/** Tests of pure decisions and of the pen, which need no Postgres. */
const PURE = /^test\/(core|adversarial)\//;
const TIMEOUT_MS = 15 * 60_000;

const copy = mkdtempSync(path.join(tmpdir(), 'bailiff-mutants-'));
for (const each of COPIED)
  cpSync(path.join(ROOT, each), path.join(copy, each), { recursive: true });
symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));

/** Runs the catcher in the copy. True when everything passes. */
function passes({ by }: Mutant): boolean {
  const node = process.execPath;
  const given =
    'seeds' in by
      ? ['test/sim/run.ts', '--seeds', String(by.seeds), '--first']
      : [
          'node_modules/vitest/vitest.mjs',
          'run',
          by.file,
          '--maxWorkers',
          '1',
          '-t',
          by.test,
          '--config',
          PURE.test(by.file) ? 'vitest.mutate.config.ts' : 'vitest.config.ts',
          // The copy shares node_modules, and its cache, with vitest runs of the working tree.
          '--no-fsModuleCache',
        ];
  const ran = spawnSync(node, given, {
    cwd: copy,
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    env: { ...process.env, BAILIFF_DRIFT_PROGRAM: '/nonexistent' },
  });
  // A test that is not there is no catcher: vitest skips everything then, and calls that a pass.
  const found = 'seeds' in by || /Tests .*passed|Tests .*failed/.test(ran.stdout);
  if (!found)
    throw new Error(
      `no test is named "${'test' in by ? by.test : ''}":\n${ran.stdout}${ran.stderr}`,
    );
  return ran.status === 0;
}

const wanted = process.argv.slice(2);
const chosen = MUTANTS.filter(
  ({ name }) => wanted.length === 0 || wanted.some((each) => name.startsWith(`${each} `)),
);
const caughtBy = ({ by }: Mutant): string =>
  'seeds' in by ? `the simulator, within ${by.seeds} seeds` : `${by.file} "${by.test}"`;
let survivors = 0;
/** Catchers that let the code pass as it is. One that does not proves nothing. */
const sound = new Set<string>();
try {
  for (const mutant of chosen) {
    const startedMs = clock.nowMs();
    const file = path.join(copy, mutant.file);
    const original = readFileSync(file, 'utf8');
    if (original.split(mutant.from).length !== 2)
      throw new Error(`${mutant.name}: what it replaces is not once in ${mutant.file}`);
    if (!sound.has(caughtBy(mutant)) && !passes(mutant))
      throw new Error(`${caughtBy(mutant)} fails without any fault`);
    sound.add(caughtBy(mutant));
    writeFileSync(
      file,
      original.replace(mutant.from, () => mutant.to),
    );
    const survived = passes(mutant);
    writeFileSync(file, original);
    if (survived) survivors++;
    const seconds = Math.round((clock.nowMs() - startedMs) / 1_000);
    process.stdout.write(
      `${survived ? 'SURVIVES' : 'caught'}  ${mutant.name}  (${caughtBy(mutant)}, ${seconds} s)\n`,
    );
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
process.stdout.write(`${chosen.length} faults, ${survivors} survive\n`);
process.exit(survivors === 0 ? 0 : 1);
