// Loops: every loop of the daemon by name, so that a run which does not come to an end is told, and
// all stop together.
import type { Clock, Log } from '../core/ports.ts';
import { type Loop, startLoop } from './loop.ts';

/** How often a loop runs when nothing nudges it, in milliseconds. */
export const EVERY_MS = {
  digest: 2_000,
  heartbeat: 1_000,
  /** Only considers whether something may be final; the chain is asked less often. */
  finality: 100,
  /** Where `payments.retryEveryMs` is shorter, the sweep of debts runs that often. */
  sweepMost: 5_000,
  /** Only considers whether the webhooks are due to be looked at. */
  registration: 5_000,
  judge: 30_000,
  /** Where `watch.checkEveryMs` is shorter, the loop runs that often. */
  wakeMost: 5_000,
  scan: 30_000,
  /** A scan waits this long: a webhook that tells of the change saves the scan. */
  scanPatience: 250,
  watchList: 2_000,
  notify: 5_000,
  /** Figures for metrics; a scrape shows those that were read last. */
  sample: 5_000,
} as const;

/**
 * Loops whose runs are short. Walks of whole histories are not among them: they may last for hours.
 */
const PROMPT = ['digest', 'inspect', 'accrue', 'wake', 'sweep', 'judge', 'heartbeat'];
const STUCK_AFTER_MS = 10 * 60_000;
/**
 * How long a stop waits for work that is under way. What is cut off is on record and goes on at the
 * next start.
 */
const GRACE_MS = 2_000;

export type Loops = {
  start(name: string, everyMs: number, work: (signal: AbortSignal) => Promise<void>): Loop;
  /** Prompt loops of which one run has lasted longer than ten minutes. */
  stuck(): string[];
  /**
   * Stops all side by side. A run that waits for a slow node is not waited for beyond the grace.
   */
  stop(): Promise<void>;
};

/** Resolves with the work, or after two seconds without it. */
export async function inGrace(clock: Clock, work: Promise<unknown>): Promise<void> {
  const ended = new AbortController();
  await Promise.race([work, clock.sleep(GRACE_MS, ended.signal)]).finally(() => ended.abort());
}

export function createLoops({ clock, log }: { clock: Clock; log: Log }): Loops {
  const loops = new Map<string, Loop>();
  return {
    start(name, everyMs, work) {
      const started = startLoop({ name, everyMs, clock, log, work });
      loops.set(name, started);
      return started;
    },
    stuck: () =>
      PROMPT.filter((name) => {
        const since = loops.get(name)?.runningSinceMs ?? null;
        return since !== null && clock.nowMs() - since > STUCK_AFTER_MS;
      }),
    stop: () => inGrace(clock, Promise.all([...loops.values()].map((each) => each.stop()))),
  };
}
