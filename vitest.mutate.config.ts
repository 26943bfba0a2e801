// The tests that StrykerJS runs against each mutant: those of pure decisions, of the proof of death
// and of the pen, without a database or a daemon. `npm run mutate`; for one file:
// `npm run mutate -- --mutate src/core/payment.ts`.
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that import the local world or take long run last, since the first test that fails ends the
 * run of a mutant.
 */
const LAST = /\/(adversarial|venue|chain)\/|\/(holdings|leavings|share|standing)\.test\./;
const place = ({ moduleId }: TestSpecification): number => (LAST.test(moduleId) ? 1 : 0);

class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((a, b) => place(a) - place(b) || (a.moduleId < b.moduleId ? -1 : 1));
  }
}

export default defineConfig({
  test: {
    include: [
      'test/core/**/*.test.ts',
      'test/adversarial/**/*.test.ts',
      'test/chain/{proof,round}.test.ts',
      'test/venue/{wallet,outflows,closes,swaps}.test.ts',
    ],
    // These execute transactions in LiteSVM, seconds for each mutant. Tests with transactions that are
    // made by hand stand for them here: test/core/leavings.test.ts and test/venue.
    exclude: ['test/core/conservation{,.property}.test.ts'],
    setupFiles: ['src/system/native-warning.ts'],
    testTimeout: 60_000,
    maxWorkers: 1,
    sequence: { sequencer: QuickFirst },
    // These tests share no state, and a fresh worker for each file would cost a second a mutant.
    isolate: false,
    // The workers of StrykerJS would share this cache, and remove each other's entries.
    fsModuleCache: false,
  },
});
