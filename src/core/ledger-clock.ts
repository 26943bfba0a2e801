// Ledger clock: a daemon's time, set by the clock of its database. Several daemons write and
// compare leases, ages and the times of clearances, so they need one clock. A machine with a wrong
// clock then writes the same times as the others. Between two answers of the database the time
// advances by what has passed, so that a machine's clock that is set amid a payment changes none of
// its deadlines.
import type { Clock } from './ports.ts';

export type LedgerClock = Clock & {
  /**
   * Asks the database for its time and follows it. A difference that the duration of the request
   * can explain is ignored, so that the time stays steady. Returns by how many milliseconds this
   * machine's clock is ahead. Throws the error of `read`.
   */
  set(read: () => Promise<number>): Promise<number>;
  /**
   * The latest time that the database's clock may show: `nowMs()`, or the time by the machine's
   * clock when that has advanced further since the last answer. After a suspension only the
   * machine's clock has advanced. Use this time for an age that must not be taken for too small,
   * and `nowMs` for a deadline.
   */
  latestMs(): number;
};

/**
 * With a larger difference the machine's clock is reported as wrong. The daemon uses the database's
 * time in any case.
 */
export const SKEW_MS_MOST = 5_000;
/** Smaller differences are not followed, because no age needs that precision. */
const STEP_MS_LEAST = 20;

/**
 * Creates the clock. Until the first `set` it shows the machine's time. `elapsedMs` is a time that
 * no change of the machine's clock affects.
 */
export function setByLedger(machine: Clock, elapsedMs: () => number): LedgerClock {
  /** The database's time when `elapsedMs` was 0. */
  let beganMs = machine.nowMs() - elapsedMs();
  let aheadMs = 0;
  const nowMs = (): number => Math.round(beganMs + elapsedMs());
  return {
    nowMs,
    elapsedMs,
    latestMs: () => Math.max(nowMs(), machine.nowMs() - aheadMs),
    sleep: (ms, signal) => machine.sleep(ms, signal),
    random: () => machine.random(),
    async set(read) {
      const askedMs = elapsedMs();
      const ledgerMs = await read();
      const tookMs = elapsedMs() - askedMs;
      const measuredMs = ledgerMs - (askedMs + tookMs / 2);
      const uncertainMs = Math.max(STEP_MS_LEAST, tookMs / 2);
      if (Math.abs(measuredMs - beganMs) > uncertainMs) beganMs = measuredMs;
      aheadMs = machine.nowMs() - nowMs();
      return aheadMs;
    },
  };
}
