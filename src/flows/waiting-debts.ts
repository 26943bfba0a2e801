// Waiting debts: makes a waiting debt due as soon as its reason may have passed: SOL came into the
// agent's wallet, its accounts changed, or the venue is open again. Where such news is lost, the
// debt is tried again by its schedule.
import { type BackoffRule, delayMs } from '../core/backoff.ts';
import type { Chain } from '../core/chain-ports.ts';
import type { Waiting } from '../core/debt-ports.ts';
import { Fault } from '../core/fault.ts';
import type { Address } from '../core/ids.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';
import type { ErrorClass } from '../core/trouble.ts';
import type { Venue, Venues } from '../core/venue.ts';
import type { Watched } from '../core/watch-ports.ts';

export type WakePorts = {
  readonly ledger: Ledger;
  readonly chain: Chain;
  readonly venues: Venues;
  readonly clock: Clock;
  readonly log: Log;
  readonly nudge: (subscriberId: string) => void;
  /** How often a paused venue is asked whether it is open again. */
  readonly venueEveryMs: number;
};
export type Wake = {
  /** Tells that a watched account changed. */
  changed(watched: Watched): void;
  /**
   * Wakes the debts that the changes since the last call concern, and, once the venue is open, the
   * debts that wait for it.
   */
  run(): Promise<void>;
};

/**
 * A venue can be paused by an account that this daemon does not read; then its program refuses
 * although its state shows it open. Debts that wait for the venue again after they were woken are
 * woken less and less often, at least every five minutes.
 */
const VENUE_MOST_MS = 5 * 60_000;
/**
 * How often changes of an account may wake its owner's debts: from five seconds, doubling up to a
 * minute while the changes go on. A debt that failed on chain is held back by the ledger, which no
 * change of an account shortens.
 */
const EACH_EVERY: BackoffRule = { firstMs: 5_000, mostMs: 60_000 };
/** After this long without a change, the next change counts as the first again. */
const QUIET_AFTER_MS = 2 * EACH_EVERY.mostMs;

/**
 * The class of trouble that a change of an account can end. A payment that fails on chain changes
 * only the wallet.
 */
const ENDS: Record<Watched['role'], ErrorClass> = {
  agent_wallet: 'needs_sol',
  agent_token_account: 'retry_when_healthier',
  drift_user: 'retry_when_healthier',
};

/** Creates the loop that wakes waiting debts. */
export function createWake(ports: WakePorts): Wake {
  const { ledger, chain, venues, clock, log } = ports;
  const waiting = new Map<string, Waiting>();
  const woken = new Map<string, { atMs: number; times: number }>();
  let askedAtMs = Number.NEGATIVE_INFINITY;
  /**
   * How often debts were woken since the venue was last seen paused, or since no debt waited for
   * it.
   */
  let openings = 0;

  /**
   * Whether the venue's state shows it paused. An account that cannot be read counts as paused, so
   * its debts keep to the schedule.
   */
  const isPaused = async (venue: Venue, driftUser: Address): Promise<boolean> => {
    const { accounts } = await chain.accounts(await venue.preflightAccounts(driftUser));
    try {
      return venue.read(driftUser, accounts)?.funds.blocked?.class === 'venue_paused';
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.code === 'account_unreadable') return true;
      throw thrown;
    }
  };

  const venueResumed = async (): Promise<readonly Waiting[]> => {
    const everyMs = {
      firstMs: ports.venueEveryMs,
      mostMs: Math.max(VENUE_MOST_MS, ports.venueEveryMs),
    };
    if (clock.elapsedMs() - askedAtMs < delayMs(everyMs, Math.max(1, openings), 1)) return [];
    askedAtMs = clock.elapsedMs();
    const found: Waiting[] = [];
    for (const venue of venues.all) {
      const trouble = { class: 'venue_paused', venue: venue.name } as const;
      const { driftUser, subscribers } = await ledger.shares.waitingFor(trouble);
      if (driftUser === null || (await isPaused(venue, driftUser))) continue;
      log.info('venue.resumed', { venue: venue.name, subscribers: subscribers.length });
      found.push(...subscribers.map((subscriberId) => ({ subscriberId, ...trouble })));
    }
    openings = found.length === 0 ? 0 : openings + 1;
    return found;
  };

  return {
    changed({ subscriberId, role }) {
      const ends = ENDS[role];
      waiting.set(`${subscriberId}/${ends}`, { subscriberId, class: ends });
    },
    async run() {
      const now = clock.elapsedMs();
      for (const [key, { atMs }] of woken) if (now - atMs > QUIET_AFTER_MS) woken.delete(key);
      const due = [...waiting].filter(([key]) => {
        const last = woken.get(key);
        return last === undefined || now - last.atMs >= delayMs(EACH_EVERY, last.times, 1);
      });
      const roused = await ledger.shares.wake(due.map(([, each]) => each));
      for (const [key, each] of due) {
        waiting.delete(key);
        if (!roused.includes(each.subscriberId)) continue;
        woken.set(key, { atMs: now, times: (woken.get(key)?.times ?? 0) + 1 });
      }
      const resumed = await venueResumed();
      await ledger.shares.wake(resumed);
      const ids = new Set([...roused, ...resumed.map((each) => each.subscriberId)]);
      for (const id of ids) ports.nudge(id);
    },
  };
}
