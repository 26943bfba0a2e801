// Conditions: the states of the venue under which a settlement and a withdrawal fail, and the class
// that the product gives each failure: on the stand-in, and on every compiled program that is
// present.
import { describe, expect, test } from 'vitest';
import {
  CONDITIONS,
  type Condition,
  type End,
  endsUnder,
  openStage,
  readable,
  type Stage,
} from '../support/conditions.ts';
import { programs, sayIfNone } from '../support/programs.ts';

sayIfNone('conditions');

const BANDS = 'venue_6023 retry_soon';
const ORACLE = 'venue_6035 retry_soon';
const PAUSED = 'venue_6024 venue_paused';
const ISOLATED = 'venue_6151 retry_when_healthier';
const STATUS = 'venue_6158 venue_paused';
/** What a settlement and a withdrawal end with. What is not listed is done, both ways. */
const ENDS: Record<string, readonly [settle: End, withdraw: End]> = {
  'the oracle is late for margins': ['done', ORACLE],
  'the oracle says nothing': ['venue_6019 retry_soon', 'venue_6019 retry_soon'],
  'the oracle is not sure': ['done', ORACLE],
  'the oracle doubled': [BANDS, 'done'],
  'the oracle fell by two thirds': [BANDS, 'done'],
  'the oracle is seven times as high': [BANDS, ORACLE],
  'the oracle is seven times as high, nothing is held': [BANDS, 'done'],
  'the account is bankrupt': ['venue_6125 permanent', 'venue_6125 permanent'],
  'margin trading is on, and a position is of the isolated tier': ['done', ISOLATED],
  'a second position is held, one of them of the isolated tier': ['done', ISOLATED],
  'everything is paused': [PAUSED, PAUSED],
  'withdrawals are paused': ['done', PAUSED],
  'settling is paused': [PAUSED, 'done'],
  'the spot market was delisted': ['done', 'venue_6149 venue_paused'],
  'the perp market may only be reduced, a half is held': [STATUS, 'done'],
  'the perp market was delisted': [STATUS, 'done'],
  'the vault is nearly empty': ['venue_6173 venue_limited', 'token_1 retry_when_healthier'],
  'the tokens of the agent are frozen': ['done', 'token_17 permanent'],
  'the pnl pool is empty': ['venue_6260 venue_limited', 'done'],
  'all is lent out': ['done', 'venue_6092 venue_limited'],
};
/**
 * The build of 2023-12 holds the AMM's price alone to a band, settles in active markets alone, and
 * lets an account withdraw beside positions of the isolated tier.
 */
const OLDEST: typeof ENDS = {
  'the oracle doubled': ['done', 'done'],
  'the oracle fell by two thirds': ['done', 'done'],
  'the oracle is seven times as high': ['done', ORACLE],
  'the oracle is seven times as high, nothing is held': ['done', 'done'],
  'the perp market may only be reduced': [STATUS, 'done'],
  'the pnl pool is empty': ['done', 'done'],
  'margin trading is on, and a position is of the isolated tier': ['done', 'done'],
  'a second position is held, one of them of the isolated tier': ['done', 'done'],
};

describe.each(programs)('on the program %s', (file) => {
  const stages = { open: openStage(file, true), closed: openStage(file, false) };
  const stageOf = ({ open = false }: Condition): Stage => stages[open ? 'open' : 'closed'];
  const asOpened = { open: readable(stages.open), closed: readable(stages.closed) };

  test.each(Object.entries(CONDITIONS))('%s', (name, condition) => {
    const stage = stageOf(condition);
    const [settle, withdraw] = {
      ...ENDS,
      ...(stage.world.build.name === '2023-12' ? OLDEST : {}),
    }[name] ?? ['done', 'done'];
    expect(endsUnder(stage, condition)).toEqual({ settle, withdraw });
    // The next condition begins with what this one began with.
    expect(readable(stage)).toEqual(asOpened[condition.open ? 'open' : 'closed']);
  });
});

test('every condition that is expected is one', () => {
  for (const name of [...Object.keys(ENDS), ...Object.keys(OLDEST)])
    expect(Object.keys(CONDITIONS)).toContain(name);
});
