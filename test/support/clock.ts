// Clock: time and chance that a test turns by hand.
import type { Clock } from '../../src/core/ports.ts';

export type ManualClock = Clock & {
  advance(ms: number): void;
  /** Sets the time forward, or back, as the clock of Postgres is set. No time passes. */
  setBy(byMs: number): void;
};

/** Sleeps are over at once and move the time on. */
export function createManualClock(
  startMs = 1_800_000_000_000,
  random: () => number = () => 0.5,
): ManualClock {
  let now = startMs;
  let setMs = 0;
  return {
    nowMs: () => now + setMs,
    elapsedMs: () => now - startMs,
    random,
    sleep: async (ms) => {
      now += ms;
    },
    advance: (ms) => {
      now += ms;
    },
    setBy: (byMs) => {
      setMs += byMs;
    },
  };
}
