// Ledger: puts together the `Ledger` port over Postgres, one module for each noun.
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
import { createDebtSums } from './debt-sums.ts';
import { createDeliveries } from './deliveries.ts';
import { createEndpoints } from './endpoints.ts';
import { createEventLog } from './event-log.ts';
import { createFacts } from './facts.ts';
import { createHalts } from './halts.ts';
import { DOUBT_CHANNEL, LANE_CHANNEL } from './hearing-leases.ts';
import { createLists } from './lists.ts';
import { createMasterKeyBook } from './master-key.ts';
import { createNonceBook } from './nonces.ts';
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
 * Creates the ledger. `now` is the clock of debts and payments: the database's, unless a test
 * passes another. With `observing`, new debts are marked as observed and count for the standing;
 * without it observed debts do not count until they are adopted. `topUp` is the rule for swaps for
 * SOL that the platform lets the daemon make.
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
    nonces: createNonceBook(sql, now),
    costs: createCosts(sql),
    sums: createDebtSums(sql),
    halts: createHalts(sql),
    apiKeys: createApiKeys(sql),
    acts: createActs(sql),
    lists: createLists(sql),
    masterKey: createMasterKeyBook(sql),
    facts: { ...createFacts(sql), ...createCloses(sql) },
    endpoints: createEndpoints(sql),
    events: createEventLog(sql),
    clearances: createClearances(sql, topUp),
    standings: createStandings(sql, observing, topUp),
    owing: createOwing(sql),
    suspicions: createSuspicions(sql),
  };
}

/**
 * Calls `onChange` when any daemon has changed a standing, and at every connection, because
 * notifications during a disconnection are lost. Returns a function that stops listening.
 */
export async function listenStandings(
  sql: Sql,
  onChange: () => void,
): Promise<() => Promise<void>> {
  const listening = await sql.listen(STANDING_CHANNEL, onChange, onChange);
  return () => listening.unlisten();
}

/**
 * Calls `onEvent` when any daemon has written an event, and at every connection. Returns a function
 * that stops listening.
 */
export async function listenEvents(sql: Sql, onEvent: () => void): Promise<() => Promise<void>> {
  const listening = await sql.listen(EVENT_CHANNEL, onEvent, onEvent);
  return () => listening.unlisten();
}

/**
 * Calls `onChange` when an API key was made or revoked, and at every connection. Returns a function
 * that stops listening.
 */
export async function listenApiKeys(sql: Sql, onChange: () => void): Promise<() => Promise<void>> {
  const listening = await sql.listen(API_KEY_CHANNEL, onChange, onChange);
  return () => listening.unlisten();
}

/**
 * Calls `onPassed` with the id of each subscriber whose lane has work, as a daemon tells it.
 * Notifications during a disconnection are lost. Returns a function that stops listening.
 */
export async function listenLanes(
  sql: Sql,
  onPassed: (subscriberId: string) => void,
): Promise<() => Promise<void>> {
  const listening = await sql.listen(LANE_CHANNEL, onPassed);
  return () => listening.unlisten();
}

/**
 * Calls `onDoubt` with the id of each subscriber about whom a daemon tells a withdrawal doubt.
 * Notifications during a disconnection are lost. Returns a function that stops listening.
 */
export async function listenDoubts(
  sql: Sql,
  onDoubt: (subscriberId: string) => void,
): Promise<() => Promise<void>> {
  const listening = await sql.listen(DOUBT_CHANNEL, onDoubt);
  return () => listening.unlisten();
}

/**
 * Calls `onListed` with the id of a subscriber whose accounts were added to the watch-list or left
 * it. At every connection the call has no id and stands for every subscriber.
 */
export async function listenWatchList(
  sql: Sql,
  onListed: (subscriberId?: string) => void,
): Promise<() => Promise<void>> {
  const listening = await sql.listen(WATCH_LIST_CHANNEL, onListed, () => onListed());
  return () => listening.unlisten();
}
