// Ledger: the whole ledger in memory, for histories by the thousand. Every function is one step, as
// a transaction is.

import { bookingsOf, tabsAfter } from '../../../src/core/accrual.ts';
import { creatorTransfers, creditEvents } from '../../../src/core/credit.ts';
import type { Fact, FactBody } from '../../../src/core/fact.ts';
import type { FoundPayment } from '../../../src/core/found-outflows.ts';
import { haltScopes } from '../../../src/core/halt.ts';
import type { Signature } from '../../../src/core/ids.ts';
import { leftEvents } from '../../../src/core/outflow.ts';
import type { Halts, Ledger } from '../../../src/core/ports.ts';
import { isOpen } from '../../../src/core/share.ts';
import { countedOf } from '../../../src/core/share-due.ts';
import type { StandingEvent } from '../../../src/core/standing.ts';
import { standingEvents, verdictOn } from '../../../src/core/standing-change.ts';
import type { Standings } from '../../../src/core/standing-ports.ts';
import type { Subscription } from '../../../src/core/subscription.ts';
import { createMemoryAsides } from './asides.ts';
import { createMemoryChecks } from './checks.ts';
import { clearancesOf, createMemoryClearances } from './clearances.ts';
import { createMemoryCredits, creatorsOf } from './credits.ts';
import {
  createMemorySightings,
  createMemorySubscribers,
  createMemorySubscriptions,
} from './hearing.ts';
import { listedOf } from './listed-payment.ts';
import { beforeClose } from './movements.ts';
import { createMemoryNonces } from './nonces.ts';
import { createMemoryPayments } from './payments.ts';
import { createMemoryServer, type MemoryServer } from './server.ts';
import { createMemoryShares } from './shares.ts';
import {
  accrualKey,
  emptyState,
  type FactRow,
  factKey,
  inChainOrder,
  type PaymentRow,
  type State,
} from './state.ts';
import { QUOTES, TOKENS, venueAt } from './tokens.ts';
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
      haltScopes(subscriberId, creatorWallet)
        .map((scope) => state.halts.get(scope))
        .find((each) => each !== undefined) ?? null,
  };
}

/** The place from which on a reckoning is owed; null for a close, which is owed from its own. */
function owedFrom(
  rows: readonly FactRow[],
  { account }: Fact,
  body: FactBody,
  { terms }: Subscription,
): StandingEvent['at'] | null {
  if (body.kind !== 'reckoning') return null;
  const since = Math.min(...terms.map((each) => each.fromSlot));
  const places = rows.flatMap(({ fact, blockIndex }) => {
    const { body: read, position, signature } = fact;
    if (read.kind !== 'unknown' || read.tradedAt === null || fact.account !== account) return [];
    if (position.slot <= body.afterSlot || position.slot > body.uptoSlot) return [];
    const ordinal = read.tradedFrom ?? read.tradedAt;
    return position.slot < since ? [] : [{ slot: position.slot, blockIndex, ordinal, signature }];
  });
  const index = (each: { blockIndex: number | null }) => each.blockIndex ?? Infinity;
  const [first = null] = places.sort((a, b) => a.slot - b.slot || index(a) - index(b));
  return first;
}

