// The quick half of the tests, for use while editing: decisions, decoding, the chain, the house
// rules and the contract of both ledgers. No daemon is started. It takes under a minute on two
// cores.
import { defineConfig } from 'vitest/config';
import { withPostgres } from './vitest.config.ts';

export default defineConfig({
  test: {
    ...withPostgres,
    include: [
      'test/{adversarial,chain,core,gate-client,house,mutants,venue}/**/*.test.ts',
      'test/ledger/contract.test.ts',
    ],
    // What npm test leaves out as well, a packed client, and thousands of trades.
    exclude: [
      'test/**/*.long.test.ts',
      'test/house/package.test.ts',
      'test/venue/identity.test.ts',
    ],
  },
});
