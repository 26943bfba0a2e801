// Lanes: one serial queue a subscriber, so that two steps for the same money never overlap in this process. A lane
// only orders work; Postgres decides. No timeout, because it would free the slot while the work goes on, and no
// clear, because it would leave promises pending. Idle lanes are dropped; a global gate bounds what runs at once.
import PQueue from 'p-queue';
import { Fault, messageOf } from '../core/fault.ts';
import type { Log } from '../core/ports.ts';

export type Lanes = {
  /** Asks for the subscriber's work to be done. Coalesces: at most one run waits behind the present one. */
  nudge(subscriberId: string): void;
  readonly active: number;
  /** Takes no new work and waits for what runs. */
  drain(): Promise<void>;
};

export function createLanes(options: {
  concurrencyMost: number;
  log: Log;
  work: (subscriberId: string) => Promise<void>;
}): Lanes {
  const lanes = new Map<string, PQueue>();
  const gate = new PQueue({ concurrency: options.concurrencyMost });
  let draining = false;

  const run = async (subscriberId: string): Promise<void> => {
    if (draining) return;
    try {
      await options.work(subscriberId);
    } catch (thrown) {
      // Whatever it was, the next sweep asks again; only what will not pass by itself needs a person.
      const passing = thrown instanceof Fault && thrown.retry === 'later';
      options.log[passing ? 'warn' : 'error']('lane.failed', {
        subscriber: subscriberId,
        message: messageOf(thrown),
        ...(passing ? {} : { err: thrown }),
      });
    }
  };
  return {
    nudge(subscriberId) {
      if (draining) return;
      const lane = lanes.get(subscriberId) ?? new PQueue({ concurrency: 1 });
      lanes.set(subscriberId, lane);
      if (lane.size > 0) return;
      void lane
        .add(() => gate.add(() => run(subscriberId)))
        .finally(() => {
          if (lane.size === 0 && lane.pending === 0) lanes.delete(subscriberId);
        });
    },
    get active() {
      return lanes.size;
    },
    async drain() {
      draining = true;
      await gate.onIdle();
    },
  };
}