/** The debts of a subscriber that count, and all debts that a transfer may have been meant for. */
function owedOf(state: State, rows: readonly FactRow[], subscriberId: string) {
  const tabs = new Map([...state.subscriptions].map(([id, each]) => [id, each.tabs]));
  const owed: StandingEvent[] = [];
  const claims: StandingEvent[] = [];
  for (const { fact, blockIndex } of rows) {
    const { body, account } = fact;
    if (body.kind !== 'close' && body.kind !== 'reckoning') continue;
    const subscription = [...state.subscriptions.values()].find(
      (each) => each.subscriberId === subscriberId && each.driftAccount === account,
    );
    if (subscription === undefined) continue;
    const at = owedFrom(rows, fact, body, subscription) ?? {
      ...fact.position,
      blockIndex,
      signature: fact.signature,
    };
    const { mint } = TOKENS[venueAt(state, account)];
    const put = (to: StandingEvent[], amount: bigint, creator: string) =>
      amount > 0n && to.push({ kind: 'owed', at, amount, creator, mint });
    if (state.accruals.has(accrualKey(subscription.id, fact))) {
      const shares = [...state.shares.values()].filter(
        (each) =>
          each.subscriptionId === subscription.id &&
          each.signature === fact.signature &&
          each.slot === fact.position.slot &&
          each.ordinal === fact.position.ordinal,
      );
      for (const share of shares) {
        put(owed, countedOf(share, state.observing), share.creatorWallet);
        put(claims, share.amount, share.creatorWallet);
      }
      continue;
    }
    const agreement = { ...subscription, tabs: tabs.get(subscription.id) ?? {} };
    const place = { fact: { ...fact, body }, blockIndex };
    const { realised, moves } = beforeClose(state, subscription.held.slot, place);
    const bookings = bookingsOf(realised, fact.position.slot, agreement, moves);
    tabs.set(subscription.id, tabsAfter(agreement.tabs, bookings));
    for (const booking of bookings)
      for (const { wallet, amount } of booking.owed) {
        put(owed, amount, wallet);
        put(claims, amount, wallet);
      }
  }
  return { owed, claims };
}

/** The payment with this signature that the ledger never signed, or null. */
function foundBy(
  state: State,
  payments: readonly PaymentRow[],
  signature: Signature,
  creators: ReadonlySet<string>,
): FoundPayment | null {
  const row = payments.find(
    (each) =>
      each.signature === signature &&
      each.signings.every(({ variant }) => variant.signature !== signature),
  );
  if (row === undefined) return null;
  const isWhole = row.maybeLost || row.accepted !== null;
  const named = listedOf(state, row).recipients.filter((each) => creators.has(each.wallet));
  return {
    mint: row.token.mint,
    maybeLost: row.maybeLost,
    recipients: named.map(({ wallet, amount, excess }) => ({
      wallet,
      amount: isWhole ? amount : amount - excess,
    })),
  };
}

function eventsOf(state: State, subscriberId: string): StandingEvent[] {
  const rows = [...state.facts.values()]
    .filter(({ fact, finality }) => fact.subscriberId === subscriberId && finality !== 'withdrawn')
    .sort(inChainOrder);
  const { owed, claims } = owedOf(state, rows, subscriberId);
  const payments = [...state.payments.values()].filter(
    (each) => each.subscriberId === subscriberId,
  );
  const discharged = payments
    .filter((each) => each.state === 'landed' && each.purpose === 'share')
    .flatMap((each) =>
      listedOf(state, each).recipients.map(
        ({ wallet, amount, excess }): StandingEvent => ({
          kind: 'discharged',
          at: { slot: each.executedSlot ?? 0, blockIndex: null, ordinal: 0 },
          amount: amount - excess,
          creator: wallet,
          mint: each.token.mint,
        }),
      ),
    )
    .filter((each) => each.amount > 0n);
  const ours = new Set(
    payments.flatMap((each) => [
      each.signature,
      ...each.signings.flatMap(({ variant }) =>
        variant.purpose === 'payment' ? [variant.signature] : [],
      ),
    ]),
  );
  const creators = creatorsOf(state, subscriberId);
  const outflows = rows.flatMap((row) => {
    const { body, signature, position, account } = row.fact;
    if (body.kind !== 'outflow') return [];
    const key = `${signature}/${position.slot}/${position.ordinal}/${account}`;
    const at = { ...position, blockIndex: row.blockIndex, signature };
    const id = factKey(row.fact);
    const credited = state.creditsAgain.has(id) ? null : (state.credits.get(id)?.credited ?? null);
    const found = foundBy(state, payments, signature, creators);
    const told = { key, slot: position.slot, ours: ours.has(signature), found, credited };
    return [{ ...told, body, at, signature }];
  });
  const history = [...owed, ...discharged];
  const transfers = creatorTransfers(outflows, creators, QUOTES);
  const credits = creditEvents(history, transfers, QUOTES, [...claims, ...discharged]);
  const left = leftEvents(outflows, clearancesOf(state, subscriberId, rows), QUOTES, {
    creators,
    appointed: new Set(),
    topUp: state.topUp,
    debts: [...history, ...credits],
  });
  return [...history, ...left, ...credits];
}

