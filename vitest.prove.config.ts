import { defineConfig } from 'vitest/config';

/** For bailiff venue prove: the contract suite alone needs no database. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['src/system/native-warning.ts'],
    testTimeout: 300_000,
    maxWorkers: 2,
  },
});
