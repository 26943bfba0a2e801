// Wake: debts that rest are tried again as soon as what they wait for may have come: SOL in the agent's wallet, money or
// health in its accounts, a venue that opens again. A nudge may be lost; the schedule asks again all the same.
import { type BackoffRule, delayMs } from '../core/backoff.ts';
import type { Watched } from '../core/hearing-ports.ts';
import type { Chain, Venue } from '../core/outside.ts';
import type { ErrorClass } from '../core/payment.ts';
import type { Clock, Ledger, Log } from '../core/ports.ts';

export type WakePorts = {
  readonly ledger: Ledger;
  readonly chain: Chain;
  readonly venue: Venue;
  readonly clock: Clock;
  readonly log: Log;
  readonly nudge: (subscriberId: string) => void;
  /** How often a venue that has paused is asked whether it is open again. */
  readonly venueEveryMs: number;
};
export type Wake = {
  /** A watched account changed. */
  changed(watched: Watched): void;
  /** Wakes whom the changes since the last call concern, and everybody once the venue is open again. */
  run(): Promise<void>;
};

const PAUSED = 'withdrawals_paused';
/**
 * An account that changes with every trade does not make its owner's debts be tried as often: from five
 * seconds, doubling up to a minute while it goes on. What failed on chain is held back by the ledger, and
 * no change of an account hastens that.
 */
const EACH_EVERY: BackoffRule = { firstMs: 5_000, mostMs: 60_000 };
/** Without a change for so long, the next one counts as the first again. */
const QUIET_AFTER_MS = 2 * EACH_EVERY.mostMs;

/** What a change of an account can end. A payment that fails on chain changes the wallet, never these others. */
const ENDS: Record<Watched['role'], ErrorClass> = {
  agent_wallet: 'needs_sol',
  agent_token_account: 'retry_when_healthier',
  drift_user: 'retry_when_healthier',
};

export function createWake(ports: WakePorts): Wake {
  const { ledger, chain, venue, clock, log } = ports;
  const waiting = new Map<string, { subscriberId: string; class: ErrorClass }>();
  const woken = new Map<string, { atMs: number; times: number }>();
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let wasPaused = false;

  const venueResumed = async (): Promise<readonly string[]> => {
    if (clock.nowMs() - askedAtMs < ports.venueEveryMs) return [];
    askedAtMs = clock.nowMs();
    const { driftUser, subscribers } = await ledger.shares.waitingWith(PAUSED);
    if (driftUser === null) return [];
    const { accounts } = await chain.accounts(await venue.preflightAccounts(driftUser));
    const paused = venue.funds(driftUser, accounts)?.blocked?.code === PAUSED;
    const resumed = wasPaused && !paused;
    wasPaused = paused;
    if (resumed) log.info('venue.resumed', { venue: venue.name, subscribers: subscribers.length });
    return paused ? [] : subscribers;
  };

  return {
    changed({ subscriberId, role }) {
      const ends = ENDS[role];
      waiting.set(`${subscriberId}/${ends}`, { subscriberId, class: ends });
    },
    async run() {
      const now = clock.nowMs();
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
      await ledger.shares.wake(
        resumed.map((subscriberId) => ({ subscriberId, class: 'venue_paused' })),
      );
      for (const id of [...roused, ...resumed]) ports.nudge(id);
    },
  };
}
