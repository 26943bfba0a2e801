// Loops: names every loop of the daemon, and lists which loops run at once after which event. All
// loops begin together once the daemon is wired, and stop together. A run that does not end is
// reported by `stuck`.
import { Fault, type FaultCode } from '../core/fault.ts';
import type { Clock, Log } from '../core/ports.ts';
import { type Failing, type Loop, startLoop, type Work } from './loop.ts';

/** The time between two runs of a loop when no event asks for a run, in milliseconds. */
export const EVERY_MS = {
  /** A run asks Postgres nothing unless a request that changes something lasts for long. */
  acts: 10_000,
  digest: 2_000,
  heartbeat: 1_000,
  /** A run asks Postgres nothing unless a statement waits for long. */
  connections: 2_000,
  /** A run only considers whether a slot may be final; the chain is asked less often. */
  finality: 100,
  /** Due debts are looked for every `payments.retryEveryMs` when that is shorter. */
  dueDebtsMost: 5_000,
  /** A run only considers whether the webhooks are due to be checked. */
  registration: 5_000,
  judge: 30_000,
  /** The loop runs every `watch.checkEveryMs` when that is shorter. */
  wakeMost: 5_000,
  scan: 30_000,
  /**
   * A scan waits this long, because a webhook that tells of the change makes the scan unnecessary.
   */
  scanPatience: 250,
  /**
   * Readings that a burst put off become due by the clock. The loop runs every `watch.finalityMs`
   * when that is shorter, and not oftener than every 250 ms: a slot that becomes final asks for a
   * run.
   */
  inspectMost: 500,
  inspectLeast: 250,
  /**
   * Closes that this daemon hears are booked at once; a run by the clock finds closes that other
   * daemons heard. The loop runs every `watch.finalityMs` when that is longer.
   */
  accrueLeast: 1_000,
  /** How often the daemon's own executed payments are noted, so that they are read. */
  own: 1_000,
  /** Accounts that joined are walked until each was once; a run without any asks nothing. */
  walkJoined: 2_000,
  watchList: 2_000,
  /** A run asks Postgres nothing while the gate doubts for no withdrawal. */
  withdrawals: 500,
  /** Nonce accounts of subscribers who have left are closed. */
  leaving: 15_000,
  notify: 5_000,
  /** A run asks a node only where one is left alone as behind, or has told no slot for long. */
  nodes: 2_000,
  /** A run decides which sources are given up; the costs of calls are written every 30 s. */
  budget: 5_000,
  /** Figures for metrics; a scrape shows the figures read last. */
  sample: 5_000,
} as const;

/** Every loop of a daemon. A loop whose source is switched off is not added. */
export type LoopName =
  | 'accrue'
  | 'acts'
  | 'ahead'
  | 'backfill'
  | 'budget'
  | 'check'
  | 'clocks'
  | 'connections'
  | 'costs'
  | 'digest'
  | 'doubts'
  | 'due-debts'
  | 'finality'
  | 'forget'
  | 'heartbeat'
  | 'inspect'
  | 'judge'
  | 'leaving'
  | 'lineage'
  | 'nodes'
  | 'notify'
  | 'owing'
  | 'own'
  | 'program'
  | 'registration'
  | 'root-memos'
  | 'roots'
  | 'sample'
  | 'scan'
  | 'scan-hasty'
  | 'secrets'
  | 'share'
  | 'sweep'
  | 'takeover'
  | 'verdict'
  | 'wake'
  | 'walk-joined'
  | 'watch-list'
  | 'withdrawals';

/** Events inside a daemon, and the loops that run at once after each. */
export const RUN_AFTER = {
  /** A webhook body is stored. */
  delivered: ['digest'],
  /** A signature is noted, or one that was noted may be read now. */
  noted: ['inspect'],
  /** A webhook names a transaction that goes ahead of all others. */
  hasty: ['ahead'],
  /** Facts, debts or payments of a subscriber changed, who is judged anew. */
  read: ['verdict'],
  /** Facts of a subscriber changed, or profit was reckoned from account state. */
  heard: ['accrue'],
  /** A followed account changed, or a webhook says that it did. */
  changed: ['wake'],
  /** The history of an account is due to be read for signatures. */
  unscanned: ['scan'],
  /** Value left an account whose subscriber owes something. */
  leaving: ['scan-hasty'],
  /** Accounts joined whose states were not read yet. */
  unchecked: ['check'],
  /** The states of accounts that joined were read: one of them may not exist. */
  begun: ['doubts'],
  /** Webhooks were off for a while, or the database went back in time: histories are scanned. */
  missed: ['backfill'],
  /** Parts of a shared hearing came to this daemon, with the lanes of their subscribers. */
  taken: ['takeover', 'due-debts'],
  /**
   * Accounts joined or left the watch-list, or the daemon's own URL is known. An empty ledger that
   * could not be trusted at start is trusted before a restart finds subscribers in it.
   */
  moved: ['lineage', 'registration', 'walk-joined'],
  /** Nonce accounts joined or left those that are subscribed to. */
  followed: ['watch-list'],
  /** A subscriber has left. */
  left: ['leaving'],
  /** An event is written for the platform. */
  written: ['notify'],
} as const satisfies Record<string, readonly LoopName[]>;
export type Happening = keyof typeof RUN_AFTER;

