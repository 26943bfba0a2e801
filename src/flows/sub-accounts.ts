// Sub-accounts: finds the accounts of an agent that exist at a venue and are not watched yet, and
// says how many more of them are followed.
import type { Chain } from '../core/chain-ports.ts';
import type { Address, Slot } from '../core/ids.ts';
import type { Ledger, Subscriber, VenueAccount } from '../core/ports.ts';
import type { Venues } from '../core/venue.ts';

/**
 * The most open sub-accounts of one subscriber that are followed, over all venues. Each is read
 * when a payment is planned or a clearance is asked for, and its rent comes back when its owner
 * deletes it. One request may register 64.
 */
export const SUB_ACCOUNTS_MOST = 64;
/**
 * The most sub-accounts of one subscriber that are followed, deleted ones included. A deleted one
 * stays watched, because its history may be read again.
 */
const SUB_ACCOUNTS_EVER_MOST = 1_000;

type Owner = Pick<Subscriber, 'id' | 'agentWallet' | 'driftAccounts'>;

/** How many more sub-accounts of a subscriber are followed. */
export async function roomFor(
  { watchList }: Pick<Ledger, 'watchList'>,
  { id, driftAccounts }: Pick<Owner, 'id' | 'driftAccounts'>,
): Promise<number> {
  const open = await watchList.openAccounts(id, 'drift_user');
  const ever = SUB_ACCOUNTS_EVER_MOST - driftAccounts.length;
  return Math.max(0, Math.min(SUB_ACCOUNTS_MOST - open, ever));
}

/**
 * The accounts that count an agent's sub-accounts, one for each venue. In the list of accounts that
 * are not followed such a counter stands for every sub-account that it counts and that is not
 * followed. One row is enough, however many sub-accounts there are.
 */
export const countersOf = ({ all }: Venues, agentWallet: Address): Address[] =>
  all.map((each) => each.statsAddress(agentWallet));

/**
 * The first `most` sub-accounts of an agent that a venue counts and that are not followed, and the
 * slot in which the counters were read. A venue numbers sub-accounts in sequence, and a counter of
 * the owner says how many were created.
 */
export async function missingSubAccounts(
  { chain, venues }: { readonly chain: Chain; readonly venues: Venues },
  { agentWallet, driftAccounts }: Owner,
  most: number,
): Promise<{ readonly slot: Slot; readonly missing: readonly VenueAccount[] }> {
  const counters = countersOf(venues, agentWallet);
  const { slot, accounts } = await chain.slices(counters, null, 'confirmed');
  const nameOf = (venue: string, subAccountId: number): string => `${venue}/${subAccountId}`;
  const known = new Set(driftAccounts.map((each) => nameOf(each.venue, each.subAccountId)));
  const missing: VenueAccount[] = [];
  for (const [index, venue] of venues.all.entries()) {
    const created = venue.subAccountsCreated(accounts[index] ?? null);
    for (let subAccountId = 0; subAccountId < created && missing.length < most; subAccountId++) {
      if (known.has(nameOf(venue.name, subAccountId))) continue;
      const address = await venue.userAddress(agentWallet, subAccountId);
      missing.push({ address, subAccountId, venue: venue.name });
    }
  }
  return { slot, missing };
}
