// Ledger: the whole ledger in memory, for histories by the thousand. Every function is one step, as a transaction is.
import { bookingsOf, tabsAfter } from '../../../src/core/accrual.ts';
import { leftEvents } from '../../../src/core/outflow.ts';
import type { Halts, Ledger, Standings } from '../../../src/core/ports.ts';
import type { StandingEvent } from '../../../src/core/standing.ts';
import { QUOTE_TOKEN } from '../../../src/ledger/standings.ts';
import { createMemoryAsides } from './asides.ts';
import {
  createMemorySightings,
  createMemorySubscribers,
  createMemorySubscriptions,
} from './hearing.ts';
import { createMemoryPayments } from './payments.ts';
import { createMemoryShares } from './shares.ts';
import { accrualKey, emptyState, inChainOrder, type State } from './state.ts';
import { createMemoryWatchList } from './watch-list.ts';

function createMemoryHalts(state: State): Halts {
  return {
    async set(scope, reason) {
      const known = state.halts.get(scope);
      state.halts.set(scope, { scope, reason, sinceMs: known?.sinceMs ?? 0 });
      return true;
    },
    lift: async (scope) => state.halts.delete(scope),
    list: async () => [...state.halts.values()],
    holding: async (subscriberId, creatorWallet) =>
      ['all', `creator:${creatorWallet}`, `subscriber:${subscriberId}`]
        .map((scope) => state.halts.get(scope))
        .find((each) => each !== undefined) ?? null,
  };
}

function eventsOf(state: State, subscriberId: string): StandingEvent[] {
  const rows = [...state.facts.values()].filter(
    ({ fact, finality }) => fact.subscriberId === subscriberId && finality !== 'withdrawn',
  );
  const tabs = new Map([...state.subscriptions].map(([id, each]) => [id, each.tabs]));
  const owed = rows.sort(inChainOrder).flatMap(({ fact, blockIndex }): StandingEvent[] => {
    const { body, account } = fact;
    if (body.kind !== 'close' && body.kind !== 'reckoning') return [];
    const subscription = [...state.subscriptions.values()].find(
      (each) => each.subscriberId === subscriberId && each.driftAccount === account,
    );
    if (subscription === undefined) return [];
    let amount = state.accruals.get(accrualKey(subscription.id, fact));
    if (amount === undefined) {
      const agreement = { ...subscription, tabs: tabs.get(subscription.id) ?? {} };
      const bookings = bookingsOf(body, fact.position.slot, agreement, []);
      tabs.set(subscription.id, tabsAfter(agreement.tabs, bookings));
      amount = bookings.reduce((sum, each) => sum + each.amount, 0n);
    }
    const share = [...state.shares.values()].find(
      (each) =>
        each.subscriptionId === subscription.id &&
        each.signature === fact.signature &&
        each.slot === fact.position.slot &&
        each.ordinal === fact.position.ordinal,
    );
    if (share?.status === 'voided') amount -= share.amount - share.paid;
    return amount > 0n ? [{ kind: 'owed', at: { ...fact.position, blockIndex }, amount }] : [];
  });
  const payments = [...state.payments.values()].filter(
    (each) => each.subscriberId === subscriberId,
  );
  const settled = payments
    .filter((each) => each.state === 'landed' && each.purpose === 'share')
    .map(
      (each): StandingEvent => ({
        kind: 'settled',
        at: { slot: each.executedSlot ?? 0, blockIndex: null, ordinal: 0 },
        amount: each.plan.amount,
      }),
    );
  const ours = new Set([...state.payments.values()].map((each) => each.signature()));
  const outflows = rows.flatMap(({ fact, blockIndex }) => {
    const { body, signature, position, account } = fact;
    if (body.kind !== 'outflow') return [];
    const key = `${signature}/${position.slot}/${position.ordinal}/${account}`;
    const at = { ...position, blockIndex };
    return [{ key, slot: position.slot, ours: ours.has(signature), body, at, signature }];
  });
  const terms = [...state.subscriptions.values()].filter(
    (each) => each.subscriberId === subscriberId,
  );
  const trades = rows
    .filter(({ fact }) => ['open', 'close', 'reckoning'].includes(fact.body.kind))
    .map(({ fact }) => fact.position.slot);
  const clearances = (state.clearances.get(subscriberId) ?? []).map((each) => {
    const later = trades.filter((slot) => slot > each.grantedSlot);
    return { ...each, tradedSlot: later.length === 0 ? null : Math.min(...later) };
  });
  const left = leftEvents(outflows, clearances, QUOTE_TOKEN, {
    creators: new Set(terms.flatMap((each) => each.terms.map((term) => term.creatorWallet))),
    appointed: new Set(),
  });
  return [...owed, ...settled, ...left];
}

