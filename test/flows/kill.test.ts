// Kill: one round at every labelled step, with one daemon and with three. `npm run kill -- ROUNDS`
// plays many more.
import { expect, test } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { openRounds, STEPS } from '../support/kill-rounds.ts';

/** Steps at which several daemons can get into each other's way; played with three daemons. */
const CONTESTED = STEPS.filter((step) =>
  ['payment.planned', 'payment.signed', 'chain: executed, not answered'].includes(step),
);

test.concurrent.each([
  { replicas: 1, steps: STEPS },
  { replicas: 3, steps: CONTESTED },
])(
  'kill -9 at steps of a payment, $replicas daemon(s): paid once, to the unit',
  async ({ replicas, steps }) => {
    await using database = await createDatabase();
    const rounds = await openRounds({ sql: database.sql, databaseUrl: database.url, replicas });
    try {
      for (const step of steps) await rounds.play(step);
      expect(rounds.kills).toBeGreaterThanOrEqual(steps.length);
    } finally {
      await rounds.close();
    }
  },
  480_000,
);
