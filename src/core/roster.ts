// Roster: every subscriber's standing in memory, and the gate's answer from it. It never answers
// from a state it cannot vouch for: before it is hydrated, once its source has gone quiet, while
// what was heard is not read, or while an account shows what nobody can explain, it says `unknown`
// and why. The gate client decides with this very module.
import type { Slot } from './ids.ts';
import { type BaseUnits, formatUnits } from './money.ts';
import { createRosterTable } from './roster-table.ts';
import type { Evidence } from './standing.ts';

/** `retired`: has left, owing nothing; nobody watches it any more. */
export const ROSTER_STANDINGS = ['good', 'delinquent', 'retired'] as const;
export type RosterStanding = (typeof ROSTER_STANDINGS)[number];

export type RosterEntry = {
  readonly subscriberId: string;
  readonly agentWallet: string;
  readonly standing: RosterStanding;
  readonly outstanding: BaseUnits;
  /** Since when something has been owed without a pause. */
  readonly owedSinceMs: number | null;
  readonly reason: string | null;
  readonly evidence: Evidence | null;
  readonly revision: bigint;
};

/**
 * A place in the series of changes. The nonce is drawn anew for each change, so that a revision
 * which a ledger gave out twice, because it lost the first change, has two marks. Null at revision
 * 0, where there is no change.
 */
export type Mark = { readonly revision: bigint; readonly nonce: string | null };
/** An entry as one change left it, with the nonce of that change. */
export type RosterChange = RosterEntry & { readonly nonce: string };

export const ACTIONS = ['open', 'increase', 'reduce', 'close'] as const;
export type Action = (typeof ACTIONS)[number];
export const VERDICTS = ['allow', 'deny', 'unknown'] as const;

export type Decision = {
  readonly verdict: (typeof VERDICTS)[number];
  readonly allow: boolean;
  readonly reason: string;
  readonly standing: RosterStanding | null;
  readonly outstanding: BaseUnits | null;
  readonly evidence: Evidence | null;
  readonly asOfSlot: Slot | null;
  readonly revision: bigint | null;
  readonly stale: boolean;
  /** What `allow` would be, were the verdict unknown. */
  readonly failOpen: boolean;
  /**
   * For how long something has been owed, time left out in which the subscriber could do nothing
   * about it. Null while nothing counts. Above `owedForMsMost` nothing may be opened; null there is
   * no limit.
   */
  readonly owedForMs: number | null;
  readonly owedForMsMost: number | null;
};

/** Why the standing of one subscriber cannot be vouched for. */
export type Doubt = {
  readonly reason: string;
  /** None of its venue accounts exists: it has no standing at all. */
  readonly noAccount?: boolean;
};
export const UNEXPLAINED: Doubt = {
  reason:
    'An account of this subscriber shows what no fact explains, or did something that is not read yet.',
};

/** How fresh the roster's picture of the chain is. */
export type Freshness = { readonly asOfSlot: Slot | null; readonly observedAtMs: number | null };

export type RosterOptions = {
  /** Past this age the roster answers `unknown`. */
  readonly staleAfterMs: number;
  /** Whether an engine should go on opening positions when the answer is `unknown`. */
  readonly failOpen: boolean;
  /** Above this debt nothing may be opened either, whatever the standing; null for no limit. */
  readonly outstandingMost: BaseUnits | null;
  /** Nor when something has been owed for longer than this. */
  readonly owedForMsMost: number | null;
};

/** A node may be this far behind another one of the same chain. */
const LAG_SLOTS_MOST = 1_000;

export type Roster = {
  /** Replaces everything; the roster may answer from now on. */
  hydrate(entries: Iterable<RosterEntry>): void;
  /**
   * The same for entries that come in turns, everybody once: until `done` the roster answers as
   * before.
   */
  hydration(): { add(entries: Iterable<RosterEntry>): void; done(): void };
  /** Takes one entry, unless a newer revision of it is already known. */
  apply(entry: RosterEntry): void;
  /** Notes that the chain was seen at a slot, so that the age of every answer is known. */
  observe(asOfSlot: Slot, atMs: number): void;
  /** Why nobody's standing can be vouched for just now; null when it can. */
  doubtAll(why: string | null): void;
  /**
   * Whose standing cannot be vouched for, and why; without a reason, accounts show something that
   * nobody can explain.
   */
  doubt(subscribers: readonly string[] | ReadonlyMap<string, Doubt>): void;
  readonly doubts: {
    readonly all: string | null;
    readonly of: ReadonlySet<string>;
    readonly why: ReadonlyMap<string, Doubt>;
  };
  freshness(): Freshness;
  find(subscriber: string): RosterEntry | undefined;
  all(): Iterable<RosterEntry>;
  readonly size: number;
  readonly hydrated: boolean;
  /** Decides by platform id or by agent wallet. Reducing and closing are always allowed. */
  decide(subscriber: string, action: Action, nowMs: number): Decision;
};

