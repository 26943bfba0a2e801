// Identity: over long random histories the facts of every transaction add up to what the accounts
// themselves say, to the unit and after every step: realised total, funding, deposits, withdrawals,
// tokens. A missed or misread fee, rebate, close or flip breaks it at once. Ten thousand fills and
// more: npm run identity.
import { expect, test } from 'vitest';
import { playIdentity } from '../support/identity-play.ts';
import { playKeepers } from '../support/keepers-play.ts';
import { programs, sayIfNone } from '../support/programs.ts';

sayIfNone('identity');

const CAUSES = ['trade taker', 'trade maker', 'trade taker flip', 'transfer maker'];
test.for(programs)(
  'trades, transfers, funding: the sum of the facts is the account (program: %s)',
  {
    timeout: 240_000,
  },
  async (file, { annotate }) => {
    const { causes, closes, build } = await playIdentity(file, 1, 250);
    expect(closes.length).toBeGreaterThan(100);
    const moves = !build.lacks.includes('transferPerpPosition');
    if (!moves)
      await annotate(
        `The build of ${build.name} has no transfer_perp_position: no position is moved.`,
      );
    for (const cause of CAUSES)
      if (moves || cause !== 'transfer maker') expect([...causes]).toContain(cause);
  },
);

/** Acts of others on an account, and changes that the AMM makes by itself. */
const KINDS = [
  'orderFilledWithAMM',
  'orderFilledWithMatch',
  'orderFilledWithAMMJit',
  'trigger none',
  'cancel orderExpired',
  'fill by keeper',
  'referral',
  'funding rate updated',
  'funding paid',
];
test.each(programs)(
  'keepers, stop orders, referrals: the sum of the facts is the account (program: %s)',
  {
    timeout: 240_000,
  },
  async (file) => {
    const { kinds, referrer, opened, rewarded } = await playKeepers(file, 10, 120);
    for (const kind of KINDS) expect([...kinds.keys()]).toContain(kind);
    expect(rewarded).toBeGreaterThan(0n);
    // The venue's own counter of referral rewards says the same as what the open amounts explained.
    expect(opened.get(referrer)).toBe(rewarded);
  },
);
