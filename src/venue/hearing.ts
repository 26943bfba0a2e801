// Hearing: derives what the venue did in one transaction for the watched accounts. The signer and
// the calling program do not matter. A failed transaction moves only its fee. Where the log was
// cut, outflows are taken from instructions and balances, and the account's realised profit is
// marked `unknown`, to be reckoned from account state. A record that cannot be read is treated in
// the same way, for the accounts that it concerns.
import { type Coverage, coverageOf } from '../core/coverage.ts';
import type { Fact } from '../core/fact.ts';
import type { HearingVenue } from '../core/hear.ts';
import type { Address } from '../core/ids.ts';
import { afterCall, type ChainTransaction, ORDINALS_A_CALL } from '../core/transaction.ts';
import type { HeardAtVenue } from '../core/venue.ts';
import { unknownCall } from '../core/wallet.ts';
import type { Watched } from '../core/watch-ports.ts';
import { hearCloses } from './closes.ts';
import { discriminatorOf, type Heard, type HeardEvent, type Hearing, readHeard } from './heard.ts';
import { madeForAt } from './made-for.ts';
import { hearNotices } from './notices.ts';
import { swapBrackets } from './swaps.ts';
import { createTallies, type Tallies } from './tallies.ts';
import { movesLoss, tradedAt } from './trading.ts';
import { hearTransfers, venueMoves } from './transfers.ts';

/** Calls that trade for an account and write no record of a fill. */
const UNTOLD: ReadonlySet<string> = new Set([
  'special_transfer_perp_position_to_vamm',
  'add_perp_lp_shares',
  'remove_perp_lp_shares',
  'remove_perp_lp_shares_in_expiring_market',
  'settle_lp',
]);

/**
 * Marks every watched Drift account of the venue's calls as unknown, in a transaction whose log was
 * cut.
 */
function markCut(heard: Heard, tallies: Tallies): void {
  for (const call of heard.venueCalls)
    for (const account of heard.givenTo(call)) tallies.unknown(account, 'log_truncated', null);
}

/**
 * Marks accounts as unknown for each record that cannot be read: the accounts that the record
 * names, or those of its call when the record names none.
 */
function markSpoiled(heard: Heard, tallies: Tallies): void {
  for (const { event, call } of heard.events ?? []) {
    if (event.event !== 'Spoiled') continue;
    const named = event.keys?.map((key) => heard.userOf(key)) ?? heard.givenTo(call);
    for (const account of named)
      if (account !== undefined)
        tallies.unknown(account, 'record_broken', call === null ? afterCall({ place: 0 }) : null);
  }
}

/**
 * Whether a record settles a position that an expired market closed, and no fill of its call tells
 * the close. Builds of Drift before October 2025 wrote no such fill.
 */
function isUntoldExpiry({ events }: Heard, { event, call }: HeardEvent): boolean {
  if (event.event !== 'SettlePnlRecord' || event.explanation !== 'expiredPosition') return false;
  const { user, marketIndex, baseAssetAmount } = event;
  return (
    baseAssetAmount !== 0n &&
    !(events ?? []).some(
      (other) =>
        other.call === call &&
        other.event.event === 'OrderActionRecord' &&
        other.event.actionExplanation === 'marketExpired' &&
        other.event.marketIndex === marketIndex &&
        other.event.taker === user,
    )
  );
}

/**
 * Marks the account of each call that trades without the record of a fill, and the account of each
 * settlement of shares, and of a position that an expired market closed. A vAMM hedger's position
 * moves to the venue at the oracle price, and only the program's log line in words tells of it.
 * Shares of a market's AMM settle into the account's position, also in a call that fills an order
 * or settles profit. Such a settlement may close a part of the position, and taking shares back
 * charges for a rest; no record tells either.
 */
function markUntold(heard: Heard, tallies: Tallies): void {
  for (const call of heard.venueCalls) {
    if (call.known === null || !UNTOLD.has(call.known.call)) continue;
    for (const account of heard.givenTo(call))
      if (tradedAt(heard.dialect, call, account.address) !== null)
        tallies.unknown(account, 'no_record', null);
  }
  for (const each of heard.events ?? []) {
    const { event, call } = each;
    const untold = event.event === 'LPRecord' || isUntoldExpiry(heard, each);
    const user = untold && 'user' in event ? heard.userOf(event.user) : undefined;
    if (user !== undefined) tallies.unknown(user, 'no_record', afterCall(call ?? { place: 0 }));
  }
}

/**
 * Notes for each account that is `unknown` the calls that may have realised profit for it: also
 * those whose records were read, because the account's closes and opens are dropped. A loss that a
 * call may have moved is noted as well.
 */
function markTraded(heard: Heard, tallies: Tallies): void {
  for (const call of heard.venueCalls)
    for (const account of heard.givenTo(call)) {
      const at = tradedAt(heard.dialect, call, account.address);
      if (at !== null) tallies.traded(account, at);
      if (movesLoss(call, account.address)) tallies.lossMoved(account);
    }
}

/**
 * For instructions that are newer than this release: puts a notice on each watched account that
 * they were given, and a tally that makes the account's state be compared.
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
 * How much of a transaction this release understands, by program: counts the calls that were given
 * an account of a subscriber.
 */
export function cover(
  dialect: Hearing,
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

/**
 * The findings of one venue about a transaction. An ordinal depends on the transaction alone, not
 * on which accounts are watched.
 */
export function hearVenue(
  dialect: Hearing,
  transaction: ChainTransaction,
  watched: ReadonlyMap<string, Watched>,
): HeardAtVenue {
  if (transaction.error !== null) return { facts: [], moved: [], swaps: new Map() };
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
  const heard = readHeard(dialect, transaction, watched, put);
  const tallies = createTallies();
  if (heard.events === null) markCut(heard, tallies);
  markSpoiled(heard, tallies);
  markUntold(heard, tallies);
  hearCloses(heard, tallies);
  hearTransfers(heard, tallies);
  markTraded(heard, tallies);
  hearNotices(heard);
  markUnknownCalls(heard, tallies);
  tallies.put(put);
  // An account that is `unknown` gets its profit for this transaction from account state as a
  // whole. Its closes and opens are dropped, so that no part of the profit is counted twice.
  const told = facts.filter(
    ({ account, body }) =>
      (body.kind !== 'close' && body.kind !== 'open') || !tallies.isUnknown(account),
  );
  return { facts: told, moved: venueMoves(heard), swaps: swapBrackets(heard) };
}

/** The part of a venue by which whole transactions are heard (core/hear.ts). */
export const hearingVenueOf = (dialect: Hearing): HearingVenue => ({
  hear: (transaction, watched) => hearVenue(dialect, transaction, watched),
  programId: dialect.profile.programId,
  quote: dialect.profile.quote,
  ofValue: (mint) => dialect.profile.marketMints.has(mint),
  isOwnAccount: dialect.addresses.isOwnAccount,
  isMadeFor: madeForAt(dialect),
});
