// Walks: walks the histories of accounts that are due, and keeps with each walk the pulse of its
// account. A daemon that starts, or takes accounts over from another, compares each account with
// its pulse, and walks the histories of those subscribers of whom one changed meanwhile, or who owe
// something. A history costs a thousand times as much as the reading of one pulse.
import type { Address } from '../core/ids.ts';
import type { Pulse, WalkedAccount, Watched } from '../core/watch-ports.ts';
import type { AccountChanges } from './account-changes.ts';
import { type BackfillPorts, backfill, type Walked } from './backfill.ts';
import { type PulsePorts, readPulses } from './pulse-reading.ts';
import type { WalkSchedule } from './walk-schedule.ts';
import { dropLeft, type WatchedAccounts } from './watched.ts';

export type WalksPorts = Omit<BackfillPorts, 'run'> &
  Pick<PulsePorts, 'venues'> & {
    readonly watched: Pick<WatchedAccounts, 'map' | 'revision'>;
    readonly watch: Pick<AccountChanges, 'remember' | 'taken' | 'sweep' | 'isKnown' | 'walked'>;
    readonly schedule: WalkSchedule;
    /** Whether the subscriber of an account owes something. */
    readonly owes: (account: Address) => boolean;
    /** Whether sweeps are used, without which every history is walked. */
    readonly sweeps: boolean;
  };
export type Walks = {
  /**
   * Reads from the ledger the pulses of these accounts and the times of their last walks. Called at
   * start, before any account is read.
   */
  remember(accounts: readonly Watched[]): Promise<void>;
  /** As `remember`, of accounts that another daemon heard until now, which are read once more. */
  take(accounts: readonly Watched[]): Promise<void>;
  /**
   * Walks these accounts after a time in which this daemon did not hear them: those of a subscriber
   * who owes something, or one of whose accounts is due or differs from its remembered pulse. Where
   * the pulses cannot be read, it rejects twice, and then walks every account.
   */
  resume(accounts: readonly Watched[], signal: AbortSignal): Promise<Walked>;
  /** Walks the histories of these accounts that are due; the first time as `resume`. */
  run(accounts: readonly Watched[], signal: AbortSignal): Promise<Walked>;
  /**
   * Walks those of these accounts that joined since the first run, until each was walked once. One
   * that is not after 15 calls is left to `run`. Asks no node while there is none. Returns the
   * number of signatures that it noted.
   */
  joined(accounts: () => readonly Watched[], signal: AbortSignal): Promise<number>;
};

/** The tries to read pulses. When the last one fails, every history is walked. */
const TRIES = 3;
/**
 * The tries to walk an account that joined. One that was registered with the present slot is walked
 * once that slot is final, and one whose history cannot be read is tried by the hourly run.
 */
const JOINED_TRIES = 15;

/** Creates the walks. The schedule is told of changes and sweeps by its owner. */
export function createWalks(ports: WalksPorts): Walks {
  const { ledger, chain, venues, watched, watch, schedule, owes, clock, log } = ports;
  let failures = 0;
  let resumed = false;
  /** The accounts of the first run, those taken over, and those that were walked. */
  const known = new Set<Address>();
  /** The accounts that joined and were not walked yet, each with its tries. */
  const fresh = new Map<Address, number>();
  let revision = -1;

  /** The pulses of these accounts at finalized slots, as far as they can be read. */
  const pulses = async (
    addresses: readonly Address[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<Address, Pulse>> => {
    const accounts = addresses.map((each) => watched.map.get(each)).filter((each) => !!each);
    const found = new Map<Address, Pulse>();
    const keep = (read: readonly Pulse[]): void => {
      for (const each of read) found.set(each.address, each);
    };
    // A walk needs no pulse: an account without one is walked again after the next start.
    await readPulses({ chain, venues }, accounts, 'finalized', signal, keep).catch(() => {});
    return found;
  };
  const walk = (
    accounts: readonly Watched[],
    isDue: (address: Address) => boolean,
    run: ReturnType<WalkSchedule['begin']>,
    signal: AbortSignal,
  ): Promise<Walked> => {
    const walked = (address: Address, pulse: Pulse | null): void => {
      known.add(address);
      run.walked(address);
      watch.walked(address, pulse);
    };
    return backfill(
      { ...ports, run: { beganMs: run.beganMs, isDue, pulses, walked } },
      signal,
      accounts.map((each) => each.address),
    );
  };
  /** Reads the pulses that tell which accounts changed. Without them every history is due. */
  const compare = async (accounts: readonly Watched[], signal: AbortSignal): Promise<void> => {
    if (!ports.sweeps) return;
    const beganMs = clock.nowMs();
    try {
      await watch.sweep(accounts, signal);
    } catch (thrown) {
      if (++failures < TRIES) throw thrown;
      failures = 0;
      return;
    }
    failures = 0;
    if (!signal.aborted) schedule.swept(accounts, beganMs);
  };
  const remembered = async () => {
    const [compared, walked] = await Promise.all([
      ledger.checks.pulses(),
      ledger.watchList.walked(),
    ]);
    return { all: [...compared, ...walked], walked };
  };
  const restore = (accounts: readonly Watched[], walked: readonly WalkedAccount[]): void => {
    const times = new Map(walked.map((each) => [each.address, each.atMs]));
    const timeOf = (address: Address): number | null =>
      watch.isKnown(address) ? (times.get(address) ?? null) : null;
    schedule.restore(new Map(accounts.map(({ address }) => [address, timeOf(address)])));
  };
  const resume: Walks['resume'] = async (accounts, signal) => {
    for (const { address } of accounts) known.add(address);
    await compare(accounts, signal);
    const run = schedule.begin(watched.map);
    const moved = new Set<string>();
    for (const { address, subscriberId } of accounts)
      if (owes(address) || run.isDue(address)) moved.add(subscriberId);
    const isDue = (address: Address): boolean =>
      moved.has(watched.map.get(address)?.subscriberId ?? '');
    const found = await walk(accounts, isDue, run, signal);
    const walked = accounts.filter((each) => moved.has(each.subscriberId)).length;
    log.info('backfill.resumed', { accounts: accounts.length, walked, noted: found.noted });
    return found;
  };
  return {
    async remember(accounts) {
      const { all, walked } = await remembered();
      watch.remember(all);
      restore(accounts, walked);
    },
    async take(accounts) {
      const { all, walked } = await remembered();
      watch.taken(
        accounts.map((each) => each.address),
        all,
      );
      restore(accounts, walked);
    },
    resume,
    async run(accounts, signal) {
      if (!resumed) {
        const found = await resume(accounts, signal);
        resumed = true;
        return found;
      }
      const run = schedule.begin(watched.map);
      return walk(accounts, run.isDue, run, signal);
    },
    async joined(accounts, signal) {
      if (!resumed) return 0;
      if (watched.revision !== revision) {
        revision = watched.revision;
        dropLeft(watched, known, fresh);
        for (const { address } of accounts()) if (!known.has(address)) fresh.set(address, 0);
      }
      const due = [...fresh.keys()].map((each) => watched.map.get(each)).filter((each) => !!each);
      if (due.length === 0) return 0;
      const run = schedule.begin(watched.map);
      const { noted } = await walk(due, () => true, run, signal);
      for (const { address } of due) {
        const tries = (fresh.get(address) ?? 0) + 1;
        if (tries < JOINED_TRIES && !known.has(address)) fresh.set(address, tries);
        else {
          fresh.delete(address);
          known.add(address);
        }
      }
      return noted;
    },
  };
}
