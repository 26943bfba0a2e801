// Clock: the only file that reads the time and draws random numbers.
import { randomUUID } from 'node:crypto';
import type { Clock } from '../core/ports.ts';

/**
 * Milliseconds since the process began. Used for durations, because changes of the machine's clock
 * do not affect it.
 */
export const elapsedMs = (): number => performance.now();

/** The clock and the randomness of the machine. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  elapsedMs,
  random: () => Math.random(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const finish = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(finish, ms);
      signal.addEventListener('abort', finish, { once: true });
      return undefined;
    }),
};

/** A new random id (UUID). */
export const newId = (): string => randomUUID();