/** Clocks are read at two moments and slewed between them: so much below zero is no jump. */
const CLOCK_SLACK_MS = 1_000;

/** Creates an empty roster, which answers `unknown` until it is hydrated. */
export function createRoster(options: RosterOptions): Roster {
  let table = createRosterTable();
  let hydrated = false;
  let seen: Freshness = { asOfSlot: null, observedAtMs: null };
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

  /** Why an entry in good standing may not open all the same. */
  const beyondLimit = (
    entry: Pick<RosterEntry, 'outstanding' | 'owedSinceMs'>,
    nowMs: number,
  ): string | null => {
    const { outstandingMost, owedForMsMost } = options;
    if (outstandingMost !== null && entry.outstanding > outstandingMost)
      return `Owes ${formatUnits(entry.outstanding)} USDC, more than the ${formatUnits(outstandingMost)} USDC this platform allows.`;
    if (
      owedForMsMost !== null &&
      entry.owedSinceMs !== null &&
      nowMs - entry.owedSinceMs > owedForMsMost
    )
      return `Has owed something for ${Math.floor((nowMs - entry.owedSinceMs) / 1_000)} s, longer than the ${owedForMsMost / 1_000} s this platform allows.`;
    return null;
  };

  const judge = (
    entry: Pick<RosterEntry, 'standing' | 'outstanding' | 'owedSinceMs' | 'reason'> | undefined,
    subscriberId: () => string,
    action: Action,
    nowMs: number,
    stale: boolean,
  ): readonly [Decision['verdict'], string] => {
    if (action === 'reduce' || action === 'close')
      return ['allow', 'Reducing and closing positions is always allowed.'];
    // Plain JavaScript can pass any text: what is misspelt may be an open.
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
    const limit = beyondLimit(entry, nowMs);
    if (limit !== null) return ['deny', limit];
    if (doubtOfAll !== null) return ['unknown', doubtOfAll];
    const doubt = doubted.size > 0 ? doubted.get(subscriberId()) : undefined;
    if (doubt !== undefined) return ['unknown', doubt.reason];
    return ['allow', 'In good standing.'];
  };

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
      // A slot somewhat lower is a node that is behind. One far lower shows that the higher one was
      // wrong.
      if (
        seen.asOfSlot === null ||
        asOfSlot >= seen.asOfSlot ||
        asOfSlot < seen.asOfSlot - LAG_SLOTS_MOST
      )
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
    get doubts() {
      return { all: doubtOfAll, of: new Set(doubted.keys()), why: doubted };
    },
    freshness: () => seen,
    find,
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
    decide(subscriber, action, nowMs) {
      const row = table.rowOf(subscriber);
      const entry = row < 0 ? undefined : table.facts(row);
      const ageMs = seen.observedAtMs === null ? null : nowMs - seen.observedAtMs;
      // A negative age means that this machine's clock was set back: the age of the view is not
      // known then.
      const stale = ageMs === null || ageMs > options.staleAfterMs || ageMs < -CLOCK_SLACK_MS;
      const idOf = () => table.entry(row).subscriberId;
      const [verdict, reason] = judge(entry, idOf, action, nowMs, stale);
      return {
        verdict,
        allow: verdict === 'unknown' ? options.failOpen : verdict === 'allow',
        reason,
        standing:
          row >= 0 && doubted.size > 0 && doubted.get(idOf())?.noAccount
            ? null
            : (entry?.standing ?? null),
        outstanding: entry?.outstanding ?? null,
        evidence: entry?.evidence ?? null,
        asOfSlot: seen.asOfSlot,
        revision: entry?.revision ?? null,
        stale,
        failOpen: options.failOpen,
        owedForMs: entry?.owedSinceMs == null ? null : Math.max(0, nowMs - entry.owedSinceMs),
        owedForMsMost: options.owedForMsMost,
      };
    },
  };
}
