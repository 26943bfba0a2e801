// Lanes: one run at a time for each subscriber, so that two steps with the same money never overlap
// in this process. A lane only orders work; locks in Postgres keep processes apart. A lane has no
// timeout, because a timeout would free its place while the work goes on. Idle lanes are dropped.
// A limit for all lanes bounds how many work at once, first come first served. Work that was begun
// goes ahead of work that was not: a lane that waits for the chain gives up its place, says when it
// should run again, and then gets the next free place.
import { Fault, messageOf } from '../core/fault.ts';
import type { Clock, Log } from '../core/ports.ts';

export type Lanes = {
  /**
   * Asks for one run of the subscriber's work. At most one run waits, beside the present one;
   * further calls change nothing, but `ahead` puts the waiting run in front of those that were not
   * asked for so: for work that is nearly done, such as a payment whose slot has become final.
   */
  nudge(subscriberId: string, ahead?: boolean): void;
  /** The subscribers whose work runs or waits for its place. */
  readonly active: number;
  /** Takes no new work, and resolves when the running work has ended. */
  drain(): Promise<void>;
};

/** Creates the lanes. At most `concurrencyMost` of them work at once. */
export function createLanes(options: {
  concurrencyMost: number;
  clock: Clock;
  log: Log;
  /** The work of one lane. Returns the milliseconds until it should run again, or null. */
  work: (subscriberId: string) => Promise<number | null>;
}): Lanes {
  const { clock, log } = options;
  /** The runs that wait for a place; a Set keeps the order in which they were asked for. */
  const first = new Set<string>();
  const others = new Set<string>();
  /** The running lanes, each with the run that was asked for meanwhile. */
  const running = new Map<string, 'none' | 'other' | 'first'>();
  const resting = new Map<string, AbortController>();
  let draining = false;
  let drained = (): void => {};

  /**
   * Runs a lane again after a time. Each subscriber has one such timer; a later call replaces it.
   */
  const comeBack = (subscriberId: string, ms: number): void => {
    resting.get(subscriberId)?.abort('later');
    const appointment = new AbortController();
    resting.set(subscriberId, appointment);
    void clock.sleep(ms, appointment.signal).then(() => {
      if (appointment.signal.aborted) return;
      resting.delete(subscriberId);
      nudge(subscriberId, true);
    });
  };
  const run = async (subscriberId: string): Promise<void> => {
    try {
      const waitMs = await options.work(subscriberId);
      if (waitMs !== null && !draining) comeBack(subscriberId, waitMs);
    } catch (thrown) {
      // The next sweep of debts asks again in any case. Only an error that does not pass by itself
      // is logged as an error.
      const passing = thrown instanceof Fault && thrown.retry === 'later';
      log[passing ? 'warn' : 'error']('lane.failed', {
        subscriber: subscriberId,
        message: messageOf(thrown),
        ...(passing ? {} : { err: thrown }),
      });
    }
  };
  const wait = (subscriberId: string, ahead: boolean): void => {
    if (first.has(subscriberId)) return;
    if (ahead) others.delete(subscriberId);
    (ahead ? first : others).add(subscriberId);
  };
  const ended = (subscriberId: string): void => {
    const again = running.get(subscriberId) ?? 'none';
    running.delete(subscriberId);
    if (again !== 'none' && !draining) wait(subscriberId, again === 'first');
    fill();
    if (draining && running.size === 0) drained();
  };
  /** Gives the free places to the runs that wait. */
  const fill = (): void => {
    for (const waiting of [first, others])
      for (const subscriberId of waiting) {
        if (running.size >= options.concurrencyMost) return;
        waiting.delete(subscriberId);
        running.set(subscriberId, 'none');
        void run(subscriberId).finally(() => ended(subscriberId));
      }
  };
  const nudge = (subscriberId: string, ahead = false): void => {
    if (draining) return;
    const again = running.get(subscriberId);
    if (again === undefined) wait(subscriberId, ahead);
    else if (again !== 'first') running.set(subscriberId, ahead ? 'first' : 'other');
    fill();
  };
  return {
    nudge,
    get active() {
      return first.size + others.size + running.size;
    },
    async drain() {
      draining = true;
      first.clear();
      others.clear();
      for (const appointment of resting.values()) appointment.abort();
      if (running.size > 0)
        await new Promise<void>((resolve) => {
          drained = resolve;
        });
    },
  };
}
