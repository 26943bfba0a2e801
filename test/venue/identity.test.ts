// Identity: over long random histories the facts of every transaction add up to what the accounts themselves say, to the
// unit and after every step: realised total, funding, deposits, withdrawals, tokens. A missed or misread fee, rebate, close
// or flip breaks it at once. Ten thousand fills and more: npm run identity.
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadSettings, processEnvironment } from '../../src/system/settings.ts';
import { playIdentity } from '../support/identity-play.ts';
import { playKeepers } from '../support/keepers-play.ts';

const env = processEnvironment();
const { programFile } = loadSettings(
  env.BAILIFF_DRIFT_PROGRAM ? { BAILIFF_DRIFT_PROGRAM: env.BAILIFF_DRIFT_PROGRAM } : {},
);
const programs = [null, programFile].filter((each) => each === null || existsSync(each));

const CAUSES = ['trade taker', 'trade maker', 'trade taker flip', 'transfer maker'];
test.each(programs)(
  'trades, transfers, funding: the sum of the facts is the account (program: %s)',
  {
    timeout: 240_000,
  },
  (file) => {
    const all = [1, 2].map((seed) => playIdentity(file, seed, 500));
    const causes = new Set(all.flatMap((each) => [...each.causes]));
    expect(all.flatMap((each) => each.closes).length).toBeGreaterThan(200);
    // The 2024 build moves no positions between sub-accounts: it has no transfer_perp_position.
    const moves = all.every(({ build }) => !build.lacks.includes('transferPerpPosition'));
    for (const cause of CAUSES)
      if (moves || cause !== 'transfer maker') expect([...causes]).toContain(cause);
  },
);

/** What others do to an account; the stand-in's AMM has no spread, no JIT and no curve updates. */
const KINDS = [
  'orderFilledWithAMM',
  'orderFilledWithMatch',
  'trigger none',
  'cancel orderExpired',
  'fill by keeper',
  'referral',
];
test.each(programs)(
  'keepers, stop orders, referrals: the sum of the facts is the account (program: %s)',
  {
    timeout: 240_000,
  },
  (file) => {
    const all = [2, 3].map((seed) => playKeepers(file, seed, 150));
    const kinds = new Set(all.flatMap((each) => [...each.kinds.keys()]));
    for (const kind of [...KINDS, ...(file === null ? [] : ['orderFilledWithAMMJit'])])
      expect([...kinds]).toContain(kind);
    for (const { referrer, opened, rewarded } of all) {
      expect(rewarded).toBeGreaterThan(0n);
      // The venue's own counter of referral rewards says the same as what the open amounts explained.
      expect(opened.get(referrer)).toBe(rewarded);
    }
  },
);
