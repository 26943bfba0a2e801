// Retry delay: decides how long a debt waits after a trouble: longer with each attempt, or until
// the next turn of the schedule.

import { aftermath, type Tries } from '../core/aftermath.ts';
import { delayMs } from '../core/backoff.ts';
import type { Clock } from '../core/ports.ts';
import type { Trouble } from '../core/trouble.ts';

const BACKOFF = { firstMs: 2_000, mostMs: 5 * 60_000 };

/** Creates a function that gives the milliseconds until the next try; null: a person must act. */
export const createRetryDelay =
  (clock: Pick<Clock, 'random'>, retryEveryMs: number) =>
  (trouble: Trouble, attempts: number, tries: Tries): number | null => {
    const after = aftermath(trouble, tries).retry;
    if (after === null) return null;
    const wait =
      after === 'backoff'
        ? delayMs(BACKOFF, attempts + 1, clock.random())
        : retryEveryMs * (0.9 + clock.random() / 5);
    return Math.round(wait);
  };
