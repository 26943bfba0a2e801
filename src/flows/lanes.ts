// Lanes: one serial queue per subscriber, so that two steps with the same money never overlap in
// this process. A lane only orders work; locks in Postgres keep processes apart. A lane has no
// timeout, because a timeout would free its place while the work goes on, and nothing clears a
// lane, because that would leave promises pending. Idle lanes are dropped. A limit for all lanes
// bounds how many work at once, first come first served; work that is nearly done goes ahead. Work
// that has to wait for the chain gives up its place and says when it should run again.
import PQueue from 'p-queue';
import { Fault, messageOf } from '../core/fault.ts';
import type { Clock, Log } from '../core/ports.ts';

export type Lanes = {
  /**
   * Asks for one run of the subscriber's work. At most one run waits behind the present one;
   * further calls change nothing. `ahead` puts the run in front of those that wait for their place:
   * for work that is nearly done, such as a payment whose slot has become final.
   */
  nudge(subscriberId: string, ahead?: boolean): void;
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
  const lanes = new Map<string, PQueue>();
  const resting = new Map<string, AbortController>();
  const gate = new PQueue({ concurrency: options.concurrencyMost });
  let draining = false;

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
      nudge(subscriberId);
    });
  };
  const run = async (subscriberId: string): Promise<void> => {
    if (draining) return;
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
  const nudge = (subscriberId: string, ahead = false): void => {
    if (draining) return;
    const lane = lanes.get(subscriberId) ?? new PQueue({ concurrency: 1 });
    lanes.set(subscriberId, lane);
    if (lane.size > 0) return;
    void lane
      .add(() => gate.add(() => run(subscriberId), { priority: ahead ? 1 : 0 }))
      .finally(() => {
        if (lane.size === 0 && lane.pending === 0) lanes.delete(subscriberId);
      });
  };
  return {
    nudge,
    get active() {
      return lanes.size;
    },
    async drain() {
      draining = true;
      for (const appointment of resting.values()) appointment.abort();
      await gate.onIdle();
    },
  };
}
