// Rested: reads that take long are made less often. A read rests for a hundred times the time that
// it takes, so that it takes no more than a hundredth of Postgres, and for a given time at most.
import type { Clock } from '../core/ports.ts';

const TIMES = 100;

/** The end of the rest after a read that began and ended at these moments, in milliseconds. */
export type Rest = (beganMs: number, endedMs: number) => number;

/**
 * Creates the rest of a read. The shorter one of its last two runs counts, because a single slow
 * run, as the first after a start or one on a busy machine, says little of what the read takes.
 * After the first run there is no rest.
 */
export function createRest(mostMs: number): Rest {
  let beforeMs = 0;
  return (beganMs, endedMs) => {
    const tookMs = endedMs - beganMs;
    const shorterMs = Math.min(beforeMs, tookMs);
    beforeMs = tookMs;
    return beganMs + Math.min(TIMES * shorterMs, mostMs);
  };
}

/**
 * Creates a reader that answers with its last result while it rests. A clock that was set back ends
 * the rest. An error of `read` is thrown, and the next call reads again.
 */
export function createRested<T>(
  clock: Pick<Clock, 'nowMs'>,
  read: () => Promise<T>,
  mostMs: number,
): () => Promise<T> {
  const rest = createRest(mostMs);
  let last: { readonly value: T; readonly readMs: number; readonly untilMs: number } | null = null;
  return async () => {
    const beganMs = clock.nowMs();
    if (last !== null && beganMs < last.untilMs && beganMs >= last.readMs) return last.value;
    const value = await read();
    const readMs = clock.nowMs();
    last = { value, readMs, untilMs: rest(beganMs, readMs) };
    return value;
  };
}
