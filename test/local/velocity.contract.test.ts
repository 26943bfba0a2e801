// Velocity contract: the stand-in does in every recorded scenario what the compiled program of
// 2026-07 did: the same error, the same records field by field, the same token balances, and the
// same bytes of users and of their counters. Where the file is present, random histories are held
// against it as well, and the recording is made again.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { velocityProgram } from '../support/programs.ts';
import { readRecording, writeRecording } from '../support/recording.ts';
import { comparable, usersOf } from '../support/velocity-outcomes.ts';
import { playVelocity } from '../support/velocity-play.ts';
import { recordVelocity } from '../support/velocity-recording.ts';

const text = readFileSync(
  path.join(import.meta.dirname, '../fixtures/velocity-transactions.json'),
  'utf8',
);
const program = readRecording(text);
const standIn = recordVelocity(null);

test('the same scenarios, with as many transactions', () => {
  const count = (of: typeof program) =>
    Object.entries(of.histories).map(([name, each]) => [name, each.length]);
  expect(count(standIn)).toEqual(count(program));
});

test.each(Object.keys(program.histories))('%s: the same as was recorded', (name) => {
  const [ours = [], theirs = []] = [standIn, program].map(({ histories }) => histories[name]);
  for (const [at, each] of theirs.entries()) {
    const other = ours[at];
    if (other === undefined) throw new Error(`transaction ${at} is missing`);
    expect(comparable(other), `transaction ${at}`).toEqual(comparable(each));
  }
});

describe.skipIf(velocityProgram === null)('with the compiled program', () => {
  test('it does what was recorded', () => {
    expect(writeRecording(recordVelocity(velocityProgram))).toBe(text);
  });

  test('random histories: each act ends alike, and leaves the same users', {
    timeout: 240_000,
  }, async () => {
    const played = async (file: string | null) => {
      const seen: unknown[] = [];
      await playVelocity(file, 6, 60, {
        makersOnly: true,
        seen: (label, landed, world) => {
          const error = typeof landed === 'string' ? landed : landed.execution.error;
          seen.push({ label, error, users: usersOf(world) });
        },
      });
      return seen;
    };
    const theirs = await played(velocityProgram);
    const ours = await played(null);
    expect(theirs.length).toBeGreaterThan(200);
    for (const [at, each] of theirs.entries()) expect(ours[at], `act ${at}`).toEqual(each);
  });
});
