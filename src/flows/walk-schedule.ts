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
/** One run of the backfill. */
export type WalkRun = {
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
   * Begins a run; with `all`, every history is walked. The times of accounts that are no longer
   * watched are dropped.
   */
  begin(all: boolean, watched: Pick<ReadonlySet<string>, 'has'>): WalkRun;
};

/** Times of one account, in milliseconds; `never` where nothing happened yet. */
type Times = {
  /** When the run began that walked it last. */
  walkedMs: number;
  /** When a source saw it change. */
  movedMs: number;
  /** When the last sweep began that read it. */
  sweptMs: number;
};
const never = Number.NEGATIVE_INFINITY;

/** Creates the schedule. Without `unchangedEveryMs` each run walks every history. */
export function createWalkSchedule(
  clock: Pick<Clock, 'nowMs'>,
  { backfillEveryMs, unchangedEveryMs = 0 }: WalkSettings,
): WalkSchedule {
  const known = new Map<string, Times>();
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
    begin(all, watched) {
      const beganMs = clock.nowMs();
      for (const address of known.keys()) if (!watched.has(address)) known.delete(address);
      return {
        isDue(address) {
          const { walkedMs, movedMs, sweptMs } = timesOf(address);
          if (all || beganMs - walkedMs >= unchangedEveryMs) return true;
          // Without a recent sweep since that walk, nothing shows that the account is unchanged.
          if (sweptMs <= walkedMs || beganMs - sweptMs > backfillEveryMs) return true;
          return movedMs >= walkedMs;
        },
        walked(address) {
          const times = timesOf(address);
          times.walkedMs = beganMs;
          // A change that was seen later than the beginning of the walk is kept.
          if (times.movedMs < beganMs) times.movedMs = never;
        },
      };
    },
  };
}
