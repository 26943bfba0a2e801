import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

// Workers, and the commands and daemons that tests start, compile a source once. A worker reads
// the setting when it starts, so it stands in the environment of the run.
process.env.NODE_COMPILE_CACHE ??= path.join(import.meta.dirname, 'node_modules/.cache/node');

/** Played by npm run test:long alone. */
const LONG_ALONE = 'test/**/*.long.test.ts';

const shared = {
  setupFiles: ['src/system/native-warning.ts', 'test/support/leaks.ts'],
  // A wait ends as soon as what it waits for is there: only a failure lasts so long. Each wait is
  // shorter than its test, so that a failure says what was not there.
  expect: { poll: { timeout: 45_000, interval: 50 } },
  testTimeout: 180_000,
  hookTimeout: 180_000,
  maxWorkers: 3,
};
/** What a test that needs Postgres runs with. */
export const withPostgres = { ...shared, globalSetup: ['test/support/global-setup.ts'] };

/**
 * Tests of pure decisions: none starts a server or changes what lies outside of it, so that the
 * files of one worker share what they import.
 */
const PURE = ['test/{adversarial,core,gate-client,venue}/**/*.test.ts'];

/**
 * Tests of one part, or of a whole daemon, against a real Postgres, a local node or an HTTP server,
 * and of the files of the house.
 * They change nothing of their process, so that the files of one worker share what they import: up
 * to 1.6 s of CPU each.
 */
const PARTS = ['test/{chain,flows,house,http,ledger,mutants,probes,system}/**/*.test.ts'];
/** Long tests of whole daemons, which gain little by that and would let a worker grow. */
const LONG = [
  'test/flows/{backup,clearance,creators,exactly-once,foreign,kill,nonce,outage}.test.ts',
  'test/flows/{paying,rebuild,settling,sources.property,standing,street}.test.ts',
  'test/flows/{terms,velocity}.test.ts',
];

export default defineConfig({
  test: {
    maxWorkers: shared.maxWorkers,
    sequence: { sequencer: LongestFirst },
    projects: [
      { test: { ...shared, name: 'pure', include: PURE, exclude: [LONG_ALONE], isolate: false } },
      {
        test: {
          ...withPostgres,
          name: 'parts',
          include: PARTS,
          exclude: [...LONG, LONG_ALONE],
          isolate: false,
        },
      },
      {
        test: {
          ...withPostgres,
          name: 'whole',
          include: ['test/**/*.test.ts'],
          exclude: [...PURE, ...PARTS, LONG_ALONE],
        },
      },
      { test: { ...withPostgres, name: 'long', include: LONG } },
    ],
  },
});
