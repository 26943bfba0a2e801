// Clearance: answers a platform that asks whether a subscriber may withdraw or close. The debts are
// paid first, if they can be paid at once; then the accounts are read. The answer is a clearance,
// or a sentence that says why not and what to do.

import type { Chain } from '../core/chain-ports.ts';
import { type Clearance, whyBlocked } from '../core/clearance.ts';
import type { Settled } from '../core/clearance-ports.ts';
import { type Block, besideOthers, settledIn, type Uncovered, uncovered } from '../core/covered.ts';
import { Fault } from '../core/fault.ts';
import type { BaseUnits } from '../core/money.ts';
import type { Pace } from '../core/pace.ts';
import type { Clock, Ledger, Log, Subscriber } from '../core/ports.ts';
import type { Owed, Token } from '../core/token.ts';
import type { Tokens } from '../core/token-ports.ts';
import type { Venue, Venues } from '../core/venue.ts';
import type { VenueName } from '../core/venue-name.ts';
import type { Books } from './books-comparison.ts';
import { createClearanceHoldings } from './clearance-holdings.ts';
import { countersOf, SUB_ACCOUNTS_MOST } from './sub-accounts.ts';

export type ClearAnswer =
  | {
      readonly status: 'cleared';
      readonly clearance: Clearance;
      /** The token of the amount. */
      readonly token: Token;
      readonly untilMs: number;
    }
  | {
      readonly status: 'blocked';
      readonly code: Block;
      /** The sum owed over all tokens; `owed` has it by token. */
      readonly outstanding: BaseUnits;
      readonly owed: readonly Owed[];
      readonly reason: string;
    };

export type ClearPorts = {
  readonly ledger: Ledger;
  readonly chain: Chain;
  readonly tokens: Tokens;
  readonly venues: Venues;
  readonly clock: Clock;
  readonly log: Log;
  readonly pace: Pace;
  readonly books: Pick<Books, 'doubt' | 'identity'>;
  /** Judges the subscriber anew. Returns the sum owed of each token; empty when all is paid. */
  readonly owed: (subscriberId: string) => Promise<readonly Owed[]>;
  /** Wakes the subscriber's lane. */
  readonly nudge: (subscriberId: string) => void;
};
export type ClearOptions = {
  /** How long a clearance lasts. */
  readonly lastsMs: number;
  /** The longest time that an answer may take while a payment is on its way. */
  readonly patienceMs: number;
};

/** The pace of the chain must be measured within this time, in milliseconds. */
const PACE_WITHIN_MS = 60_000;
const POLL_MS = 100;
const NOT_FOLLOWED = `Not all sub-accounts are followed: the subscriber has more than ${SUB_ACCOUNTS_MOST}, or made one just now. Delete those beyond, or ask again in a minute.`;
/**
 * Accounts are read less often than the ledger, because each reading takes two calls per account.
 */
const LOOK_AGAIN_MS = 500;
/**
 * A withdrawal sent at the last moment lands before its blockhash expires, which is after 150
 * blocks.
 */
const SENT_LATE_MS = 60_000;

/**
 * Grants a clearance, or says why not. Under an id that was granted before, returns the earlier
 * clearance. `amount` is in base units; null means everything. Throws `not_found` for a subscriber
 * that is not registered.
 */
export type Clear = (
  subscriberId: string,
  wanted: {
    id: string;
    purpose: Clearance['purpose'];
    amount: BaseUnits | null;
    /** The venue from which the amount is withdrawn; the usual one when left out. */
    venue?: VenueName;
  },
) => Promise<ClearAnswer>;

