// Ledger: Postgres as the flows see it, one module a noun.
import type { TopUpRule } from '../core/outflow.ts';
import type { Ledger } from '../core/ports.ts';
import { createActs } from './acts.ts';
import { API_KEY_CHANNEL, createApiKeys } from './api-keys.ts';
import { createAsides } from './asides.ts';
import { createChecks } from './checks.ts';
import { createClearances } from './clearances.ts';
import { createCloses } from './closes.ts';
import { createCosts } from './costs.ts';
import { createCoverageBook } from './coverage.ts';
import { createCreators } from './creators.ts';
import { createCredits } from './credits.ts';
import type { Fragment, Sql } from './database.ts';
import { createDeliveries } from './deliveries.ts';
import { createEndpoints } from './endpoints.ts';
import { createFacts } from './facts.ts';
import { createFigures } from './figures.ts';
import { createHalts } from './halts.ts';
import { createLists } from './lists.ts';
import { createMasterKeyBook } from './master-key.ts';
import { EVENT_CHANNEL } from './outbox.ts';
import { createOwing } from './owing.ts';
import { createPayments } from './payments.ts';
import { createProbe } from './probe.ts';
import { createShares } from './shares.ts';
import { createSightings } from './sightings.ts';
import { createStandings, STANDING_CHANNEL } from './standings.ts';
import { createSubscribers } from './subscribers.ts';
import { createSubscriptions } from './subscriptions.ts';
import { createSuspicions } from './suspicions.ts';
import { createUnfollowed } from './unfollowed.ts';
import { createUnread } from './unread.ts';
import { createWatchList, WATCH_LIST_CHANNEL } from './watch-list.ts';

/**
 * `now` is what debts and payments take for the time: the database's clock, unless a test gives
 * another. `observing`: what is booked here is marked as observed, and such debts count for the
 * standing; where it is false they count for nothing until they are adopted. `topUp`: swaps for SOL
 * that the platform lets the daemon make.
 */
export function createLedger(
  sql: Sql,
  now: Fragment = sql`now()`,
  observing: boolean = false,
  topUp: TopUpRule | null = null,
): Ledger {
  return {
    probe: createProbe(sql),
    deliveries: createDeliveries(sql),
    sightings: createSightings(sql),
    watchList: createWatchList(sql),
    checks: createChecks(sql),
    asides: createAsides(sql),
    unread: createUnread(sql),
    unfollowed: createUnfollowed(sql),
    coverage: createCoverageBook(sql),
    subscribers: createSubscribers(sql),
    subscriptions: createSubscriptions(sql),
    creators: createCreators(sql),
    shares: createShares(sql, now, observing),
    credits: createCredits(sql, now),
    payments: createPayments(sql, now),
    costs: createCosts(sql),
    figures: createFigures(sql),
    halts: createHalts(sql),
    apiKeys: createApiKeys(sql),
    acts: createActs(sql),
    lists: createLists(sql),
    masterKey: createMasterKeyBook(sql),
    facts: { ...createFacts(sql), ...createCloses(sql) },
    endpoints: createEndpoints(sql),
    clearances: createClearances(sql),
    standings: createStandings(sql, observing, topUp),
    owing: createOwing(sql),
    suspicions: createSuspicions(sql),
  };
}

/**
 * Hears of standings that any daemon changed, and runs at every (re)connection, to catch up on what
 * was missed.
 */
export async function listenStandings(
  sql: Sql,
  onChange: () => void,
): Promise<() => Promise<void>> {
  const listening = await sql.listen(STANDING_CHANNEL, onChange, onChange);
  return () => listening.unlisten();
}

/** Hears of events that any daemon wrote, and runs at every (re)connection. */
export async function listenEvents(sql: Sql, onEvent: () => void): Promise<() => Promise<void>> {
  const listening = await sql.listen(EVENT_CHANNEL, onEvent, onEvent);
  return () => listening.unlisten();
}

/** Runs when any daemon or command made or revoked an API key, and at every (re)connection. */
export async function listenApiKeys(sql: Sql, onChange: () => void): Promise<() => Promise<void>> {
  const listening = await sql.listen(API_KEY_CHANNEL, onChange, onChange);
  return () => listening.unlisten();
}

/**
 * Hears whose accounts any daemon began or ceased to watch; at every (re)connection it may be
 * anybody's.
 */
export async function listenWatchList(
  sql: Sql,
  onListed: (subscriberId?: string) => void,
): Promise<() => Promise<void>> {
  const listening = await sql.listen(WATCH_LIST_CHANNEL, onListed, () => onListed());
  return () => listening.unlisten();
}
