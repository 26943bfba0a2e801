// Kill: rounds at labelled steps, with two daemons at the steps at which they can get into each
// other's way, else with one. The one daemon pays under a nonce first, and is started again under a
// blockhash with a payment on its way. npm test plays the steps around the sending with one daemon.
// npm run test:long plays every step, and two daemons as well. `npm run kill -- ROUNDS` plays many
// more rounds, at each step with one daemon and with three, with `--guard both` with a new guard at
// each start, and with `--share` with three daemons that share the lanes.
import { expect, test } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { openRounds, STEPS, type Step } from '../support/kill-rounds.ts';
import { LONG } from '../support/long.ts';

const CONTESTED: readonly Step[] = ['payment.planned', 'chain: executed, not answered'];
/**
 * Not 'chain: before executing': it loses the transaction that creates the nonce account, and under
 * a nonce the account is opened again after 90 s only.
 */
const UNDER_A_NONCE: readonly Step[] = ['payment.signed', 'payment.landed'];
/** After the kill at this step the one daemon pays under a blockhash. */
const SWITCH: Step = 'payment.sent';
const AFTERWARDS = STEPS.filter((step) => ![...CONTESTED, ...UNDER_A_NONCE, SWITCH].includes(step));
/** In npm test: the bytes are stored, they are sent, and the chain has executed them. */
const CHIEF: readonly Step[] = ['payment.signed', SWITCH, 'chain: executed, not answered'];
const played = (steps: readonly Step[]): readonly Step[] =>
  LONG ? steps : steps.filter((step) => CHIEF.includes(step));

/** Daemons that share the hearing and the lanes: the lease of the one that died runs out first. */
const SHARED = { replicas: 3, guard: 'blockhash', steps: ['payment.sent'], share: true } as const;

test.concurrent.each([
  { replicas: 1, guard: 'nonce', steps: played([...UNDER_A_NONCE, SWITCH, ...AFTERWARDS]) },
  ...(LONG ? [{ replicas: 2, guard: 'blockhash', steps: CONTESTED } as const, SHARED] : []),
] as const)(
  'kill -9 at steps of a payment, $replicas daemon(s), first under a $guard: paid once, to the unit',
  async ({ replicas, guard, steps, ...sharing }) => {
    await using database = await createDatabase();
    const { sql, url: databaseUrl } = database;
    const rounds = await openRounds({ sql, databaseUrl, replicas, guard, ...sharing });
    try {
      for (const step of steps) await rounds.play(step, step === SWITCH ? 'blockhash' : undefined);
      expect(rounds.kills).toBeGreaterThanOrEqual(steps.length);
    } finally {
      await rounds.close();
    }
  },
  480_000,
);
