import path from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['src/system/native-warning.ts'],
    // A wait ends as soon as what it waits for is there: only a failure lasts so long. Each wait
    // is shorter than its test, so that a failure says what was not there.
    expect: { poll: { timeout: 45_000, interval: 50 } },
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    // Workers, and the commands and daemons that tests start, compile a source once.
    env: { NODE_COMPILE_CACHE: path.join(import.meta.dirname, 'node_modules/.cache/node') },
  },
});
