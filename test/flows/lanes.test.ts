// Lanes: one thing at a time for a subscriber, a bound for all together, first come first served,
// and nothing kept of the idle.
import { expect, test } from 'vitest';
import type { Clock } from '../../src/core/ports.ts';
import { createLanes } from '../../src/flows/lanes.ts';
import { silentLog } from '../../src/system/log.ts';

type Running = { id: string; end: (waitMs: number | null) => void; fail: (thrown: Error) => void };

function open(concurrencyMost = 2) {
  /** Appointments, which the test keeps when it likes. */
  const sleeping: { ms: number; wake: () => void }[] = [];
  const clock: Clock = {
    nowMs: () => 0,
    elapsedMs: () => 0,
    random: () => 0,
    sleep: (ms) => new Promise((wake) => sleeping.push({ ms, wake })),
  };
  const running: Running[] = [];
  const started: string[] = [];
  const lanes = createLanes({
    concurrencyMost,
    clock,
    log: silentLog,
    work: (id) =>
      new Promise((end, fail) => {
        started.push(id);
        running.push({ id, end, fail });
      }),
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const finish = async (id: string, waitMs: number | null = null): Promise<void> => {
    const at = running.findIndex((each) => each.id === id);
    running.splice(at, 1)[0]?.end(waitMs);
    await settled();
  };
  return { lanes, sleeping, started, running, finish, settled };
}

test('a subscriber is worked on once at a time, and many nudges are one more run', async () => {
  const { lanes, started, finish, settled } = open();
  for (let n = 0; n < 5; n++) lanes.nudge('ana');
  await settled();
  expect(started).toEqual(['ana']);
  lanes.nudge('ana');
  lanes.nudge('ana');
  await finish('ana');
  expect(started).toEqual(['ana', 'ana']);
  await finish('ana');
  expect(started).toEqual(['ana', 'ana']);
  expect(lanes.active).toBe(0);
});

test('the subscriber who asked first goes first, however often another asks', async () => {
  const { lanes, started, finish, settled } = open(1);
  lanes.nudge('ana');
  await settled();
  for (const id of ['ana', 'bo', 'cy', 'ana', 'ana']) lanes.nudge(id);
  await settled();
  expect(started).toEqual(['ana']);
  for (const id of ['ana', 'bo', 'cy']) await finish(id);
  expect(started.slice(0, 3)).toEqual(['ana', 'bo', 'cy']);
  await finish('ana');
  expect(lanes.active).toBe(0);
});

test('work that waits for the chain gives up its place, and runs again at the time that it named', async () => {
  const { lanes, sleeping, started, finish, settled } = open(1);
  lanes.nudge('ana');
  lanes.nudge('bo');
  await settled();
  await finish('ana', 14_000);
  expect(started).toEqual(['ana', 'bo']);
  await finish('bo');
  expect(lanes.active).toBe(0);
  expect(sleeping.map((each) => each.ms)).toEqual([14_000]);
  sleeping[0]?.wake();
  await settled();
  expect(started).toEqual(['ana', 'bo', 'ana']);
  await finish('ana');
});

test('a run that leaves nothing to do takes back the time that an earlier run named', async () => {
  const { lanes, sleeping, started, finish, settled } = open(1);
  lanes.nudge('ana');
  await settled();
  await finish('ana', 14_000);
  lanes.nudge('ana');
  await settled();
  await finish('ana');
  sleeping[0]?.wake();
  await settled();
  expect(started).toEqual(['ana', 'ana']);
});

test('work that fails keeps nobody, and a drained lane takes nothing new', async () => {
  const { lanes, started, running, settled } = open(1);
  lanes.nudge('ana');
  lanes.nudge('bo');
  await settled();
  running.shift()?.fail(new Error('broken'));
  await settled();
  expect(started).toEqual(['ana', 'bo']);
  const drained = lanes.drain();
  lanes.nudge('cy');
  running.shift()?.end(null);
  await drained;
  expect(started).toEqual(['ana', 'bo']);
});

test('work that is nearly done goes ahead of lanes that wait for their place', async () => {
  const { lanes, started, finish, settled } = open(1);
  for (const id of ['ana', 'bo', 'cy']) lanes.nudge(id);
  await settled();
  lanes.nudge('di', true);
  await settled();
  for (const id of ['ana', 'di', 'bo', 'cy']) await finish(id);
  expect(started).toEqual(['ana', 'di', 'bo', 'cy']);
});

test('a lane that waits for its place, and whose work is then nearly done, goes ahead', async () => {
  const { lanes, started, finish, settled } = open(1);
  for (const id of ['ana', 'bo', 'cy', 'di']) lanes.nudge(id);
  await settled();
  lanes.nudge('di', true);
  await settled();
  for (const id of ['ana', 'di', 'bo', 'cy']) await finish(id);
  expect(started).toEqual(['ana', 'di', 'bo', 'cy']);
  expect(lanes.active).toBe(0);
});

test('a lane that was begun and comes back goes ahead of lanes that were not begun', async () => {
  const { lanes, sleeping, started, finish, settled } = open(1);
  for (const id of ['ana', 'bo', 'cy', 'di']) lanes.nudge(id);
  await settled();
  await finish('ana', 2_000);
  // A sweep of debts names each subscriber with work, and puts none of them back.
  lanes.nudge('ana');
  sleeping[0]?.wake();
  await settled();
  for (const id of ['bo', 'ana', 'cy', 'di']) await finish(id);
  expect(started).toEqual(['ana', 'bo', 'ana', 'cy', 'di']);
  expect(lanes.active).toBe(0);
});
