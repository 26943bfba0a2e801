// Kill: one round at every labelled step, with one daemon and with three. The one daemon is started
// again under the other guard each time. `npm run kill -- ROUNDS` plays many more.
import { expect, test } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { openRounds, STEPS } from '../support/kill-rounds.ts';

/** Steps at which several daemons can get into each other's way; played with three daemons. */
const CONTESTED = STEPS.filter((step) =>
  ['payment.planned', 'payment.signed', 'chain: executed, not answered'].includes(step),
);

test.concurrent.each([
  { replicas: 1, steps: STEPS, guard: 'both' },
  { replicas: 3, steps: CONTESTED, guard: 'blockhash' },
] as const)(
  'kill -9 at steps of a payment, $replicas daemon(s), guard $guard: paid once, to the unit',
  async ({ replicas, steps, guard }) => {
    await using database = await createDatabase();
    const { sql, url: databaseUrl } = database;
    const rounds = await openRounds({ sql, databaseUrl, replicas, guard });
    try {
      for (const step of steps) await rounds.play(step);
      expect(rounds.kills).toBeGreaterThanOrEqual(steps.length);
    } finally {
      await rounds.close();
    }
  },
  480_000,
);
