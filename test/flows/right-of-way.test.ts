// Right of way: other work pauses while something goes ahead, for a short and bounded time, and has
// as long for itself afterwards.
import { expect, test } from 'vitest';
import { createRightOfWay, HOLD_MS } from '../../src/flows/right-of-way.ts';

/** A clock that stands until it is moved; sleeps end when it has moved far enough. */
function standing() {
  let nowMs = 0;
  let sleeping: { readonly untilMs: number; readonly wake: () => void }[] = [];
  const clock = {
    elapsedMs: () => nowMs,
    sleep: (ms: number, signal: AbortSignal) =>
      new Promise<void>((wake) => {
        sleeping.push({ untilMs: nowMs + ms, wake });
        signal.addEventListener('abort', () => wake());
      }),
  };
  const moveOn = (ms: number): void => {
    nowMs += ms;
    for (const { untilMs, wake } of sleeping) if (untilMs <= nowMs) wake();
    sleeping = sleeping.filter(({ untilMs }) => untilMs > nowMs);
  };
  return { clock, moveOn };
}
/** Lets everything go on that waits for nothing. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function waiting(way: ReturnType<typeof createRightOfWay>) {
  const passed: boolean[] = [];
  void way.clear().then(() => passed.push(true));
  await turn();
  const hasPassed = async (): Promise<boolean> => {
    await turn();
    return passed.length > 0;
  };
  return { passed: hasPassed };
}

test('no work waits while no transaction goes ahead', async () => {
  const way = createRightOfWay(standing().clock);
  expect(await (await waiting(way)).passed()).toBe(true);
});

test('other work waits until what went ahead is done', async () => {
  const { clock, moveOn } = standing();
  const way = createRightOfWay(clock);
  way.hold();
  const lane = await waiting(way);
  moveOn(HOLD_MS.each - 1);
  expect(await lane.passed()).toBe(false);
  way.release();
  expect(await lane.passed()).toBe(true);
});

test('and no longer than a hold lasts, when nothing tells that it is done', async () => {
  const { clock, moveOn } = standing();
  const way = createRightOfWay(clock);
  way.hold();
  const lane = await waiting(way);
  moveOn(HOLD_MS.each);
  expect(await lane.passed()).toBe(true);
});

test('holds without end leave other work half of the time', async () => {
  const { clock, moveOn } = standing();
  const way = createRightOfWay(clock);
  let [free, held] = [0, 0];
  for (let ms = 0; ms < 20_000; ms += 10) {
    way.hold();
    if (await (await waiting(way)).passed()) free++;
    else held++;
    moveOn(10);
  }
  // Each hold begins at its first call and lasts as long as it is asked for, at most a second.
  expect(held).toBeGreaterThan(900);
  expect(free).toBeGreaterThan(900);
});

test('a hold that was short lets the next one begin soon', async () => {
  const { clock, moveOn } = standing();
  const way = createRightOfWay(clock);
  way.hold();
  moveOn(20);
  way.release();
  moveOn(10);
  way.hold();
  expect(await (await waiting(way)).passed()).toBe(true);
  moveOn(10);
  way.hold();
  expect(await (await waiting(way)).passed()).toBe(false);
});
