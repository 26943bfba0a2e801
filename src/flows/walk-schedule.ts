// Walk schedule: decides which histories a run of the backfill walks. An account that no source saw
// change since its last walk, and whose state sweeps have compared since, is walked less often: no
// transaction has changed its state. A walk costs ten times as much as the reading of a hundred
// states.
import type { Address } from '../core/ids.ts';
import type { Clock } from '../core/ports.ts';

export type WalkSettings = {
  /** The time between two runs. Milliseconds. */
  readonly backfillEveryMs: number;
  /** The longest time between two walks of an account that does not change. Milliseconds. */
  readonly unchangedEveryMs?: number;
};
/** One run of the schedule. */
export type ScheduledRun = {
  /** The time at which it began. */
  readonly beganMs: number;
  /** Whether the history of this account is walked in this run. */
  isDue(address: Address): boolean;
  /** Tells that the history was walked to its end in this run. */
  walked(address: Address): void;
};
export type WalkSchedule = {
  /** Tells that a source saw the account change, or that a transaction names it. */
  moved(address: Address): void;
  /** Tells that a sweep which began at this time has read these accounts. */
  swept(accounts: readonly { readonly address: Address }[], beganMs: number): void;
  /**
   * Sets the time of the last walk of these accounts, null for none. Earlier times of theirs are
   * dropped: another daemon heard them meanwhile, or this one has just started.
   */
  restore(walkedMs: ReadonlyMap<Address, number | null>): void;
  /** Drops all times, so that the next run walks every history. */
  forget(): void;
  /** Begins a run. The times of accounts that are no longer watched are dropped. */
  begin(watched: Pick<ReadonlySet<string>, 'has'>): ScheduledRun;
};

/** Times of one account, in milliseconds; `never` where nothing happened yet. */
type Times = {
  /** When the last run began that walked the history of the account. */
  walkedMs: number;
  /** When a source saw the account change last. */
  movedMs: number;
  /** When the last sweep began that read the account. */
  sweptMs: number;
};
const never = Number.NEGATIVE_INFINITY;
/** The clock of the daemon that walked may be ahead by this much, as on a busy machine. */
const APART_MS = 10_000;

/** Creates the schedule. Without `unchangedEveryMs` each run walks every history. */
export function createWalkSchedule(
  clock: Pick<Clock, 'nowMs'>,
  { backfillEveryMs, unchangedEveryMs = 0 }: WalkSettings,
): WalkSchedule {
  const known = new Map<string, Times>();
  let forgotten = 0;
  const timesOf = (address: Address): Times => {
    const times = known.get(address) ?? { walkedMs: never, movedMs: never, sweptMs: never };
    known.set(address, times);
    return times;
  };
  return {
    moved(address) {
      timesOf(address).movedMs = clock.nowMs();
    },
    swept(accounts, beganMs) {
      for (const { address } of accounts) timesOf(address).sweptMs = beganMs;
    },
    restore(walkedMs) {
      for (const [address, atMs] of walkedMs) {
        known.delete(address);
        // A clock that ran ahead would put the next walk off for as long as it did.
        const nowMs = clock.nowMs();
        if (atMs !== null && atMs <= nowMs + APART_MS)
          timesOf(address).walkedMs = Math.min(atMs, nowMs);
      }
    },
    forget() {
      known.clear();
      forgotten++;
    },
    begin(watched) {
      const beganMs = clock.nowMs();
      const forgottenBefore = forgotten;
      for (const address of known.keys()) if (!watched.has(address)) known.delete(address);
      return {
        beganMs,
        isDue(address) {
          const { walkedMs, movedMs, sweptMs } = timesOf(address);
          if (beganMs - walkedMs >= unchangedEveryMs) return true;
          // Without a recent sweep since that walk, nothing shows that the account is unchanged.
          if (sweptMs <= walkedMs || beganMs - sweptMs > backfillEveryMs) return true;
          return movedMs >= walkedMs;
        },
        walked(address) {
          if (forgotten !== forgottenBefore) return;
          const times = timesOf(address);
          times.walkedMs = beganMs;
          // A change that was seen later than the beginning of the walk is kept.
          if (times.movedMs < beganMs) times.movedMs = never;
        },
      };
    },
  };
}