function createMemoryStandings(state: State): Standings {
  return {
    async update(subscriberId, judge) {
      const known = state.standings.get(subscriberId);
      if (known === undefined) throw new Error(`subscriber ${subscriberId} has no standing`);
      const verdict = judge(eventsOf(state, subscriberId));
      const { standing, outstanding } = verdict;
      const reason = standing === 'delinquent' ? verdict.reason : null;
      if (
        known.standing === standing &&
        known.outstanding === outstanding &&
        known.reason === reason
      )
        return known;
      const evidence = standing === 'delinquent' ? verdict.evidence : null;
      const revision = ++state.revision;
      const owedSinceMs = outstanding === 0n ? null : known.owedSinceMs;
      const entry = { ...known, standing, outstanding, owedSinceMs, reason, evidence, revision };
      state.standings.set(subscriberId, entry);
      return entry;
    },
    async roster(take) {
      take([...state.standings.values()]);
      return state.revision;
    },
    changesSince: () => Promise.reject(new RangeError('nobody reads the stream in memory')),
    owing: async () => [
      ...new Set([
        ...[...state.standings.values()]
          .filter((each) => each.outstanding > 0n)
          .map((each) => each.subscriberId),
        ...[...state.shares.values()]
          .filter((each) => each.status !== 'paid' && each.status !== 'voided')
          .map((each) => each.subscriberId),
      ]),
    ],
    entry: async (subscriberId) => state.standings.get(subscriberId) ?? null,
  };
}

const nobodyAsks = <T extends object>(what: string): T =>
  new Proxy({} as T, {
    get: () => () => Promise.reject(new RangeError(`nobody asks for ${what} in memory`)),
  });

export function createMemoryLedger(nowMs: () => number): { ledger: Ledger; state: State } {
  const state = emptyState();
  const ledger: Ledger = {
    probe: nobodyAsks('the probe'),
    deliveries: nobodyAsks('deliveries'),
    // The simulated venue has no calls that nobody knows.
    coverage: { add: async () => {}, totals: async () => [], unexplained: async () => [] },
    checks: nobodyAsks('checks'),
    asides: createMemoryAsides(state),
    apiKeys: nobodyAsks('API keys'),
    sightings: createMemorySightings(state),
    watchList: createMemoryWatchList(state),
    subscribers: createMemorySubscribers(state),
    subscriptions: createMemorySubscriptions(state),
    costs: {
      ...nobodyAsks<Ledger['costs']>('costs'),
      openings: async () => ({ known: 0, unread: 0 }),
      signedToday: async () => 0n,
    },
    creators: {
      ...nobodyAsks<Ledger['creators']>('creators'),
      isAgent: async () => false,
    },
    shares: createMemoryShares(state, nowMs),
    payments: createMemoryPayments(state, nowMs),
    halts: createMemoryHalts(state),
    figures: nobodyAsks('figures'),
    acts: nobodyAsks('acts'),
    facts: nobodyAsks('facts'),
    endpoints: nobodyAsks('endpoints'),
    clearances: {
      ...nobodyAsks<Ledger['clearances']>('clearances'),
      async grant(subscriberId, clearance) {
        const known = state.clearances.get(subscriberId) ?? [];
        state.clearances.set(subscriberId, [...known, clearance]);
      },
    },
    standings: createMemoryStandings(state),
    owing: nobodyAsks('how long is owed'),
    suspicions: nobodyAsks('suspicions'),
  };
  return { ledger, state };
}
