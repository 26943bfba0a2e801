// Ledger clock: a daemon's time, set by the clock of its database. Several daemons write and
// compare leases, ages and the times of clearances, so they need one clock. A machine with a wrong
// clock then writes the same times as the others.
import type { Clock } from './ports.ts';

export type LedgerClock = Clock & {
  /**
   * Asks the database for its time and follows it. A difference that the duration of the request
   * can explain is ignored, so that the time stays steady. Returns by how many milliseconds this
   * machine's clock is ahead. Throws the error of `read`.
   */
  set(read: () => Promise<number>): Promise<number>;
};

/**
 * With a larger difference the machine's clock is reported as wrong. The daemon uses the database's
 * time in any case.
 */
export const SKEW_MS_MOST = 5_000;
/** Smaller differences are not followed, because no age needs that precision. */
const STEP_MS_LEAST = 20;

/** Creates the clock. Until the first `set` it shows the machine's time. */
export function setByLedger(clock: Clock): LedgerClock {
  let aheadMs = 0;
  return {
    nowMs: () => clock.nowMs() - aheadMs,
    sleep: (ms, signal) => clock.sleep(ms, signal),
    random: () => clock.random(),
    async set(read) {
      const askedMs = clock.nowMs();
      const ledgerMs = await read();
      const tookMs = clock.nowMs() - askedMs;
      const measuredMs = askedMs + tookMs / 2 - ledgerMs;
      const uncertainMs = Math.max(STEP_MS_LEAST, tookMs / 2);
      // A negative duration means that the machine's clock was set back meanwhile; the next request
      // decides.
      if (tookMs >= 0 && Math.abs(measuredMs - aheadMs) > uncertainMs)
        aheadMs = Math.round(measuredMs);
      return aheadMs;
    },
  };
}
