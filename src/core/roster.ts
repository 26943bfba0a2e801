// Roster: every subscriber's standing in memory, and the gate's answer from it. It never answers from a state it
// cannot vouch for: before it is hydrated, or once its source has gone quiet, it says `unknown` and why.
import type { Slot } from './ids.ts';
import type { BaseUnits } from './money.ts';
import type { Evidence } from './standing.ts';

export type RosterEntry = {
  readonly subscriberId: string;
  readonly agentWallet: string;
  readonly standing: 'good' | 'delinquent';
  readonly outstanding: BaseUnits;
  readonly reason: string | null;
  readonly evidence: Evidence | null;
  readonly revision: bigint;
};

export const ACTIONS = ['open', 'increase', 'reduce', 'close'] as const;
export type Action = (typeof ACTIONS)[number];

export type Decision = {
  readonly verdict: 'allow' | 'deny' | 'unknown';
  readonly allow: boolean;
  readonly reason: string;
  readonly standing: 'good' | 'delinquent' | null;
  readonly outstanding: BaseUnits | null;
  readonly evidence: Evidence | null;
  readonly asOfSlot: Slot | null;
  readonly revision: bigint | null;
  readonly stale: boolean;
};

/** How fresh the roster's picture of the chain is. */
export type Freshness = { readonly asOfSlot: Slot | null; readonly observedAtMs: number | null };

export type RosterOptions = {
  /** Past this age the roster answers `unknown`. */
  readonly staleAfterMs: number;
  /** Whether an engine should go on opening positions when the answer is `unknown`. */
  readonly failOpen: boolean;
};

export type Roster = {
  /** Replaces everything; the roster may answer from now on. */
  hydrate(entries: readonly RosterEntry[]): void;
  /** Takes one entry, unless a newer revision of it is already known. */
  apply(entry: RosterEntry): void;
  /** Notes that the chain was seen at a slot, so that the age of every answer is known. */
  observe(asOfSlot: Slot, atMs: number): void;
  freshness(): Freshness;
  find(subscriber: string): RosterEntry | undefined;
  readonly size: number;
  readonly hydrated: boolean;
  /** Decides by platform id or by agent wallet. Reducing and closing are always allowed. */
  decide(subscriber: string, action: Action, nowMs: number): Decision;
};

/** Creates an empty roster, which answers `unknown` until it is hydrated. */
export function createRoster(options: RosterOptions): Roster {
  let entries = new Map<string, RosterEntry>();
  let idByWallet = new Map<string, string>();
  let hydrated = false;
  let seen: Freshness = { asOfSlot: null, observedAtMs: null };

  const find = (subscriber: string): RosterEntry | undefined =>
    entries.get(subscriber) ?? entries.get(idByWallet.get(subscriber) ?? '');

  return {
    hydrate(all) {
      entries = new Map(all.map((entry) => [entry.subscriberId, entry]));
      idByWallet = new Map(all.map((entry) => [entry.agentWallet, entry.subscriberId]));
      hydrated = true;
    },
    apply(entry) {
      const known = entries.get(entry.subscriberId);
      if (known !== undefined && known.revision > entry.revision) return;
      entries.set(entry.subscriberId, entry);
      idByWallet.set(entry.agentWallet, entry.subscriberId);
    },
    observe(asOfSlot, atMs) {
      if (seen.asOfSlot === null || asOfSlot >= seen.asOfSlot)
        seen = { asOfSlot, observedAtMs: atMs };
    },
    freshness: () => seen,
    find,
    get size() {
      return entries.size;
    },
    get hydrated() {
      return hydrated;
    },
    decide(subscriber, action, nowMs) {
      const entry = find(subscriber);
      const stale = seen.observedAtMs === null || nowMs - seen.observedAtMs > options.staleAfterMs;
      const base = {
        standing: entry?.standing ?? null,
        outstanding: entry?.outstanding ?? null,
        evidence: entry?.evidence ?? null,
        asOfSlot: seen.asOfSlot,
        revision: entry?.revision ?? null,
        stale,
      };
      const allow = (reason: string): Decision => ({
        verdict: 'allow',
        allow: true,
        reason,
        ...base,
      });
      const deny = (reason: string): Decision => ({
        verdict: 'deny',
        allow: false,
        reason,
        ...base,
      });
      const unknown = (reason: string): Decision => ({
        verdict: 'unknown',
        allow: options.failOpen,
        reason,
        ...base,
      });
      if (action === 'reduce' || action === 'close') {
        return allow('Reducing and closing positions is always allowed.');
      }
      if (!hydrated) return unknown('Bailiff is starting and has not read its ledger yet.');
      if (entry?.standing === 'delinquent') return deny(entry.reason ?? 'Delinquent.');
      if (stale)
        return unknown('The chain has not been seen recently; standings may be out of date.');
      if (entry === undefined) return deny('This subscriber is not registered with Bailiff.');
      return allow('In good standing.');
    },
  };
}
