// Hear: derives the facts of one transaction: the acts of the venues on the watched accounts, and
// the movements through the watched wallets and token accounts. Each is one fact, however many
// venues took part.
import type { Fact } from './fact.ts';
import type { Perimeter, SwapBracket } from './holdings.ts';
import { limitToKept } from './kept.ts';
import { paymentIdOf } from './rebuild.ts';
import { tokenOwners } from './token-owners.ts';
import { type ChainTransaction, callsOf } from './transaction.ts';
import type { HeardAtVenue, Venue } from './venue.ts';
import { hearFailed, hearWallets, type Put } from './wallet.ts';
import type { Watched } from './watch-ports.ts';

/** The part of a venue by which transactions are heard. */
export type HearingVenue = Pick<
  Venue,
  'hear' | 'programId' | 'quote' | 'ofValue' | 'isOwnAccount' | 'isMadeFor'
>;

/** The swaps of each subscriber at all venues. */
function swapsOf(told: readonly HeardAtVenue[]): HeardAtVenue['swaps'] {
  const [only] = told;
  if (told.length === 1 && only !== undefined) return only.swaps;
  const swaps = new Map<string, readonly SwapBracket[]>();
  for (const each of told)
    for (const [subscriber, brackets] of each.swaps)
      swaps.set(subscriber, [...(swaps.get(subscriber) ?? []), ...brackets]);
  return swaps;
}

/**
 * The facts that a transaction makes for the watched accounts. A failed transaction moves only its
 * fee. Outflows of a transaction that carries a payment's memo name that payment.
 */
export function hearTransaction(
  venues: readonly HearingVenue[],
  transaction: ChainTransaction,
  watched: ReadonlyMap<string, Watched>,
): Fact[] {
  const { signature, slot, blockIndex } = transaction;
  const atVenues = venues.map((each) => each.hear(transaction, watched));
  const heard: Fact[] = atVenues.flatMap((each) => each.facts);
  const put: Put = (subscriberId, account, ordinal, body) => {
    const position = { slot, blockIndex, ordinal };
    heard.push({ subscriberId, account, signature, position, body });
  };
  const failed = transaction.error !== null;
  const calls = failed ? [] : callsOf(transaction);
  const perimeter: Perimeter = {
    transaction,
    watched,
    calls,
    owners: tokenOwners(transaction),
    venues: new Set(venues.map((each) => each.programId)),
    quotes: new Set(venues.map((each) => each.quote.mint)),
    ofValue: (mint) => venues.some((each) => each.ofValue(mint)),
    isVenueAccount: (agent, account) => venues.some((each) => each.isOwnAccount(agent, account)),
    madeFor: (agent, account) => venues.some((each) => each.isMadeFor(agent, account, calls)),
    venueMoved: atVenues.flatMap((each) => each.moved),
    swaps: swapsOf(atVenues),
  };
  (failed ? hearFailed : hearWallets)(perimeter, put);
  const told = limitToKept(heard, transaction);
  const paymentId = paymentIdOf(calls);
  if (paymentId === null) return told;
  return told.map((fact) =>
    fact.body.kind === 'outflow' ? { ...fact, body: { ...fact.body, paymentId } } : fact,
  );
}