/** Creates the flow that answers requests for a clearance. */
export function createClear(ports: ClearPorts, options: ClearOptions): Clear {
  const { ledger, chain, venues, clock, log, pace } = ports;
  const holdingsOf = createClearanceHoldings(ports);
  const never = new AbortController().signal;

  /**
   * Makes the debts due now, and waits until they are paid, cannot be paid, or the deadline has
   * passed. Returns what is still owed.
   */
  const payUp = async (subscriberId: string, deadlineMs: number): Promise<readonly Owed[]> => {
    await ledger.shares.hasten(subscriberId);
    ports.nudge(subscriberId);
    // A payment attempt may have been under way at this call and have read the accounts before they
    // changed, so the first refusal is tried once more.
    let refusals = 0;
    for (;;) {
      const owed = await ports.owed(subscriberId);
      if (owed.length === 0 || clock.elapsedMs() >= deadlineMs) return owed;
      const open = (await ledger.shares.open(subscriberId)).filter((each) => !each.observed);
      const stuck =
        open.length > 0 &&
        open.every((each) => each.reason !== null && each.status !== 'processing');
      if (stuck && ++refusals > 1) return owed;
      if (stuck) {
        await ledger.shares.hasten(subscriberId);
        ports.nudge(subscriberId);
      }
      await clock.sleep(POLL_MS, never);
    }
  };

  /**
   * The reason why nothing may be cleared although nothing is owed, or null, and the most that may
   * be cleared. Waits for reasons that pass by themselves.
   */
  const doubtOf = async (
    subscriber: Subscriber,
    at: Venue,
    amount: BaseUnits | null,
    deadlineMs: number,
  ): Promise<{ readonly doubt: Uncovered | null; readonly settled: Settled }> => {
    for (;;) {
      const { holdings, tokens, readings } = await holdingsOf(subscriber, at, amount === null);
      const slot = Math.min(...readings.map((each) => each.slot));
      const doubt = uncovered(holdings, tokens, amount, at.quote);
      if (doubt === null || !doubt.passes || clock.elapsedMs() >= deadlineMs)
        return { doubt, settled: { most: settledIn(holdings, tokens), slot, readings } };
      await clock.sleep(LOOK_AGAIN_MS, never);
    }
  };

  /**
   * The number of slots in a time, at the measured pace; measures the pace when none is known.
   * Throws `rpc_unavailable` when no slot passes meanwhile.
   */
  const slotsIn = async (ms: number): Promise<number> => {
    const lastMs = clock.elapsedMs() + PACE_WITHIN_MS;
    for (;;) {
      const msPerSlot = pace.msPerSlot();
      if (msPerSlot !== null) return Math.ceil(ms / msPerSlot);
      if (clock.elapsedMs() > lastMs)
        throw new Fault(
          'rpc_unavailable',
          `The chain shows no new slot for ${PACE_WITHIN_MS / 1_000} s, so it is not known how long a slot takes. Ask again.`,
        );
      await clock.sleep(LOOK_AGAIN_MS, never);
      pace.note(await chain.slot('confirmed'), clock.elapsedMs());
    }
  };

  return async (subscriberId, { id, purpose, amount, venue: name }) => {
    const at = name === undefined ? venues.usual : venues.of(name);
    const subscriber = await ledger.subscribers.find(subscriberId);
    if (subscriber === null || subscriber.retiredAtMs !== null)
      throw new Fault('not_found', `Subscriber ${subscriberId} is not registered.`);
    const known = await ledger.clearances.find(subscriberId, id);
    if (known !== null)
      return { status: 'cleared', clearance: known, token: at.quote, untilMs: known.untilMs };
    const deadlineMs = clock.elapsedMs() + options.patienceMs;
    const blocked = (code: Block, owed: readonly Owed[], reason: string): ClearAnswer => {
      const outstanding = owed.reduce((sum, each) => sum + each.amount, 0n);
      log.info('clearance.blocked', { subscriber: subscriberId, purpose, code, outstanding });
      return { status: 'blocked', code, outstanding, owed, reason };
    };
    const stillOwing = async (): Promise<ClearAnswer | null> => {
      let owed = await ports.owed(subscriberId);
      if (owed.length > 0) owed = await payUp(subscriberId, deadlineMs);
      if (owed.length === 0) return null;
      const open = await ledger.shares.open(subscriberId);
      const stuck = open.find((each) => each.reason !== null);
      return blocked('owes', owed, whyBlocked(owed, stuck?.reason ?? null, at.title));
    };
    const owing = await stillOwing();
    if (owing !== null) return owing;
    const { doubt, settled } = await doubtOf(subscriber, at, amount, deadlineMs);
    if (doubt !== null) return blocked(doubt.code, [], doubt.reason);
    // A transaction that was heard while the accounts were read may have made a new debt.
    const owingNow = await stillOwing();
    if (owingNow !== null) return owingNow;
    // The positions and debts of accounts that are not followed are not known.
    const counters = countersOf(venues, subscriber.agentWallet);
    if ((await ledger.unfollowed.find(counters)).length > 0)
      return blocked('accounts_not_followed', [], NOT_FOLLOWED);
    // A database that went back may have lost debts, or what shows that a debt is unpaid.
    const broken = await ports.books.doubt();
    if (broken !== null) return blocked('books_behind', [], broken.detail);
    const under = ports.books.identity();
    const slots = await slotsIn(options.lastsMs + SENT_LATE_MS);
    const nowSlot = await chain.slot('confirmed');
    const grantedAtMs = clock.nowMs();
    const untilMs = grantedAtMs + options.lastsMs;
    const clearance: Clearance = {
      id,
      purpose,
      amount,
      mint: at.quoteMint,
      // What happened after the readings was not checked, and counts as after the grant.
      grantedSlot: settled.slot,
      untilSlot: Math.max(nowSlot, settled.slot) + slots,
      trades: [],
    };
    const others = await ledger.clearances.grant(
      ...([subscriberId, clearance, grantedAtMs, untilMs, under, settled] as const),
    );
    if (others !== null && amount !== null)
      return blocked('too_much', [], besideOthers(amount, settled.most, others, at.quote));
    log.info('clearance.granted', {
      subscriber: subscriberId,
      purpose,
      amount,
      clearance: id,
    });
    return { status: 'cleared', clearance, token: at.quote, untilMs };
  };
}