/** Loops whose runs are short. Scans of whole histories may take hours and are not among them. */
const PROMPT: readonly LoopName[] = [
  'digest',
  'ahead',
  'inspect',
  'verdict',
  'accrue',
  'wake',
  'due-debts',
  'judge',
  'heartbeat',
];
/**
 * Loops that carry news from the chain to a standing. While one of them fails, news may be known to
 * this daemon and not counted. The backfill is not among them: after a failure its next run may
 * take hours.
 */
const CARRYING: readonly LoopName[] = [
  'digest',
  'scan',
  'scan-hasty',
  'sweep',
  'inspect',
  'ahead',
  'verdict',
  'accrue',
  'judge',
];
/**
 * Faults of nodes. While they last, the gate doubts for silent sources and unread transactions
 * already.
 */
const OF_NODES: ReadonlySet<FaultCode> = new Set([
  'rpc_unavailable',
  'rpc_refused',
  'chain_foreign',
  'account_unreadable',
]);
const STUCK_AFTER_MS = 10 * 60_000;
/**
 * How long a stop waits for running work. Work that is cut off is on record and goes on at the next
 * start.
 */
const GRACE_MS = 2_000;

export type Loops = {
  /**
   * Adds a loop: it runs every `everyMs`, and at once after the events that name it in `RUN_AFTER`.
   */
  add(name: LoopName, everyMs: number, work: Work): void;
  /** Starts every added loop; the first run of each begins at once. */
  begin(): void;
  /**
   * Starts a run of each loop that `RUN_AFTER` names for this event. Loops that this daemon lacks
   * are skipped.
   */
  after(happening: Happening): void;
  /** The prompt loops whose present run has lasted longer than ten minutes. */
  stuck(): string[];
  /**
   * The carrying loop that has failed for the longest time without a good run, unless its last
   * failure is one of a node; null when there is none.
   */
  failing(): (Failing & { readonly name: LoopName }) | null;
  /**
   * Stops all loops side by side. A run that waits for a slow node is left behind after the grace
   * time.
   */
  stop(): Promise<void>;
};

/** Resolves when the work has ended, or after GRACE_MS. */
export async function inGrace(clock: Clock, work: Promise<unknown>): Promise<void> {
  const ended = new AbortController();
  await Promise.race([work, clock.sleep(GRACE_MS, ended.signal)]).finally(() => ended.abort());
}

export type LoopsOptions = {
  readonly clock: Clock;
  readonly log: Log;
  /** Runs a work so that its questions to nodes count for this loop; see chain/asker.ts. */
  readonly as?: <T>(name: LoopName, work: () => T) => T;
};

/** Creates an empty set of loops. */
export function createLoops({ clock, log, as = (_, work) => work() }: LoopsOptions): Loops {
  const declared: { name: LoopName; everyMs: number; work: Work }[] = [];
  const loops = new Map<LoopName, Loop>();
  return {
    add: (name, everyMs, work) => void declared.push({ name, everyMs, work }),
    begin() {
      for (const { name, everyMs, work } of declared.splice(0)) {
        const counted: Work = (...given) => as(name, () => work(...given));
        loops.set(name, startLoop({ name, everyMs, work: counted, clock, log }));
      }
    },
    after(happening) {
      for (const name of RUN_AFTER[happening]) loops.get(name)?.nudge();
    },
    stuck: () =>
      PROMPT.filter((name) => {
        const since = loops.get(name)?.runningSinceMs ?? null;
        return since !== null && clock.elapsedMs() - since > STUCK_AFTER_MS;
      }),
    failing() {
      const all = CARRYING.flatMap((name) => {
        const failing = loops.get(name)?.failing ?? null;
        const ofNodes = failing?.thrown instanceof Fault && OF_NODES.has(failing.thrown.code);
        return failing === null || ofNodes ? [] : [{ ...failing, name }];
      });
      return all.toSorted((a, b) => a.sinceMs - b.sinceMs)[0] ?? null;
    },
    stop: () => inGrace(clock, Promise.all([...loops.values()].map((each) => each.stop()))),
  };
}
