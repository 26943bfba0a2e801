// Lanes: one serial queue a subscriber, so that two steps for the same money never overlap in this
// process. A lane only orders work; Postgres decides. No timeout, because it would free the slot
// while the work goes on, and no clear, because it would leave promises pending. Idle lanes are
// dropped; a global gate bounds what runs at once, first come first served. Work that has to wait
// for the chain gives its place up and says when to come back.
import PQueue from 'p-queue';
import { Fault, messageOf } from '../core/fault.ts';
import type { Clock, Log } from '../core/ports.ts';

export type Lanes = {
  /**
   * Asks for the subscriber's work to be done. Coalesces: at most one run waits behind the present
   * one.
   */
  nudge(subscriberId: string): void;
  readonly active: number;
  /** Takes no new work and waits for what runs. */
  drain(): Promise<void>;
};

export function createLanes(options: {
  concurrencyMost: number;
  clock: Clock;
  log: Log;
  /** Milliseconds after which to run again, or null. */
  work: (subscriberId: string) => Promise<number | null>;
}): Lanes {
  const { clock, log } = options;
  const lanes = new Map<string, PQueue>();
  const resting = new Map<string, AbortController>();
  const gate = new PQueue({ concurrency: options.concurrencyMost });
  let draining = false;

  /** Comes back after a while; one appointment a subscriber, the latest. */
  const comeBack = (subscriberId: string, ms: number): void => {
    resting.get(subscriberId)?.abort();
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
      // Whatever it was, the next sweep asks again; only what will not pass by itself needs a
      // person.
      const passing = thrown instanceof Fault && thrown.retry === 'later';
      log[passing ? 'warn' : 'error']('lane.failed', {
        subscriber: subscriberId,
        message: messageOf(thrown),
        ...(passing ? {} : { err: thrown }),
      });
    }
  };
  const nudge = (subscriberId: string): void => {
    if (draining) return;
    const lane = lanes.get(subscriberId) ?? new PQueue({ concurrency: 1 });
    lanes.set(subscriberId, lane);
    if (lane.size > 0) return;
    void lane
      .add(() => gate.add(() => run(subscriberId)))
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
