// Loop: repeats a work, one run at a time, when it is nudged and otherwise at an interval. A run
// that fails is logged, and the next run still comes.
import { Fault, messageOf } from '../core/fault.ts';
import type { Clock, Log } from '../core/ports.ts';

export type Loop = {
  /** The time at which the present run began; null between runs. */
  readonly runningSinceMs: number | null;
  /** Asks for a run soon. During a run it asks for one more run after it. */
  nudge(): void;
  /** Lets the present run end, and starts no other. */
  stop(): Promise<void>;
};

export type LoopOptions = {
  readonly name: string;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly work: (signal: AbortSignal) => Promise<void>;
};

/** Starts a loop; its first run begins at once. */
export function startLoop({ name, everyMs, clock, log, work }: LoopOptions): Loop {
  const stopping = new AbortController();
  let wake = new AbortController();
  let nudged = true;
  let runningSinceMs: number | null = null;

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      if (!nudged) await clock.sleep(everyMs, wake.signal);
      if (stopping.signal.aborted) return;
      nudged = false;
      wake = new AbortController();
      runningSinceMs = clock.nowMs();
      try {
        await work(stopping.signal);
      } catch (thrown) {
        const passing = thrown instanceof Fault && thrown.retry === 'later';
        log[passing ? 'warn' : 'error']('loop.failed', {
          loop: name,
          message: messageOf(thrown),
          ...(passing ? {} : { err: thrown }),
        });
        await clock.sleep(Math.min(everyMs, 1_000), stopping.signal);
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
    nudge() {
      nudged = true;
      wake.abort();
    },
    async stop() {
      stopping.abort();
      wake.abort();
      await running;
    },
  };
}
