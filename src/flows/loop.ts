// Loop: repeats a work, one run at a time, when it is nudged and otherwise at an interval. A run
// that fails is repeated after five seconds at most, however long the interval is: its work is
// still due once Postgres or the node is back. loop-log.ts says which failures are logged.
import type { Clock, Log } from '../core/ports.ts';
import { createLoopLog } from './loop-log.ts';

/**
 * A loop whose last run failed: when the first failure since a good run was, by `elapsedMs` of the
 * clock, and the last one.
 */
export type Failing = { readonly sinceMs: number; readonly thrown: unknown };
export type Loop = {
  /** When the present run began, by `elapsedMs` of the clock; null between runs. */
  readonly runningSinceMs: number | null;
  /** Null when the last run succeeded, and before the first run has ended. */
  readonly failing: Failing | null;
  /** Asks for a run soon. During a run it asks for one more run after it. */
  nudge(): void;
  /** Lets the present run end, and starts no other. */
  stop(): Promise<void>;
};

/**
 * The work of a loop. `asked`: the run is the first one, or was nudged, or repeats such a run that
 * failed; else it comes by the interval alone.
 */
export type Work = (signal: AbortSignal, asked: boolean) => Promise<void>;
export type LoopOptions = {
  readonly name: string;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly work: Work;
};

/** The abort reason that ends a wait. Without one, Node would build an error with its stack. */
const NUDGED = 'nudged';
/** The pause after a failed run; it doubles with each further one, up to the most. */
const RETRY_MS = { first: 1_000, most: 5_000 } as const;

/** Starts a loop; its first run begins at once. */
export function startLoop({ name, everyMs, clock, log, work }: LoopOptions): Loop {
  const stopping = new AbortController();
  let wake = new AbortController();
  let nudged = true;
  let asked = true;
  let failures = 0;
  let runningSinceMs: number | null = null;
  let failing: Failing | null = null;
  const told = createLoopLog(name, clock, log);

  /** The time until the next run when nothing asks for one. */
  const waitMs = (): number => {
    if (failures === 0) return everyMs;
    const pauseMs = RETRY_MS.first * 2 ** Math.min(failures - 1, 10);
    // After a failure `run` sleeps RETRY_MS.first, which no nudge shortens; the rest is waited
    // here.
    return Math.min(everyMs, pauseMs, RETRY_MS.most) - Math.min(everyMs, RETRY_MS.first);
  };
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      if (!nudged) await clock.sleep(waitMs(), wake.signal);
      if (stopping.signal.aborted) return;
      asked ||= nudged;
      nudged = false;
      wake = new AbortController();
      runningSinceMs = clock.elapsedMs();
      try {
        await work(stopping.signal, asked);
        asked = false;
        failures = 0;
        failing = null;
        told.ran();
      } catch (thrown) {
        failing = { sinceMs: failing?.sinceMs ?? clock.elapsedMs(), thrown };
        told.failed(thrown);
        failures++;
        await clock.sleep(Math.min(everyMs, RETRY_MS.first), stopping.signal);
      } finally {
        runningSinceMs = null;
      }
    }
  };
  const running = run();
  return {
    get runningSinceMs() {
      return runningSinceMs;
    },
    get failing() {
      return failing;
    },
    nudge() {
      nudged = true;
      wake.abort(NUDGED);
    },
    async stop() {
      stopping.abort();
      wake.abort();
      await running;
    },
  };
}
