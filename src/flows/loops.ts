// Loops: every loop of the daemon by name, and one table of which loops run at once after which
// event. All of them begin together once the daemon is wired, and stop together. A run that does
// not come to an end is told.
import type { Clock, Log } from '../core/ports.ts';
import { type Loop, startLoop } from './loop.ts';

/** How often a loop runs when no event asks for a run, in milliseconds. */
export const EVERY_MS = {
  digest: 2_000,
  heartbeat: 1_000,
  /** Only considers whether something may be final; the chain is asked less often. */
  finality: 100,
  /** Where `payments.retryEveryMs` is shorter, the sweep of debts runs that often. */
  sweepMost: 5_000,
  /** Only considers whether the webhooks are due to be looked at. */
  registration: 5_000,
  judge: 30_000,
  /** Where `watch.checkEveryMs` is shorter, the loop runs that often. */
  wakeMost: 5_000,
  scan: 30_000,
  /** A scan waits this long: a webhook that tells of the change saves the scan. */
  scanPatience: 250,
  watchList: 2_000,
  notify: 5_000,
  /** Figures for metrics; a scrape shows those that were read last. */
  sample: 5_000,
} as const;

/** Every loop of a daemon. One whose source is switched off is not declared. */
export type LoopName =
  | 'accrue'
  | 'backfill'
  | 'check'
  | 'costs'
  | 'digest'
  | 'doubts'
  | 'finality'
  | 'forget'
  | 'heartbeat'
  | 'inspect'
  | 'judge'
  | 'lineage'
  | 'notify'
  | 'owing'
  | 'program'
  | 'registration'
  | 'sample'
  | 'scan'
  | 'secrets'
  | 'sweep'
  | 'sweep-accounts'
  | 'wake'
  | 'watch-list';

/** What happens in a daemon, and the loops that run at once after it. */
export const RUN_AFTER = {
  /** A webhook body is stored. */
  delivered: ['digest'],
  /** A signature is noted, or one that was noted may be read now. */
  noted: ['inspect'],
  /** Facts of a subscriber changed, or profit was reckoned from account state. */
  heard: ['accrue'],
  /** A followed account changed, or a webhook says that it did. */
  changed: ['wake'],
  /** The history of an account is due to be read for signatures. */
  unscanned: ['scan'],
  /** The state of an account that joined could not be read. */
  unchecked: ['check'],
  /** Webhooks were off for a while, or the database went back in time: histories are walked. */
  missed: ['backfill'],
  /** Accounts joined or left the watch-list, or the daemon's own URL is known. */
  moved: ['registration'],
  /** An event is written for the platform. */
  written: ['notify'],
} as const satisfies Record<string, readonly LoopName[]>;
export type Happening = keyof typeof RUN_AFTER;

/**
 * Loops whose runs are short. Walks of whole histories are not among them: they may last for hours.
 */
const PROMPT: readonly LoopName[] = [
  'digest',
  'inspect',
  'accrue',
  'wake',
  'sweep',
  'judge',
  'heartbeat',
];
const STUCK_AFTER_MS = 10 * 60_000;
/**
 * How long a stop waits for work that is under way. What is cut off is on record and goes on at the
 * next start.
 */
const GRACE_MS = 2_000;

export type Work = (signal: AbortSignal) => Promise<void>;
export type Loops = {
  /** Declares a loop: it runs every `everyMs`, and at once after what `RUN_AFTER` names it for. */
  add(name: LoopName, everyMs: number, work: Work): void;
  /** Starts every loop that was declared; the first run of each begins at once. */
  begin(): void;
  /** Lets the loops run that `RUN_AFTER` names. A loop that this daemon lacks is passed over. */
  after(happening: Happening): void;
  /** Prompt loops of which one run has lasted longer than ten minutes. */
  stuck(): string[];
  /**
   * Stops all side by side. A run that waits for a slow node is not waited for beyond the grace.
   */
  stop(): Promise<void>;
};

/** Resolves with the work, or after two seconds without it. */
export async function inGrace(clock: Clock, work: Promise<unknown>): Promise<void> {
  const ended = new AbortController();
  await Promise.race([work, clock.sleep(GRACE_MS, ended.signal)]).finally(() => ended.abort());
}

export function createLoops({ clock, log }: { clock: Clock; log: Log }): Loops {
  const declared: { name: LoopName; everyMs: number; work: Work }[] = [];
  const loops = new Map<LoopName, Loop>();
  return {
    add: (name, everyMs, work) => void declared.push({ name, everyMs, work }),
    begin() {
      for (const each of declared.splice(0))
        loops.set(each.name, startLoop({ ...each, clock, log }));
    },
    after(happening) {
      for (const name of RUN_AFTER[happening]) loops.get(name)?.nudge();
    },
    stuck: () =>
      PROMPT.filter((name) => {
        const since = loops.get(name)?.runningSinceMs ?? null;
        return since !== null && clock.nowMs() - since > STUCK_AFTER_MS;
      }),
    stop: () => inGrace(clock, Promise.all([...loops.values()].map((each) => each.stop()))),
  };
}
