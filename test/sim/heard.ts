// Heard: tells whether the books of a simulated history have everything that is final on the chain.
import type { Address } from '../../src/core/ids.ts';
import { type AccountState, COUNTERS } from '../../src/core/reckoning.ts';
import { DEFAULT_VENUE } from '../../src/core/venue-name.ts';
import type { SimBooks } from './books.ts';
import type { SimChain } from './chain/chain.ts';
import { venueOf } from './world.ts';

/** Whether the counters of an account's state are others than those that were compared last. */
export const isAltered = (baseline: AccountState, state: AccountState | null): boolean =>
  state !== null && COUNTERS.some((name) => baseline.counters[name] !== state.counters[name]);

/**
 * Whether each account whose state is compared with the facts was compared in the state that it has
 * now. A gap is found by the comparison only.
 */
async function isCompared(chain: SimChain, { ledger }: SimBooks): Promise<boolean> {
  const watched = await ledger.watchList.all();
  const checks = await ledger.checks.find(watched.map((each) => each.address));
  return checks.every(({ address, role, venue, baseline }) => {
    const found = chain.store.get(address);
    const owned = found && { ...found, owner: found.owner as Address };
    const state = venueOf(venue ?? DEFAULT_VENUE).stateOf(
      role,
      chain.block(chain.tip()).slot,
      owned,
    );
    return baseline === null || !isAltered(baseline, state);
  });
}

/**
 * Whether every history has been walked past the newest final transaction, all that was named there
 * has been read and booked, and the facts explain the state of every account.
 */
export async function isHeard(chain: SimChain, books: SimBooks): Promise<boolean> {
  const newest = chain.landed().findLast((each) => chain.isFinal(each))?.slot ?? 0;
  const cursors = await books.ledger.watchList.cursors();
  const { rumours, closes, transfers, gaps } = await books.open();
  const open = rumours + closes + transfers + gaps;
  const isRead = open === 0 && cursors.every((each) => each.slot >= newest);
  return isRead && (await isCompared(chain, books));
}
