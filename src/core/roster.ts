// Roster: the standing of every subscriber in memory, and the gate's answer from it. The roster
// answers `unknown`, with a reason, while it is not hydrated, while its view of the chain is stale,
// while heard transactions are not read, and while an account of the subscriber shows a change that
// no fact explains. The gate client decides with this same module.
import type { Slot } from './ids.ts';
import type { BaseUnits } from './money.ts';
import { owedIn, type RosterEntry, type RosterStanding } from './roster-entry.ts';
import { createRosterTable } from './roster-table.ts';
import type { Evidence } from './standing.ts';
import { amountText, type Owed } from './token.ts';

export const ACTIONS = ['open', 'increase', 'reduce', 'close'] as const;
export type Action = (typeof ACTIONS)[number];
export const VERDICTS = ['allow', 'deny', 'unknown'] as const;

export type Decision = {
  readonly verdict: (typeof VERDICTS)[number];
  readonly allow: boolean;
  readonly reason: string;
  readonly standing: RosterStanding | null;
  readonly outstanding: BaseUnits | null;
  /** The sums owed by token; null when the subscriber is not known. */
  readonly owed: readonly Owed[] | null;
  readonly evidence: Evidence | null;
  readonly asOfSlot: Slot | null;
  readonly revision: bigint | null;
  readonly stale: boolean;
  /** The value that `allow` has when the verdict is `unknown`. */
  readonly failOpen: boolean;
  /**
   * For how many milliseconds something has been owed, without the time in which the subscriber
   * could do nothing about it. Null while no time counts.
   */
  readonly owedForMs: number | null;
  /** With a larger `owedForMs` nothing may be opened; null when there is no limit. */
  readonly owedForMsMost: number | null;
};

/** A reason why the gate cannot vouch for the standing of one subscriber. */
export type Doubt = {
  readonly reason: string;
  /**
   * True when none of the subscriber's venue accounts exists; the decision then has no standing,
   * unless the subscriber has left.
   */
  readonly noAccount?: boolean;
};
export const UNEXPLAINED: Doubt = {
  reason:
    'An account of this subscriber shows a change that no fact explains, or has a transaction that is not read yet.',
};

/** The last slot at which the roster saw the chain, and when it saw it. */
export type Freshness = { readonly asOfSlot: Slot | null; readonly observedAtMs: number | null };

export type RosterOptions = {
  /** The age of the last observation above which the roster answers `unknown`. */
  readonly staleAfterMs: number;
  /** Whether an engine should open positions when the verdict is `unknown`. */
  readonly failOpen: boolean;
  /**
   * The debt in one token above which nothing may be opened, also in good standing; null for no
   * limit.
   */
  readonly outstandingMost: BaseUnits | null;
  /** The milliseconds of owing above which nothing may be opened; null for no limit. */
  readonly owedForMsMost: number | null;
};

/** A node may be this far behind another node of the same chain. */
const LAG_SLOTS_MOST = 1_000;
/** A chain makes no slot in less time, and nodes that are level differ by fewer slots than that. */
const [SLOT_MS_LEAST, LEVEL_SLOTS_MOST] = [50, 100];

export type Roster = {
  /** Replaces all entries; from then on the roster may answer. */
  hydrate(entries: Iterable<RosterEntry>): void;
  /**
   * Replaces all entries in turns, each subscriber once. The roster answers from the old entries
   * until `done`.
   */
  hydration(): { add(entries: Iterable<RosterEntry>): void; done(): void };
  /** Replaces one entry, unless the roster already holds a newer revision of it. */
  apply(entry: RosterEntry): void;
  /**
   * Records that the chain was seen at a slot at this time. Staleness is counted from the last time
   * at which that slot had moved. A slot that is further ahead than the time since then allows, and
   * that no later slot reaches, gives way to the next one that is more than 100 lower.
   */
  observe(asOfSlot: Slot, atMs: number): void;
  /** Sets a reason why the gate vouches for no subscriber, or null to clear it. */
  doubtAll(why: string | null): void;
  /**
   * Replaces the set of subscribers that the gate does not vouch for. A list without reasons gives
   * each the reason UNEXPLAINED.
   */
  doubt(subscribers: readonly string[] | ReadonlyMap<string, Doubt>): void;
  /** Adds a subscriber to that set, or replaces the reason. */
  doubtAlso(subscriberId: string, doubt: Doubt): void;
  readonly doubts: {
    readonly all: string | null;
    readonly of: ReadonlySet<string>;
    readonly why: ReadonlyMap<string, Doubt>;
  };
  freshness(): Freshness;
  find(subscriber: string): RosterEntry | undefined;
  /** The sum that a subscriber owes; 0 for one that is not known. `find` takes longer. */
  outstanding(subscriber: string): BaseUnits;
  all(): Iterable<RosterEntry>;
  readonly size: number;
  readonly hydrated: boolean;
  /**
   * The decision for a subscriber, named by platform id or agent wallet. Reducing and closing are
   * always allowed. `nowMs` is by the clock of `observe`. `ledgerMs` is by that of the ledger, in
   * which the time since when something is owed is told; left out where that is the same clock.
   */
  decide(subscriber: string, action: Action, nowMs: number, ledgerMs?: number): Decision;
};

