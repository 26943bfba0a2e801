// Walk schedule: decides which histories a run of the backfill walks. An account that no source saw
// change since its last walk, and that sweeps have compared since, has no news that its state
// shows, so its history is walked less often. A walk costs ten times as much as the reading of a
// hundred states.
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
  /** Begins a run; with `all`, every history is walked. */
  begin(all: boolean): WalkRun;
};

/** Creates the schedule. Without `unchangedEveryMs` each run walks every history. */
export function createWalkSchedule(
  clock: Pick<Clock, 'nowMs'>,
  { backfillEveryMs, unchangedEveryMs = 0 }: WalkSettings,
): WalkSchedule {
  /** When the run began that walked an account last, and when the account was seen to change. */
  const walkedMs = new Map<Address, number>();
  const movedMs = new Map<Address, number>();
  /** When the last sweep began that read an account. */
  const sweptMs = new Map<Address, number>();
  return {
    moved: (address) => void movedMs.set(address, clock.nowMs()),
    swept(accounts, beganMs) {
      for (const { address } of accounts) sweptMs.set(address, beganMs);
    },
    begin(all) {
      const beganMs = clock.nowMs();
      return {
        isDue(address) {
          const lastMs = walkedMs.get(address);
          if (all || lastMs === undefined || beganMs - lastMs >= unchangedEveryMs) return true;
          // Without a recent sweep since that walk, nothing shows that the account is unchanged.
          const seenMs = sweptMs.get(address) ?? Number.NEGATIVE_INFINITY;
          if (seenMs <= lastMs || beganMs - seenMs > backfillEveryMs) return true;
          return (movedMs.get(address) ?? Number.NEGATIVE_INFINITY) >= lastMs;
        },
        walked(address) {
          walkedMs.set(address, beganMs);
          // A change that was seen later than the beginning of the walk is kept.
          if ((movedMs.get(address) ?? beganMs) < beganMs) movedMs.delete(address);
        },
      };
    },
  };
}
