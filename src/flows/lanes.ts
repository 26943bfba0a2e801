// Lanes: one serial queue per subscriber, so that two steps with the same money never overlap in
// this process. A lane only orders work; locks in Postgres keep processes apart. A lane has no
// timeout, because a timeout would free its place while the work goes on, and nothing clears a
// lane, because that would leave promises pending. Idle lanes are dropped. A limit for all lanes
// bounds how many work at once, first come first served. Work that was begun goes ahead of work
// that was not: a lane that waits for the chain gives up its place, says when it should run again,
// and then gets the next free place.
import PQueue from 'p-queue';
import { Fault, messageOf } from '../core/fault.ts';
import { ledgerFault } from '../core/ledger-fault.ts';
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

type Lane = {
  readonly queue: PQueue;
  /** Its run waits for a place. */
  waits: boolean;
  /** The next run goes ahead. */
  ahead: boolean;
};
const BEHIND = 0;
const AHEAD = 1;

/** Creates the lanes. At most `concurrencyMost` of them work at once. */
export function createLanes(options: {
  concurrencyMost: number;
  clock: Clock;
  log: Log;
  /** The work of one lane. Returns the milliseconds until it should run again, or null. */
  work: (subscriberId: string) => Promise<number | null>;
}): Lanes {
  const { clock, log } = options;
  const lanes = new Map<string, Lane>();
  const resting = new Map<string, AbortController>();
  /** The places of all lanes. A run that waits for one has the id of its subscriber. */
  const places = new PQueue({ concurrency: options.concurrencyMost });
  let draining = false;

  /**
   * Runs a lane again after a time, null: not before it is asked for. Each subscriber has one such
   * timer; a later call replaces it.
   */
  const comeBack = (subscriberId: string, ms: number | null): void => {
    resting.get(subscriberId)?.abort('later');
    resting.delete(subscriberId);
    if (ms === null) return;
    const appointment = new AbortController();
    resting.set(subscriberId, appointment);
    void clock.sleep(ms, appointment.signal).then(() => {
      if (appointment.signal.aborted) return;
      resting.delete(subscriberId);
      nudge(subscriberId, true);
    });
  };
  const run = async (subscriberId: string): Promise<void> => {
    if (draining) return;
    try {
      const waitMs = await options.work(subscriberId);
      if (!draining) comeBack(subscriberId, waitMs);
    } catch (given) {
      // The next sweep of debts asks again in any case. Only an error that does not pass by itself
      // is logged as an error; a failure of Postgres passes.
      const thrown = ledgerFault(given);
      const passing = thrown instanceof Fault && thrown.retry === 'later';
      log[passing ? 'warn' : 'error']('lane.failed', {
        subscriber: subscriberId,
        message: messageOf(thrown),
        ...(passing ? {} : { err: thrown }),
      });
    }
  };
  /** Waits for a place, then runs. */
  const take = (subscriberId: string, lane: Lane): Promise<void> => {
    const priority = lane.ahead ? AHEAD : BEHIND;
    Object.assign(lane, { ahead: false, waits: true });
    return places.add(
      () => {
        lane.waits = false;
        return run(subscriberId);
      },
      { id: subscriberId, priority },
    );
  };
  const nudge = (subscriberId: string, ahead = false): void => {
    if (draining) return;
    const lane = lanes.get(subscriberId) ?? {
      queue: new PQueue({ concurrency: 1 }),
      waits: false,
      ahead: false,
    };
    lanes.set(subscriberId, lane);
    if (lane.waits) {
      if (ahead) places.setPriority(subscriberId, AHEAD);
      return;
    }
    lane.ahead ||= ahead;
    if (lane.queue.size > 0) return;
    void lane.queue
      .add(() => take(subscriberId, lane))
      .finally(() => {
        if (lane.queue.size === 0 && lane.queue.pending === 0) lanes.delete(subscriberId);
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
      await places.onIdle();
    },
  };
}
