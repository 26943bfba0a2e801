// Loops: nothing runs before the daemon is wired; after an event exactly the loops of the table
// run; a loop that this daemon lacks is passed over.
import { expect, test } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import type { Clock } from '../../src/core/ports.ts';
import { createLoops, type LoopName, RUN_AFTER } from '../../src/flows/loops.ts';
import { silentLog } from '../../src/system/log.ts';

/** A clock on which a sleep ends only when it is aborted: loops run when they are asked to. */
const standing: Clock = {
  nowMs: () => 0,
  elapsedMs: () => 0,
  random: () => 0.5,
  sleep: (_ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve());
    }),
};
/** Waits until every promise that can settle has settled. */
const quiet = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Loops that stop at the end of the test. */
const openLoops = (clock: Clock): ReturnType<typeof createLoops> & AsyncDisposable => {
  const loops = createLoops({ clock, log: silentLog });
  return { ...loops, [Symbol.asyncDispose]: () => loops.stop() };
};

const happenings = Object.keys(RUN_AFTER) as (keyof typeof RUN_AFTER)[];
const named = [...new Set<LoopName>(happenings.flatMap((each) => [...RUN_AFTER[each]]))];

test('nothing runs before all loops begin, and each runs once then', async () => {
  const ran: LoopName[] = [];
  await using loops = openLoops(standing);
  for (const name of named) loops.add(name, 1_000, async () => void ran.push(name));
  loops.after('delivered');
  await quiet();
  expect(ran).toEqual([]);
  loops.begin();
  await quiet();
  expect(ran.toSorted()).toEqual(named.toSorted());
});

test.each(happenings)('after "%s" the loops of the table run, and no others', async (happening) => {
  const ran: LoopName[] = [];
  await using loops = openLoops(standing);
  for (const name of named) loops.add(name, 1_000, async () => void ran.push(name));
  loops.begin();
  await quiet();
  ran.length = 0;
  loops.after(happening);
  await quiet();
  expect(ran.toSorted()).toEqual([...RUN_AFTER[happening]].toSorted());
});

test('a loop that this daemon lacks is passed over', async () => {
  await using loops = openLoops(standing);
  loops.begin();
  for (const each of happenings) loops.after(each);
});

test('a loop that carries news and fails is told, with the time since which it has; a node that fails is not', async () => {
  let elapsedMs = 1_000;
  const clock: Clock = { ...standing, elapsedMs: () => elapsedMs, sleep: async () => {} };
  const loops = createLoops({ clock, log: silentLog });
  /** What each loop does; a run waits until it is told how to end. */
  const works = new Map<LoopName, PromiseWithResolvers<void>>();
  await using ending = new AsyncDisposableStack();
  ending.defer(async () => {
    const stopped = loops.stop();
    for (const run of works.values()) run.resolve();
    await stopped;
  });
  for (const name of ['scan', 'inspect', 'notify'] as const)
    loops.add(name, 1, () => {
      const run = Promise.withResolvers<void>();
      works.set(name, run);
      return run.promise;
    });
  const end = async (name: LoopName, thrown?: Error): Promise<void> => {
    const run = works.get(name);
    if (thrown === undefined) run?.resolve();
    else run?.reject(thrown);
    await quiet();
  };
  loops.begin();
  await quiet();
  expect(loops.failing()).toBeNull();
  await end('notify', new Error('no news are lost by this'));
  await end('inspect', new Fault('rpc_unavailable', 'the node is away'));
  expect(loops.failing()).toBeNull();
  elapsedMs = 2_000;
  await end('scan', new Error('full'));
  elapsedMs = 3_000;
  await end('inspect', new Fault('ledger_unavailable', 'full'));
  await end('scan', new Error('still full'));
  // The inspection has failed for longer: first at its node.
  expect(loops.failing()).toMatchObject({ name: 'inspect', sinceMs: 1_000 });
  await end('inspect');
  expect(loops.failing()).toMatchObject({ name: 'scan', sinceMs: 2_000 });
  await end('scan');
  expect(loops.failing()).toBeNull();
});
