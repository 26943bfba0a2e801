// Heard: tells whether the books of a simulated history have everything that is final on the chain.
import type { Address } from '../../src/core/ids.ts';
import { DEFAULT_VENUE } from '../../src/core/venue.ts';
import type { SimBooks } from './books.ts';
import type { SimChain } from './chain/chain.ts';
import { venueOf } from './world.ts';

/**
 * Whether each account whose state is compared with the facts was compared in the state that it has
 * now. A gap is found by the comparison only.
 */
async function isCompared(chain: SimChain, { ledger }: SimBooks): Promise<boolean> {
  const watched = new Map((await ledger.watchList.all()).map((each) => [each.address, each]));
  return (await ledger.checks.pulses()).every(({ address, slot, pulse }) => {
    const account = watched.get(address);
    const found = chain.store.get(address);
    const owned = found && { ...found, owner: found.owner as Address };
    if (account === undefined) return true;
    return (
      venueOf(account.venue ?? DEFAULT_VENUE).stateOf(account.role, slot, owned)?.pulse === pulse
    );
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
