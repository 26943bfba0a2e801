// Kill: one round at every labelled step, with two daemons at the steps at which they can get into
// each other's way, else with one. The one daemon pays under a nonce first, and is started again
// under a blockhash with a payment on its way. `npm run kill -- ROUNDS` plays many more, at each
// step with one daemon and with three, and with `--guard both` with a new guard at each start.
import { expect, test } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { openRounds, STEPS, type Step } from '../support/kill-rounds.ts';

const CONTESTED: readonly Step[] = ['payment.planned', 'chain: executed, not answered'];
/**
 * Not 'chain: before executing': it loses the transaction that creates the nonce account, and under
 * a nonce the account is opened again after 90 s only.
 */
const UNDER_A_NONCE: readonly Step[] = ['payment.signed', 'payment.landed'];
/** After the kill at this step the one daemon pays under a blockhash. */
const SWITCH: Step = 'payment.sent';
const AFTERWARDS = STEPS.filter((step) => ![...CONTESTED, ...UNDER_A_NONCE, SWITCH].includes(step));

test.concurrent.each([
  { replicas: 1, guard: 'nonce', steps: [...UNDER_A_NONCE, SWITCH, ...AFTERWARDS] },
  { replicas: 2, guard: 'blockhash', steps: CONTESTED },
] as const)(
  'kill -9 at steps of a payment, $replicas daemon(s), first under a $guard: paid once, to the unit',
  async ({ replicas, guard, steps }) => {
    await using database = await createDatabase();
    const { sql, url: databaseUrl } = database;
    const rounds = await openRounds({ sql, databaseUrl, replicas, guard });
    try {
      for (const step of steps) await rounds.play(step, step === SWITCH ? 'blockhash' : undefined);
      expect(rounds.kills).toBeGreaterThanOrEqual(steps.length);
    } finally {
      await rounds.close();
    }
  },
  480_000,
);
