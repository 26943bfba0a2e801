// Heard: tells whether the books of a simulated history have everything that is final on the chain.
import type { SimBooks } from './books.ts';
import type { SimChain } from './chain/chain.ts';

/**
 * Whether every history has been walked past the newest final transaction, all that was named there
 * has been read and booked, and the facts explain the state of every account.
 */
export async function isHeard(chain: SimChain, books: SimBooks): Promise<boolean> {
  const newest = chain.landed().findLast((each) => chain.isFinal(each))?.slot ?? 0;
  const cursors = await books.ledger.watchList.cursors();
  const { rumours, closes, transfers, gaps } = await books.open();
  const open = rumours + closes + transfers + gaps;
  return open === 0 && cursors.every((each) => each.slot >= newest);
}
