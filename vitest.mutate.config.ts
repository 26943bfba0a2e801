// The tests that StrykerJS runs against each mutant: those of pure decisions, of the proof of death and of the pen, without a
// database or a daemon. `npm run mutate`; for one file: `npm run mutate -- --mutate src/core/payment.ts`.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'test/core/**/*.test.ts',
      'test/adversarial/**/*.test.ts',
      'test/chain/proof.test.ts',
      'test/venue/{wallet,outflows,closes}.test.ts',
    ],
    setupFiles: ['src/system/native-warning.ts'],
    testTimeout: 60_000,
    maxWorkers: 1,
  },
});
