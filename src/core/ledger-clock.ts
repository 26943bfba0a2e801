// Ledger clock: the time of a daemon, set by the clock of its database. Leases, ages and terms of
// permissions are written by several daemons and compared by all, so they have one clock. A machine
// whose own clock is wrong then writes the same times as the others.
import type { Clock } from './ports.ts';

export type LedgerClock = Clock & {
  /**
   * Asks the database for its time and follows it. A difference that the way there and back can
   * explain changes nothing, so the time does not tremble. Returns by how many milliseconds this
   * machine's clock is ahead. Throws what `read` throws.
   */
  set(read: () => Promise<number>): Promise<number>;
};

/**
 * Beyond this the clock of a machine is said to be wrong. The daemon goes by the database all the
 * same.
 */
export const SKEW_MS_MOST = 5_000;
/** Smaller differences are not followed: no age is that exact. */
const STEP_MS_LEAST = 20;

/** Until the first `set` it shows the machine's time. */
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
      // The machine's clock was set back while the database answered: the next answer tells.
      if (tookMs >= 0 && Math.abs(measuredMs - aheadMs) > uncertainMs)
        aheadMs = Math.round(measuredMs);
      return aheadMs;
    },
  };
}
