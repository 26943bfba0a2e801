// Hearing: the facts of one transaction for the accounts that are watched, whoever caused it and whatever called the venue.
// A failed transaction moved nothing but its fee. Where the log was cut, instructions and balances tell what left, and what the account
// realised is marked unknown, for its own state to tell.
import type { Fact, Unknown } from '../core/fact.ts';
import type { Watched } from '../core/hearing-ports.ts';
import type { Perimeter } from '../core/holdings.ts';
import type { Address } from '../core/ids.ts';
import { afterCall, type ChainTransaction } from '../core/transaction.ts';
import { hearFailed, hearWallets } from '../core/wallet.ts';
import { ownAccounts } from './addresses.ts';
import { hearCloses } from './closes.ts';
import { type Heard, readHeard } from './heard.ts';
import { hearNotices } from './notices.ts';
import { MARKET_MINTS, PROGRAM_ID, QUOTE_MINT } from './profile.ts';
import { createTallies, type Tallies } from './tallies.ts';
import { hearTransfers, swapBrackets, venueMoves } from './transfers.ts';

/** Every watched Drift account that the venue was given while nobody can read what it did. */
function markUnknown(heard: Heard, tallies: Tallies, why: Unknown['why']): void {
  for (const call of heard.venueCalls) {
    for (const account of call.accounts) {
      const watch = heard.watched.get(account);
      if (watch?.role !== 'drift_user') continue;
      // Withdrawals and their like realise nothing; whatever is not known to be one of them may.
      const trades = call.known === null || call.known.call === 'liquidate_perp_with_fill';
      tallies.unknown(watch, why, trades ? afterCall(call) : null);
    }
  }
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
  if (heard.unread !== null) markUnknown(heard, tallies, heard.unread);
  hearCloses(heard, tallies);
  hearTransfers(heard, tallies);
  hearNotices(heard);
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
  return facts;
}
