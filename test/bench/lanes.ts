// Lanes: 100,000 subscribers with work waiting at once: time and memory of a lane, and what is left
// when all are done.
import { createLanes } from '../../src/flows/lanes.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';

const SUBSCRIBERS = 100_000;
const heap = (): number => {
  global.gc?.();
  return process.memoryUsage().heapUsed;
};

export async function benchLanes(): Promise<boolean> {
  const ids = Array.from({ length: SUBSCRIBERS }, (_, index) => `subscriber-${index}`);
  let done = 0;
  const lanes = createLanes({
    concurrencyMost: 64,
    clock: systemClock,
    log: silentLog,
    work: async () => {
      done++;
      return null;
    },
  });
  const before = heap();
  const startedMs = performance.now();
  for (const id of ids) lanes.nudge(id);
  const waiting = (heap() - before) / SUBSCRIBERS;
  while (lanes.active > 0) await new Promise((resolve) => setImmediate(resolve));
  const wallMs = performance.now() - startedMs;
  const left = (heap() - before) / SUBSCRIBERS;
  process.stdout.write(
    `\n${SUBSCRIBERS.toLocaleString('en')} subscribers with work waiting\n` +
      `  all done                ${wallMs.toFixed(0)} ms, ${((wallMs * 1_000) / SUBSCRIBERS).toFixed(1)} µs a lane\n` +
      `  memory while they wait  ${waiting.toFixed(0)} bytes a lane\n` +
      `  memory afterwards       ${left.toFixed(0)} bytes a lane\n`,
  );
  return done === SUBSCRIBERS;
}
