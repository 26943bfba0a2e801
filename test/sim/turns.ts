// Turns: lets tasks of several simulated processes go on one at a time, in an order drawn from the
// seed. A task gives its turn up at every request to a node and at every call of the ledger; a
// killed process never gets another turn.
import type { Random } from './random.ts';

type Parked = { readonly process: number; readonly wakeAtMs: number; readonly resume: () => void };

export type Turns = {
  nowMs(): number;
  pass(ms: number): void;
  /** Starts a task of a process; it runs at once up to its first call. */
  start(task: () => Promise<void>): Promise<void>;
  /** Gives the turn up; resolves when the task may go on, which for a killed process is never. */
  park(process: number, ms?: number): Promise<void>;
  /**
   * Runs a call that may take real time (Postgres), and counts it as going on until it is answered.
   */
  during<T>(call: () => Promise<T>): Promise<T>;
  /** Lets one task that may go on do so. False when there is none. */
  step(): Promise<boolean>;
  kill(process: number): void;
  readonly failures: unknown[];
};

export function createTurns(random: Random): Turns {
  let now = 1_800_000_000_000;
  let parked: Parked[] = [];
  let going = 0;
  const failures: unknown[] = [];
  /**
   * Until every task is parked or has ended: nothing is left to do but to give one of them its
   * turn.
   */
  const quiet = async (): Promise<void> => {
    do await new Promise<void>((resolve) => setImmediate(resolve));
    while (going > 0);
  };
  return {
    failures,
    nowMs: () => now,
    pass(ms) {
      now += ms;
    },
    start(task) {
      task().catch((thrown: unknown) => failures.push(thrown));
      return quiet();
    },
    park: (process, ms = 0) =>
      new Promise((resolve) => {
        parked.push({ process, wakeAtMs: now + ms, resume: resolve });
      }),
    async during(call) {
      going++;
      try {
        return await call();
      } finally {
        going--;
      }
    },
    async step() {
      const ready = parked.filter((each) => each.wakeAtMs <= now);
      if (ready.length === 0) return false;
      const chosen = random.pick(ready);
      parked = parked.filter((each) => each !== chosen);
      chosen.resume();
      await quiet();
      return true;
    },
    kill(process) {
      parked = parked.filter((each) => each.process !== process);
    },
  };
}
