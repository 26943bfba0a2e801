// Clock: the one door to time and chance.
import { randomUUID } from 'node:crypto';
import type { Clock } from '../core/ports.ts';

/** The machine's own time and randomness. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
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

/**
 * Milliseconds since the process began, which no change of the machine's clock moves. For
 * durations.
 */
export const elapsedMs = (): number => performance.now();

/** A new identity, unlike any other. */
export const newId = (): string => randomUUID();
