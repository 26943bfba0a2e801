// Hearing: the facts of one transaction for the accounts that are watched, whoever caused it and
// whatever called the venue. A failed transaction moved nothing but its fee. Where the log was cut,
// instructions and balances tell what left, and what the account realised is marked unknown, for
// its own state to tell. A record that can't be read does so for the accounts it concerns.
import { type Coverage, coverageOf } from '../core/coverage.ts';
import type { Fact } from '../core/fact.ts';
import type { Watched } from '../core/hearing-ports.ts';
import type { Perimeter } from '../core/holdings.ts';
import type { Address } from '../core/ids.ts';
import { paymentIdOf } from '../core/rebuild.ts';
import { afterCall, type ChainTransaction, ORDINALS_A_CALL } from '../core/transaction.ts';
import { hearFailed, hearWallets, unknownCall } from '../core/wallet.ts';
import { hearCloses } from './closes.ts';
import type { Dialect } from './dialect.ts';
import { discriminatorOf, type Heard, readHeard, type VenueCall } from './heard.ts';
import { hearNotices } from './notices.ts';
import { swapBrackets } from './swaps.ts';
import { createTallies, type Tallies } from './tallies.ts';
import { hearTransfers, venueMoves } from './transfers.ts';

/**
 * Where in the transaction a call may have realised profit; null when it is one that realises none.
 */
function tradedAt(call: VenueCall | null): number | null {
  if (call === null) return afterCall({ place: 0 });
  // Withdrawals and their like realise nothing; whatever is not known to be one of them may.
  const trades = call.known === null || call.known.call === 'liquidate_perp_with_fill';
  return trades ? afterCall(call) : null;
}

/** Every watched Drift account that the venue was given in a transaction whose log was cut. */
function markCut(heard: Heard, tallies: Tallies): void {
  for (const call of heard.venueCalls)
    for (const account of heard.givenTo(call))
      tallies.unknown(account, 'log_truncated', tradedAt(call));
}

/**
 * Every watched Drift account that a record names which can't be read, or else that its call was
 * given.
 */
function markSpoiled(heard: Heard, tallies: Tallies): void {
  for (const { event, call } of heard.events ?? []) {
    if (event.event !== 'Spoiled') continue;
    const named = event.keys?.map((key) => heard.userOf(key)) ?? heard.givenTo(call);
    for (const account of named)
      if (account !== undefined) tallies.unknown(account, 'record_broken', tradedAt(call));
  }
}

/**
 * Instructions that are newer than this release: the state of the accounts they were given has to
 * show what they did.
 */
function markUnknownCalls(heard: Heard, tallies: Tallies): void {
  const { programId, instructions } = heard.dialect.profile;
  for (const call of heard.venueCalls) {
    if (instructions.has(discriminatorOf(call.data))) continue;
    for (const account of heard.givenTo(call)) {
      tallies.touch(account);
      const notice = unknownCall(programId, call.data.subarray(0, 8));
      heard.put(account.subscriberId, account.address, call.place * ORDINALS_A_CALL + 3, notice);
    }
  }
}

/**
 * How much of a transaction is understood, of the calls that were given an account of a subscriber.
 */
export function cover(
  dialect: Dialect,
  transaction: ChainTransaction,
  watched: ReadonlyMap<string, Watched>,
): Map<Address, Coverage> {
  const heard = readHeard(dialect, transaction, watched, () => {});
  const recorded = new Set((heard.events ?? []).map((each) => each.call?.place));
  const places = new Map(heard.venueCalls.map((each) => [each.place, each]));
  const { programId, instructions } = dialect.profile;
  return coverageOf(transaction, watched, programId, (call) => {
    if (!instructions.has(discriminatorOf(call.data))) return 'unknown';
    return places.get(call.place)?.known || recorded.has(call.place) ? 'understood' : 'neutral';
  });
}

/** The venue's part in who owns what; nothing was moved yet. */
const perimeterOf = (
  { profile, addresses }: Dialect,
  transaction: ChainTransaction,
  watched: ReadonlyMap<string, Watched>,
): Perimeter => ({
  transaction,
  watched,
  calls: [],
  venue: profile.programId,
  quoteMint: profile.quote.mint,
  ofValue: (mint) => profile.marketMints.has(mint),
  venueAccounts: addresses.ownAccounts,
  venueMoved: new Map(),
  swaps: new Map(),
});

/**
 * The facts of a transaction at one venue. Their ordinals depend on the transaction alone, never on
 * who happens to be watched.
 */
export function hear(
  dialect: Dialect,
  transaction: ChainTransaction,
  watched: ReadonlyMap<string, Watched>,
): Fact[] {
  const facts: Fact[] = [];
  const { signature, slot, blockIndex } = transaction;
  const put: Heard['put'] = (subscriberId, account, ordinal, body) =>
    void facts.push({
      subscriberId,
      account,
      signature,
      position: { slot, blockIndex, ordinal },
      body,
    });
  if (transaction.error !== null) {
    hearFailed(perimeterOf(dialect, transaction, watched), put);
    return facts;
  }
  const heard = readHeard(dialect, transaction, watched, put);
  const tallies = createTallies();
  if (heard.events === null) markCut(heard, tallies);
  markSpoiled(heard, tallies);
  hearCloses(heard, tallies);
  hearTransfers(heard, tallies);
  hearNotices(heard);
  markUnknownCalls(heard, tallies);
  tallies.put(put);
  hearWallets(
    {
      ...perimeterOf(dialect, transaction, watched),
      calls: heard.calls,
      venueMoved: venueMoves(heard),
      swaps: swapBrackets(heard),
    },
    put,
  );
  // What an account's state will tell of this transaction as a whole must not be told in part as
  // well.
  const told = facts.filter(
    ({ account, body }) =>
      (body.kind !== 'close' && body.kind !== 'open') || !tallies.isUnknown(account),
  );
  const paymentId = paymentIdOf(heard.calls);
  if (paymentId === null) return told;
  return told.map((fact) =>
    fact.body.kind === 'outflow' ? { ...fact, body: { ...fact.body, paymentId } } : fact,
  );
}
