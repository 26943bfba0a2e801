// Rested: reads that take long are made less often. A read rests for a hundred times the time that
// it took, so that it takes no more than a hundredth of Postgres, and for a given time at most.
import type { Clock } from '../core/ports.ts';

const TIMES = 100;

/** The end of the rest after a read that began and ended at these moments, in milliseconds. */
export const restsUntil = (beganMs: number, endedMs: number, mostMs: number): number =>
  beganMs + Math.min(TIMES * (endedMs - beganMs), mostMs);

/**
 * Creates a reader that answers with its last result while it rests. A clock that was set back ends
 * the rest. An error of `read` is thrown, and the next call reads again.
 */
export function createRested<T>(
  clock: Pick<Clock, 'nowMs'>,
  read: () => Promise<T>,
  mostMs: number,
): () => Promise<T> {
  let last: { readonly value: T; readonly readMs: number; readonly untilMs: number } | null = null;
  return async () => {
    const beganMs = clock.nowMs();
    if (last !== null && beganMs < last.untilMs && beganMs >= last.readMs) return last.value;
    const value = await read();
    const readMs = clock.nowMs();
    last = { value, readMs, untilMs: restsUntil(beganMs, readMs, mostMs) };
    return value;
  };
}