/**
 * The machine's clock may be slewed by this much between two readings. An age below zero by no more
 * than this does not count as a clock that was set back.
 */
const CLOCK_SLACK_MS = 1_000;

/** Creates an empty roster, which answers `unknown` until it is hydrated. */
export function createRoster(options: RosterOptions): Roster {
  let table = createRosterTable();
  let hydrated = false;
  let seen: Freshness = { asOfSlot: null, observedAtMs: null };
  /** Whether the slot seen last was too far ahead for a chain, and was not reached since. */
  let leapt = false;
  let doubtOfAll: string | null = null;
  let doubted: ReadonlyMap<string, Doubt> = new Map();

  const find = (subscriber: string): RosterEntry | undefined => {
    const row = table.rowOf(subscriber);
    return row < 0 ? undefined : table.entry(row);
  };
  const hydration: Roster['hydration'] = () => {
    const next = createRosterTable();
    return {
      add(entries) {
        for (const entry of entries) next.load(entry);
      },
      done() {
        next.loaded();
        table = next;
        hydrated = true;
      },
    };
  };

  /** The reason why a subscriber in good standing may not open because of a limit, or null. */
  const beyondLimit = (
    entry: Pick<RosterEntry, 'outstanding' | 'owed' | 'owedSinceMs'>,
    ledgerMs: number,
  ): string | null => {
    const { outstandingMost, owedForMsMost } = options;
    const above = (most: BaseUnits) => owedIn(entry).find((each) => each.amount > most);
    const beyond = outstandingMost === null ? undefined : above(outstandingMost);
    if (outstandingMost !== null && beyond !== undefined)
      return `Owes ${amountText(beyond.amount, beyond)}, more than the ${amountText(outstandingMost, beyond)} this platform allows.`;
    if (
      owedForMsMost !== null &&
      entry.owedSinceMs !== null &&
      ledgerMs - entry.owedSinceMs > owedForMsMost
    )
      return `Has owed something for ${Math.floor((ledgerMs - entry.owedSinceMs) / 1_000)} s, longer than the ${owedForMsMost / 1_000} s this platform allows.`;
    return null;
  };

  const answer = (
    entry:
      | Pick<RosterEntry, 'standing' | 'outstanding' | 'owed' | 'owedSinceMs' | 'reason'>
      | undefined,
    subscriberId: () => string,
    action: Action,
    ledgerMs: number,
    stale: boolean,
  ): readonly [Decision['verdict'], string] => {
    if (action === 'reduce' || action === 'close')
      return ['allow', 'Reducing and closing positions is always allowed.'];
    // A caller in plain JavaScript can pass any text, and a misspelt action may be meant as an
    // open.
    if (action !== 'open' && action !== 'increase')
      return ['deny', `Not an action: "${String(action)}". Known are ${ACTIONS.join(', ')}.`];
    if (!hydrated) return ['unknown', 'Bailiff is starting and has not read its ledger yet.'];
    if (entry?.standing === 'delinquent') return ['deny', entry.reason ?? 'Delinquent.'];
    if (entry?.standing === 'retired') return ['deny', 'This subscriber has left.'];
    if (stale)
      return [
        'unknown',
        doubtOfAll ?? 'The chain has not been seen recently; standings may be out of date.',
      ];
    if (entry === undefined) return ['deny', 'This subscriber is not registered with Bailiff.'];
    const limit = beyondLimit(entry, ledgerMs);
    if (limit !== null) return ['deny', limit];
    if (doubtOfAll !== null) return ['unknown', doubtOfAll];
    const doubt = doubted.size > 0 ? doubted.get(subscriberId()) : undefined;
    if (doubt !== undefined) return ['unknown', doubt.reason];
    return ['allow', 'In good standing.'];
  };

  /**
   * Whether the subscriber has no standing, because none of its venue accounts exists. One that has
   * left keeps the standing `retired`: a doubt that was read before it left says nothing of it.
   */
  const withoutAccount = (
    { standing }: Pick<RosterEntry, 'standing'>,
    subscriberId: () => string,
  ): boolean =>
    standing !== 'retired' && doubted.size > 0 && doubted.get(subscriberId())?.noAccount === true;

  return {
    hydration,
    hydrate(all) {
      const next = hydration();
      next.add(all);
      next.done();
    },
    apply(entry) {
      const row = table.rowOf(entry.subscriberId);
      if (row < 0 || table.facts(row).revision <= entry.revision) table.put(entry);
    },
    observe(asOfSlot, atMs) {
      // A slot up to 1,000 lower comes from a node that is behind, and is ignored. A slot lower
      // than that shows that the higher one was wrong, and replaces it. After a leap, a slot more
      // than 100 lower already does, so that one wrong answer makes the view stale only until the
      // next answers come. The same slot again does not renew the time, because a node that stands
      // still shows nothing that happened since.
      const { asOfSlot: was, observedAtMs } = seen;
      const ahead = asOfSlot - (was ?? asOfSlot);
      const behindMost = leapt ? LEVEL_SLOTS_MOST : LAG_SLOTS_MOST;
      if (was !== null && ahead <= 0 && ahead >= -behindMost) return;
      const passedMs = atMs - (observedAtMs ?? atMs);
      leapt = was === null || ahead > Math.max(0, passedMs) / SLOT_MS_LEAST + LEVEL_SLOTS_MOST;
      seen = { asOfSlot, observedAtMs: atMs };
    },
    doubtAll(why) {
      doubtOfAll = why;
    },
    doubt(subscribers) {
      doubted =
        subscribers instanceof Map
          ? subscribers
          : new Map([...(subscribers as readonly string[])].map((id) => [id, UNEXPLAINED]));
    },
    doubtAlso(subscriberId, doubt) {
      doubted = new Map([...doubted, [subscriberId, doubt]]);
    },
    get doubts() {
      return { all: doubtOfAll, of: new Set(doubted.keys()), why: doubted };
    },
    freshness: () => seen,
    find,
    outstanding(subscriber) {
      const row = table.rowOf(subscriber);
      return row < 0 ? 0n : table.facts(row).outstanding;
    },
    *all() {
      const from = table;
      for (let row = 0; row < from.size; row++) yield from.entry(row);
    },
    get size() {
      return table.size;
    },
    get hydrated() {
      return hydrated;
    },
    decide(subscriber, action, nowMs, ledgerMs = nowMs) {
      const row = table.rowOf(subscriber);
      const entry = row < 0 ? undefined : table.facts(row);
      const ageMs = seen.observedAtMs === null ? null : nowMs - seen.observedAtMs;
      // A negative age means that this machine's clock was set back, so the age of the view is not
      // known.
      const stale = ageMs === null || ageMs > options.staleAfterMs || ageMs < -CLOCK_SLACK_MS;
      const idOf = () => table.entry(row).subscriberId;
      const [verdict, reason] = answer(entry, idOf, action, ledgerMs, stale);
      return {
        verdict,
        allow: verdict === 'unknown' ? options.failOpen : verdict === 'allow',
        reason,
        standing: entry === undefined || withoutAccount(entry, idOf) ? null : entry.standing,
        outstanding: entry?.outstanding ?? null,
        owed: entry === undefined ? null : owedIn(entry),
        evidence: entry?.evidence ?? null,
        asOfSlot: seen.asOfSlot,
        revision: entry?.revision ?? null,
        stale,
        failOpen: options.failOpen,
        owedForMs: entry?.owedSinceMs == null ? null : Math.max(0, ledgerMs - entry.owedSinceMs),
        owedForMsMost: options.owedForMsMost,
      };
    },
  };
}
