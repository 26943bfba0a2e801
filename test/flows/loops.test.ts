// Loops: nothing runs before the daemon is wired; after an event exactly the loops of the table
// run; a loop that this daemon lacks is passed over.
import { expect, test } from 'vitest';
import type { Clock } from '../../src/core/ports.ts';
import { createLoops, type LoopName, RUN_AFTER } from '../../src/flows/loops.ts';
import { silentLog } from '../../src/system/log.ts';

/** A clock on which a sleep ends only when it is aborted: loops run when they are asked to. */
const standing: Clock = {
  nowMs: () => 0,
  random: () => 0.5,
  sleep: (_ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve());
    }),
};
/** Lets every promise that can go on do so. */
const quiet = () => new Promise<void>((resolve) => setImmediate(resolve));

const happenings = Object.keys(RUN_AFTER) as (keyof typeof RUN_AFTER)[];
const named = [...new Set<LoopName>(happenings.flatMap((each) => [...RUN_AFTER[each]]))];

test('nothing runs before all loops begin, and each runs once then', async () => {
  const ran: LoopName[] = [];
  const loops = createLoops({ clock: standing, log: silentLog });
  for (const name of named) loops.add(name, 1_000, async () => void ran.push(name));
  loops.after('delivered');
  await quiet();
  expect(ran).toEqual([]);
  loops.begin();
  await quiet();
  expect(ran.toSorted()).toEqual(named.toSorted());
  await loops.stop();
});

test.each(happenings)('after "%s" the loops of the table run, and no others', async (happening) => {
  const ran: LoopName[] = [];
  const loops = createLoops({ clock: standing, log: silentLog });
  for (const name of named) loops.add(name, 1_000, async () => void ran.push(name));
  loops.begin();
  await quiet();
  ran.length = 0;
  loops.after(happening);
  await quiet();
  expect(ran.toSorted()).toEqual([...RUN_AFTER[happening]].toSorted());
  await loops.stop();
});

test('a loop that this daemon lacks is passed over', async () => {
  const loops = createLoops({ clock: standing, log: silentLog });
  loops.begin();
  for (const each of happenings) loops.after(each);
  await loops.stop();
});
