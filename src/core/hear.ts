// Hear: the facts of one transaction: what the venue did for the watched accounts, and what went
// through the watched wallets and token accounts.
import type { Fact } from './fact.ts';
import type { Watched } from './hearing-ports.ts';
import type { Perimeter } from './holdings.ts';
import { paymentIdOf } from './rebuild.ts';
import { type ChainTransaction, callsOf } from './transaction.ts';
import type { Venue } from './venue.ts';
import { hearFailed, hearWallets, type Put } from './wallet.ts';

/** The part of a venue by which transactions are heard. */
export type HearingVenue = Pick<
  Venue,
  'hear' | 'programId' | 'quoteMint' | 'ofValue' | 'ownAccounts'
>;

/**
 * The facts that a transaction makes for the watched accounts. A failed transaction moves only its
 * fee. Outflows of a transaction that carries a payment's memo name that payment.
 */
export function hearTransaction(
  venue: HearingVenue,
  transaction: ChainTransaction,
  watched: ReadonlyMap<string, Watched>,
): Fact[] {
  const { signature, slot, blockIndex } = transaction;
  const { facts, moved, swaps } = venue.hear(transaction, watched);
  const heard: Fact[] = [...facts];
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
    venue: venue.programId,
    quoteMint: venue.quoteMint,
    ofValue: venue.ofValue,
    venueAccounts: venue.ownAccounts,
    venueMoved: moved,
    swaps,
  };
  (failed ? hearFailed : hearWallets)(perimeter, put);
  const paymentId = paymentIdOf(calls);
  if (paymentId === null) return heard;
  return heard.map((fact) =>
    fact.body.kind === 'outflow' ? { ...fact, body: { ...fact.body, paymentId } } : fact,
  );
}
