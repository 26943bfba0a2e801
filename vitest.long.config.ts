// What npm test leaves to npm run test:long: the files named *.long.test.ts, and the cases that
// test/support/long.ts adds to the files below. One worker for each core, as in npm test.
import { defineConfig } from 'vitest/config';
import { withPostgres } from './vitest.config.ts';

process.env.BAILIFF_TEST_LONG = 'yes';

export default defineConfig({
  test: {
    ...withPostgres,
    include: [
      'test/**/*.long.test.ts',
      'test/flows/{backup,books-one-answer,calls,digest,exactly-once,foreign,hindrance}.test.ts',
      'test/flows/{imitated,kill,limits,velocity}.test.ts',
      'test/flows/{nonce,nonce-closed,outage,passing,paying,sources.property,street,terms}.test.ts',
      'test/flows/withdrawal-doubts.test.ts',
      'test/house/alerts.test.ts',
      'test/http/{health,openapi}.test.ts',
      'test/ledger/{burst-plans,contract,quiet-plans,terms}.test.ts',
      'test/sim/sim.test.ts',
    ],
  },
});
