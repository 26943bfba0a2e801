// Standing ports: the ports to the standings of subscribers, to the time for which they owe, and to
// suspicions.
import type { BaseUnits } from './money.ts';
import type { OpenDebt } from './owing.ts';
import type { Mark, RosterChange, RosterEntry } from './roster-entry.ts';
import type { Standing, StandingEvent } from './standing.ts';
import type { Suspicion } from './suspicion.ts';
import type { Quotes } from './token.ts';

/** Stores the standing of every subscriber. */
export type Standings = {
  /**
   * Judges the subscriber's history and saves the verdict in one transaction. A new revision is
   * written only on change. With `ahead`, before other subscribers that wait to be judged.
   */
  update(
    subscriberId: string,
    judge: (history: readonly StandingEvent[], quotes: Quotes) => Standing,
    ahead?: boolean,
  ): Promise<RosterEntry>;
  /** Passes the whole roster to `take`, in parts, and returns the mark as of which it holds. */
  roster(take: (entries: readonly RosterEntry[]) => void): Promise<Mark>;
  /**
   * The changes after a mark, in order, without gaps. Null when the ledger has no change with the
   * mark's revision and nonce: it lost that change, and assigns the revision again or has done so.
   */
  changesSince(mark: Mark, limit: number): Promise<RosterChange[] | null>;
  /**
   * The subscribers whose verdict may be out of date: all who owe something, by the verdict or by
   * open debts.
   */
  owing(): Promise<string[]>;
  /** The roster entry of a subscriber, named by platform id or agent wallet, or null. */
  entry(subscriber: string): Promise<RosterEntry | null>;
};

/** Measures how long debts are owed; core/owing.ts decides when that time counts. */
export type Owing = {
  /**
   * The subscribers whose debts have failed or wait for a known reason, with these debts. Debts
   * that were not tried yet, and those that a payment is on its way for, are left out: their time
   * never counts (`counts` in core/owing.ts), and in a burst there are thousands.
   */
  waiting(): Promise<{ readonly subscriberId: string; readonly debts: readonly OpenDebt[] }[]>;
  /**
   * Adds the time since the last call to the subscribers in `counting`, and pauses all others.
   * Above `limitMs` a paused one stays above it. Returns the subscribers whose entry changed; they
   * have a new revision. Does nothing while another daemon does the same.
   */
  age(counting: readonly string[], limitMs: number | null): Promise<string[]>;
};

export type Suspicions = {
  /**
   * Sums every subscriber's notices since the last review. A subscriber above the limit is reported
   * once by an event.
   */
  refresh(amountMost: BaseUnits): Promise<Suspicion[]>;
  /** Lists the suspected subscribers, those with the largest sums first. */
  list(): Promise<Suspicion[]>;
  /**
   * Closes a suspicion after a person has looked at it: notices up to now count no more. False when
   * the subscriber is not suspected.
   */
  review(subscriberId: string, reason: string, nowMs: number): Promise<boolean>;
};
