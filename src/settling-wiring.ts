// Settling wiring: wires the half of the daemon that owes and pays. Final closes are booked,
// standings are judged, and a lane for each subscriber with debts plans, signs and sends
// payments and follows them to their end.
import { askedBy } from './chain/asker.ts';
import { budget, programsOf } from './chain/compile.ts';
import type { Clock, Log } from './core/ports.ts';
import type { Roster } from './core/roster.ts';
import type { Parts } from './daemon-parts.ts';
import { accrueCloses } from './flows/accrue.ts';
import { type Books, createBooks } from './flows/books-comparison.ts';
import {
  createConformance,
  createVenuesConformance,
  type VenuesConformance,
} from './flows/conformance.ts';
import { createCredit } from './flows/credit.ts';
import { createEndings, type Endings } from './flows/ending.ts';
import type { HearingShare } from './flows/hearing-share.ts';
import { createLaneShare, type LaneShare } from './flows/lane-share.ts';
import { createLanes, type Lanes } from './flows/lanes.ts';
import { EVERY_MS, type Loops } from './flows/loops.ts';
import { createOwnSignatures, type OwnSignatures } from './flows/own-signatures.ts';
import { createRightOfWay, type RightOfWay } from './flows/right-of-way.ts';
import { createSettle, type Settle } from './flows/settle.ts';
import { inTurns, judgeSubscribers } from './flows/standing.ts';
import { payingOf } from './settings-rules.ts';
import { newId } from './system/clock.ts';
import type { Settings } from './system/settings.ts';

export type SettlingPorts = {
  readonly parts: Parts;
  readonly roster: Roster;
  readonly conformance: VenuesConformance;
  readonly loops: Loops;
  readonly share: HearingShare;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborted when the daemon stops: lanes then begin nothing new. */
  readonly stopping: AbortSignal;
  /** Called when the database went back in time. */
  readonly onWentBack: () => void;
};
export type Settling = {
  readonly books: Books;
  readonly endings: Endings;
  readonly settle: Settle;
  /** The lanes of this daemon; a nudge for the lane of another daemon is passed on. */
  readonly lanes: Lanes;
  /** As `LaneShare.passed`. */
  readonly passed: LaneShare['passed'];
  readonly ownSignatures: OwnSignatures;
  readonly way: RightOfWay;
  /**
   * Judges the standings of these subscribers again; with `ahead` before others that wait for it.
   */
  judge(subscriberIds: readonly string[], ahead?: boolean): Promise<void>;
  /**
   * Tells that the history of these subscribers changed. The loop `verdict` judges them, those of
   * all calls together.
   */
  changed(subscriberIds: readonly string[]): void;
};

/** How many subscribers with debts one run of the loop `judge` takes. */
const JUDGED_AT_ONCE = 2_000;

/** Creates the watch over the programs of the venues that are served. */
export const watchPrograms = (
  { venues, programOf }: Parts,
  settings: Settings,
  log: Log,
): VenuesConformance =>
  createVenuesConformance(
    new Map(
      venues.all.map((venue) => {
        const { reader, book } = programOf(venue.name);
        const ports = { program: reader, programs: book, venue, log };
        return [venue.name, createConformance(ports, settings.venue)];
      }),
    ),
  );

/** Wires the half that owes and pays, and declares its loops. */
export function addSettling(ports: SettlingPorts, settings: Settings): Settling {
  const { parts, roster, loops, share, clock, log, stopping } = ports;
  const { ledger } = parts;
  const judge = (ids: readonly string[], ahead = false) =>
    judgeSubscribers(ledger, roster, log, ids, ahead);
  /** The subscribers whose history changed since they were judged. */
  const unjudged = new Set<string>();
  const changed = (ids: readonly string[]): void => {
    for (const id of ids) unjudged.add(id);
    // After a failed run, the subscribers that are left wait for the loop's next run by the clock.
    if (ids.length > 0) loops.after('read');
  };
  const way = createRightOfWay(clock);
  const books = createBooks({ ...parts, log, onWentBack: ports.onWentBack });
  const endings = createEndings({ ...parts, ledger, books, clock, log });
  const credit = createCredit({ ledger, books, clock, log });
  const ownSignatures = createOwnSignatures(clock, () => share.parts() !== null);
  const settle = createSettle(
    {
      ...parts,
      ...ports,
      newId,
      books,
      budget,
      programsOf,
      ownSignatures,
      clear: way.clear,
      onNonces: () => loops.after('followed'),
      onEnded: (id) => changed([id]),
    },
    payingOf(settings),
  );
  const own = createLanes({
    ...settings.lanes,
    clock,
    log,
    work: (id) =>
      whose.isMine(id)
        ? askedBy('payments', () => settle.run(id, stopping))
        : Promise.resolve(null),
  });
  const whose = createLaneShare({ share, nudge: own.nudge, pass: parts.passLane, clock });
  const lanes: Lanes = {
    nudge: whose.nudge,
    get active() {
      return own.active;
    },
    drain: own.drain,
  };

  const accrueEveryMs = Math.max(EVERY_MS.accrueLeast, settings.watch.finalityMs);
  const owing = async (ids: readonly string[]): Promise<void> => {
    await way.clear();
    changed(ids);
    for (const id of ids) lanes.nudge(id);
  };
  loops.add('accrue', accrueEveryMs, async () => {
    await way.clear();
    await accrueCloses(ledger, log, owing);
    await owing(await credit());
  });
  loops.add(
    'due-debts',
    Math.min(settings.payments.retryEveryMs, EVERY_MS.dueDebtsMost),
    async () => {
      whose.due(await ledger.shares.subscribersWithWork());
      await judge(await endings.lapse());
      await judge(await endings.voidAsked());
    },
  );
  loops.add('leaving', EVERY_MS.leaving, () => settle.leave());
  // When a daemon stops after writing a fact or a payment and before updating the standing, the
  // standing is out of date. Subscribers with open debts are therefore judged at start and every 30
  // s.
  const whoOwes = inTurns(() => ledger.standings.owing(), JUDGED_AT_ONCE);
  loops.add('judge', EVERY_MS.judge, async () => judge(await whoOwes()));
  // A loop of its own, so that transactions are read, closes booked and payments sent while
  // subscribers are judged.
  loops.add('verdict', EVERY_MS.judge, async () => {
    await way.clear();
    const ids = [...unjudged];
    unjudged.clear();
    try {
      await judge(ids);
    } catch (thrown) {
      for (const id of ids) unjudged.add(id);
      throw thrown;
    }
  });
  const { passed } = whose;
  return { books, endings, settle, lanes, passed, ownSignatures, way, judge, changed };
}
