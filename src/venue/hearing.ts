// Hearing: the facts of one transaction for the accounts that are watched, whoever caused it and whatever called the venue.
// A failed transaction moved nothing but its fee. Where the log was cut, instructions and balances tell what left, and what the account
// realised is marked unknown, for its own state to tell. A record that can't be read does so for the accounts it concerns.
import { type Coverage, coverageOf } from '../core/coverage.ts';
import type { Fact } from '../core/fact.ts';
import type { Watched } from '../core/hearing-ports.ts';
import type { Perimeter } from '../core/holdings.ts';
import type { Address } from '../core/ids.ts';
import { paymentIdOf } from '../core/rebuild.ts';
import { afterCall, type ChainTransaction, ORDINALS_A_CALL } from '../core/transaction.ts';
import { hearFailed, hearWallets, unknownCall } from '../core/wallet.ts';
import { ownAccounts } from './addresses.ts';
import { hearCloses } from './closes.ts';
import { type Heard, readHeard, type VenueCall } from './heard.ts';
import { isInstruction } from './interface.ts';
import { hearNotices } from './notices.ts';
import { MARKET_MINTS, PROGRAM_ID, QUOTE_MINT } from './profile.ts';
import { createTallies, type Tallies } from './tallies.ts';
import { hearTransfers, swapBrackets, venueMoves } from './transfers.ts';

/** Where in the transaction a call may have realised profit; null when it is one that realises none. */
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

/** Every watched Drift account that a record names which can't be read, or else that its call was given. */
function markSpoiled(heard: Heard, tallies: Tallies): void {
  for (const { event, call } of heard.events ?? []) {
    if (event.event !== 'Spoiled') continue;
    const named = event.keys?.map((key) => heard.userOf(key)) ?? heard.givenTo(call);
    for (const account of named)
      if (account !== undefined) tallies.unknown(account, 'record_broken', tradedAt(call));
  }
}

/** Instructions that are newer than this release: the state of the accounts they were given has to show what they did. */
function markUnknownCalls(heard: Heard, tallies: Tallies): void {
  for (const call of heard.venueCalls) {
    if (isInstruction(call.data)) continue;
    for (const account of heard.givenTo(call)) {
      tallies.touch(account);
      const notice = unknownCall(PROGRAM_ID, call.data.subarray(0, 8));
      heard.put(account.subscriberId, account.address, call.place * ORDINALS_A_CALL + 3, notice);
    }
  }
}

/** How much of a transaction is understood, of the calls that were given an account of a subscriber. */
export function cover(
  transaction: ChainTransaction,
  watched: ReadonlyMap<string, Watched>,
): Map<Address, Coverage> {
  const heard = readHeard(transaction, watched, () => {});
  const recorded = new Set((heard.events ?? []).map((each) => each.call?.place));
  const places = new Map(heard.venueCalls.map((each) => [each.place, each]));
  return coverageOf(transaction, watched, PROGRAM_ID, (call) => {
    if (!isInstruction(call.data)) return 'unknown';
    return places.get(call.place)?.known || recorded.has(call.place) ? 'understood' : 'neutral';
  });
}

/** The venue's part in who owns what; nothing was moved yet. */
const perimeterOf = (
  transaction: ChainTransaction,
  watched: ReadonlyMap<string, Watched>,
): Perimeter => ({
  transaction,
  watched,
  calls: [],
  venue: PROGRAM_ID,
  quoteMint: QUOTE_MINT,
  ofValue: (mint) => MARKET_MINTS.has(mint),
  venueAccounts: ownAccounts,
  venueMoved: new Map(),
  swaps: new Map(),
});

/**
 * The facts of a transaction. Their ordinals depend on the transaction alone, never on who happens to be watched.
 * `ownUsers` are the Drift accounts that derive from an agent wallet.
 */
export function hear(
  transaction: ChainTransaction,
  watched: ReadonlyMap<string, Watched>,
  ownUsers: (agent: Address) => ReadonlySet<Address>,
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
    hearFailed(perimeterOf(transaction, watched), put);
    return facts;
  }
  const heard = readHeard(transaction, watched, put);
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
      ...perimeterOf(transaction, watched),
      calls: heard.calls,
      venueMoved: venueMoves(heard, ownUsers),
      swaps: swapBrackets(heard),
    },
    put,
  );
  // What an account's state will tell of this transaction as a whole must not be told in part as well.
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