function createMemoryStandings(state: State): Standings {
  return {
    async update(subscriberId, judge) {
      const known = state.standings.get(subscriberId);
      if (known === undefined) throw new Error(`subscriber ${subscriberId} has no standing`);
      const verdict = judge(eventsOf(state, subscriberId), QUOTES);
      const changed = verdictOn(known, verdict);
      if (changed === null) return known;
      const entry = { ...known, ...changed, revision: ++state.revision };
      state.events.push(...standingEvents(known, verdict, entry.revision));
      state.standings.set(subscriberId, entry);
      return entry;
    },
    async roster(take) {
      take([...state.standings.values()]);
      return { revision: state.revision, nonce: null };
    },
    changesSince: () => Promise.reject(new RangeError('nobody reads the stream in memory')),
    owing: async () => [
      ...new Set([
        ...[...state.standings.values()]
          .filter((each) => each.outstanding > 0n)
          .map((each) => each.subscriberId),
        ...[...state.shares.values()]
          .filter((share) => isOpen(share.status))
          .map((share) => share.subscriberId),
      ]),
    ],
    entry: async (subscriberId) => state.standings.get(subscriberId) ?? null,
  };
}

const nobodyAsks = <T extends object>(what: string): T =>
  new Proxy({} as T, {
    get: () => () => Promise.reject(new RangeError(`nobody asks for ${what} in memory`)),
  });

export type MemoryLedger = {
  readonly ledger: Ledger;
  readonly state: State;
  readonly server: MemoryServer;
};

export function createMemoryLedger(nowMs: () => number): MemoryLedger {
  const state = emptyState();
  const server = createMemoryServer(state, nowMs);
  const sightings = createMemorySightings(state);
  const ledger: Ledger = {
    probe: { write: async () => nowMs() },
    deliveries: nobodyAsks('deliveries'),
    // The simulated venue has no unknown calls.
    coverage: { add: async () => {}, totals: async () => [], unexplained: async () => [] },
    checks: createMemoryChecks(state),
    unread: { ...nobodyAsks<Ledger['unread']>('unread'), list: async () => [] },
    unfollowed: nobodyAsks('unfollowed'),
    asides: createMemoryAsides(state),
    apiKeys: nobodyAsks('API keys'),
    sightings,
    watchList: createMemoryWatchList(state, sightings.note),
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
    shares: createMemoryShares(state, nowMs, server.identity),
    credits: createMemoryCredits(state, server.identity),
    payments: createMemoryPayments(state, nowMs, server.identity),
    nonces: createMemoryNonces(state, nowMs),
    halts: createMemoryHalts(state),
    sums: nobodyAsks('sums'),
    acts: nobodyAsks('acts'),
    lists: nobodyAsks('lists'),
    masterKey: nobodyAsks('the master key'),
    facts: nobodyAsks('facts'),
    endpoints: nobodyAsks('endpoints'),
    events: nobodyAsks('events'),
    clearances: {
      ...nobodyAsks<Ledger['clearances']>('clearances'),
      ...createMemoryClearances(state),
    },
    standings: createMemoryStandings(state),
    owing: nobodyAsks('how long is owed'),
    suspicions: nobodyAsks('suspicions'),
  };
  return { ledger, state, server };
}
