// Prove: runs the contract suite on the bytes of a program, in a process of its own: every
// scenario, every entry of the table of builds, long random histories and every kind of
// liquidation, each on the bytes in LiteSVM.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Fault } from '../core/fault.ts';
import { DEFAULT_VENUE, type VenueName } from '../core/venue-name.ts';
import { processEnvironment } from '../system/settings.ts';
import { recognise } from './recognition.ts';

const ROOT = path.join(import.meta.dirname, '../..');
type Suite = {
  readonly files: readonly string[];
  /** The name of the file and the variable by which the tests find the program. */
  readonly file: string;
  readonly variable: 'BAILIFF_DRIFT_PROGRAM' | 'BAILIFF_VELOCITY_PROGRAM';
  /** The build that the bytes are taken for. */
  readonly buildOf: (bytes: Uint8Array) => string;
};
const SUITES: Readonly<Record<VenueName, Suite>> = {
  'drift-v2': {
    files: [
      'test/local/venue.contract.test.ts',
      'test/local/builds.test.ts',
      'test/venue/identity.test.ts',
      'test/venue/liquidations.test.ts',
    ],
    file: 'drift.so',
    variable: 'BAILIFF_DRIFT_PROGRAM',
    buildOf: (bytes) => recognise(bytes).name,
  },
  // One build of Velocity is known, so there is no table of builds to hold the bytes against.
  velocity: {
    files: [
      'test/venue/velocity-program.test.ts',
      'test/venue/velocity-controls.test.ts',
      'test/venue/velocity-special.test.ts',
      'test/venue/velocity-outflows.test.ts',
      'test/venue/velocity-passing.test.ts',
      'test/venue/velocity-swap.test.ts',
      'test/venue/velocity-liquidations.test.ts',
      'test/venue/velocity-plans.test.ts',
      'test/local/velocity.contract.test.ts',
    ],
    file: 'velocity.so',
    variable: 'BAILIFF_VELOCITY_PROGRAM',
    buildOf: () => '2026-07',
  },
};
/** Skips the long histories on the stand-in, which show nothing about the bytes. */
const NOT_ON_STAND_IN = '^(?!.*\\(program: null\\))(?!on the program null)';
const PATIENCE_MS = 20 * 60_000;

type Report = {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
};

/**
 * Runs the suite. Returns the build that the bytes were taken for, the number of tests and the
 * names of the failed ones. Throws `settings_invalid` when the tests or the test runner are not
 * installed, and `local_world_failed` when the suite ended without a report.
 */
export async function proveProgram(
  bytes: Uint8Array,
  venue: VenueName = DEFAULT_VENUE,
  files: readonly string[] = SUITES[venue].files,
): Promise<{
  readonly build: string;
  readonly tests: number;
  readonly failed: readonly string[];
}> {
  const { file, variable, buildOf } = SUITES[venue];
  const require = createRequire(import.meta.url);
  let runner: string;
  try {
    runner = path.join(path.dirname(require.resolve('vitest/package.json')), 'vitest.mjs');
  } catch (thrown) {
    throw new Fault(
      'settings_invalid',
      'The contract suite needs the development dependencies: run npm ci in this checkout.',
      { cause: thrown },
    );
  }
  const missing = files.filter((file) => !existsSync(path.join(ROOT, file)));
  if (missing.length > 0)
    throw new Fault(
      'settings_invalid',
      `The contract suite is not installed here: ${missing.join(', ')}. Use a checkout of the project.`,
    );
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-prove-'));
  try {
    const program = path.join(folder, file);
    const out = path.join(folder, 'report.json');
    writeFileSync(program, bytes);
    const args = [
      runner,
      'run',
      '--config',
      'vitest.prove.config.ts',
      ...files,
      '-t',
      NOT_ON_STAND_IN,
    ];
    const { PATH, HOME } = processEnvironment();
    const said = await new Promise<string>((resolve) => {
      execFile(
        process.execPath,
        [...args, '--reporter=json', `--outputFile=${out}`],
        {
          cwd: ROOT,
          env: {
            PATH: PATH ?? '',
            ...(HOME === undefined ? {} : { HOME }),
            [variable]: program,
          },
          timeout: PATIENCE_MS,
          maxBuffer: 64 * 1024 * 1024,
        },
        (_error, stdout, stderr) => resolve(`${stdout}\n${stderr}`),
      );
    });
    if (!existsSync(out))
      throw new Fault(
        'local_world_failed',
        `The contract suite ended without a report: ${said.trim().slice(-500)}`,
      );
    const report = JSON.parse(readFileSync(out, 'utf8')) as Report;
    // A test file that could not be loaded has a message and no test.
    const failed = report.testResults.flatMap(({ name, message, assertionResults }) =>
      assertionResults.length === 0
        ? [`${path.relative(ROOT, name)}: ${message.slice(0, 200)}`]
        : assertionResults
            .filter(({ status }) => status === 'failed')
            .map(({ fullName }) => fullName.replaceAll(program, 'the program')),
    );
    return {
      build: buildOf(bytes),
      tests: report.numPassedTests + report.numFailedTests,
      failed,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
