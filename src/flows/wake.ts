// Wake: debts that rest are tried again as soon as what they wait for may have come: SOL in the agent's wallet, money or
// health in its accounts, a venue that opens again. A nudge may be lost; the schedule asks again all the same.
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
/** A busy account does not make its owner's debts be tried with every trade. */
const EACH_EVERY_MS = 5_000;

/** What a change of an account can end. A payment that fails on chain changes the wallet, never these others. */
const ENDS: Record<Watched['role'], ErrorClass> = {
  agent_wallet: 'needs_sol',
  agent_token_account: 'retry_when_healthier',
  drift_user: 'retry_when_healthier',
};

export function createWake(ports: WakePorts): Wake {
  const { ledger, chain, venue, clock, log } = ports;
  const waiting = new Map<string, { subscriberId: string; class: ErrorClass }>();
  const wokenAtMs = new Map<string, number>();
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
      const due = [...waiting].filter(
        ([key]) => now - (wokenAtMs.get(key) ?? Number.NEGATIVE_INFINITY) >= EACH_EVERY_MS,
      );
      const woken = await ledger.shares.wake(due.map(([, each]) => each));
      for (const [key] of due) waiting.delete(key);
      for (const [key, atMs] of wokenAtMs) if (now - atMs >= EACH_EVERY_MS) wokenAtMs.delete(key);
      for (const [key, each] of due) if (woken.includes(each.subscriberId)) wokenAtMs.set(key, now);
      const resumed = await venueResumed();
      await ledger.shares.wake(
        resumed.map((subscriberId) => ({ subscriberId, class: 'venue_paused' })),
      );
      for (const id of [...woken, ...resumed]) ports.nudge(id);
    },
  };
}
