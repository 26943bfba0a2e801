// Turns: lets tasks of several simulated processes go on one at a time, in an order drawn from the seed. A task gives
// its turn up at every call of a port; killing a process means that its tasks never get another.
import type { Random } from './random.ts';

type Parked = { readonly process: number; readonly wakeAtMs: number; readonly resume: () => void };

export type Turns = {
  nowMs(): number;
  pass(ms: number): void;
  /** Starts a task of a process; it runs to its first port call at once. */
  start(process: number, task: () => Promise<void>): Promise<void>;
  /** Gives the turn up; resolves when the task may go on, which for a killed process is never. */
  park(process: number, ms?: number): Promise<void>;
  /** Lets one task that may go on do so. False when there is none. */
  step(): Promise<boolean>;
  kill(process: number): void;
  readonly failures: unknown[];
};

export function createTurns(random: Random): Turns {
  let now = 1_800_000_000_000;
  let parked: Parked[] = [];
  let idle: (() => void) | null = null;
  const failures: unknown[] = [];
  const settled = (): Promise<void> =>
    new Promise((resolve) => {
      idle = resolve;
    });
  const rest = (): void => {
    const done = idle;
    idle = null;
    done?.();
  };
  return {
    failures,
    nowMs: () => now,
    pass(ms) {
      now += ms;
    },
    async start(_process, task) {
      const quiet = settled();
      task().then(rest, (thrown: unknown) => {
        failures.push(thrown);
        rest();
      });
      await quiet;
    },
    park(process, ms = 0) {
      return new Promise((resolve) => {
        parked.push({ process, wakeAtMs: now + ms, resume: resolve });
        rest();
      });
    },
    async step() {
      const ready = parked.filter((each) => each.wakeAtMs <= now);
      if (ready.length === 0) return false;
      const chosen = random.pick(ready);
      parked = parked.filter((each) => each !== chosen);
      const quiet = settled();
      chosen.resume();
      await quiet;
      return true;
    },
    kill(process) {
      parked = parked.filter((each) => each.process !== process);
    },
  };
}
