// Venue contract: the same scenarios on the stand-in and on every build of the real program whose
// file is present. Token balances, User fields, decoded events and error codes must be the same on
// both. The results of the real program are recorded (npm run record-fixtures), so that a machine
// without it still checks the stand-in.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, type TestContext, test } from 'vitest';
import { CURRENT_BUILD, OLDER_BUILDS } from '../../src/venue/drift-v2/builds.ts';
import { compiledPrograms, sayIfNone } from '../support/programs.ts';
import { type Outcome, play, recordable, within } from '../support/venue-play.ts';
import { SCENARIOS } from '../support/venue-scenarios.ts';

const recording = path.join(import.meta.dirname, '../fixtures/venue-recorded.json');
const recorded = existsSync(recording)
  ? (JSON.parse(readFileSync(recording, 'utf8')) as Record<string, unknown>)
  : null;
sayIfNone('venue contract');

describe.each(Object.entries(SCENARIOS))('%s', (name, { run, errors, errorsOf }) => {
  const standIn = play(null, run);
  const endsOf = (outcome: Outcome) => outcome.steps.map((each) => each.error);
  /** `seen` is the stand-in's outcome in the form of the other one. */
  const holdAgainst = async (real: Outcome, seen: Outcome, { annotate }: TestContext) => {
    const build = [CURRENT_BUILD, ...OLDER_BUILDS].find((each) => each.name === real.build);
    if (build === undefined) throw new Error(`no build is named ${real.build}`);
    const ends = errorsOf?.(build) ?? errors;
    expect(endsOf(real)).toEqual(ends);
    if (isDeepStrictEqual(ends, errors)) expect(real).toEqual(seen);
    // Where an older build ends differently by design, the rest of the scenario is another one.
    else
      await annotate(
        `The build of ${real.build} ends with ${JSON.stringify(ends)} by design, the current one with ${JSON.stringify(errors)}: what follows is not compared.`,
      );
  };
  test('on the stand-in', () => expect(endsOf(standIn)).toEqual(errors));
  test.for(compiledPrograms)('the same on the compiled program %s', async (file, context) => {
    const real = play(file, run);
    await holdAgainst(real, within(standIn, real), context);
  });
  test.runIf(recorded !== null)(
    'the same as was recorded of the compiled program',
    async (context) => {
      const real = recorded?.[name] as Outcome;
      await holdAgainst(real, recordable(within(standIn, real)) as Outcome, context);
    },
  );
});
