// Lane share: where daemons share the hearing, only the daemon that hears a subscriber works on its
// lane. lane-share.long.test.ts counts the RPC calls of two whole daemons.
import { expect, test } from 'vitest';
import { createLaneShare } from '../../src/flows/lane-share.ts';
import { createManualClock } from '../support/clock.ts';

function laneShare(...mine: string[]) {
  const clock = createManualClock();
  const nudged: string[] = [];
  const passed: string[] = [];
  const lanes = createLaneShare({
    share: { isMine: (id) => mine.includes(id) },
    nudge: (id, ahead) => void nudged.push(ahead === true ? `${id} ahead` : id),
    async pass(id) {
      passed.push(id);
      throw new Error('Postgres is away');
    },
    clock,
  });
  return { lanes, clock, nudged, passed };
}

test('work of another daemon is passed on to it, and what others pass on is taken by one', () => {
  const { lanes, nudged, passed } = laneShare('ana');
  lanes.nudge('ana', true);
  lanes.nudge('bo');
  lanes.passed('ana');
  lanes.passed('bo');
  lanes.due(['ana', 'bo']);
  expect([nudged, passed]).toEqual([['ana ahead', 'ana', 'ana'], ['bo']]);
  expect([lanes.isMine('ana'), lanes.isMine('bo')]).toEqual([true, false]);
});

test('work that its daemon leaves undone for five minutes is taken, until it is done', () => {
  const { lanes, clock, nudged } = laneShare();
  lanes.due(['bo', 'cy']);
  clock.advance(299_999);
  lanes.due(['bo']);
  expect(nudged).toEqual([]);
  clock.advance(1);
  // Cy had no work in between, so its five minutes begin anew.
  lanes.due(['bo', 'cy']);
  lanes.passed('bo');
  expect(nudged).toEqual(['bo', 'bo']);
  lanes.due([]);
  expect(lanes.isMine('bo')).toBe(false);
});
