// Sub-accounts: finds the accounts of an agent that exist at a venue and are not watched yet.
import type { Chain } from '../core/chain-ports.ts';
import type { Address } from '../core/ids.ts';
import type { VenueAccount } from '../core/ports.ts';
import type { Venues } from '../core/venue.ts';
import type { Watched } from '../core/watch-ports.ts';

/**
 * Sub-accounts of an agent that exist at a venue and are not watched. A venue numbers sub-accounts
 * in sequence, and a counter of the owner says how many were created.
 */
export async function missingSubAccounts(
  ports: { readonly chain: Chain; readonly venues: Venues },
  agentWallet: Address,
  watched: ReadonlyMap<string, Watched>,
): Promise<VenueAccount[]> {
  const { all } = ports.venues;
  const counters = all.map((each) => each.statsAddress(agentWallet));
  const { accounts } = await ports.chain.slices(counters, null, 'confirmed');
  const missing: VenueAccount[] = [];
  for (const [index, venue] of all.entries()) {
    const created = venue.subAccountsCreated(accounts[index] ?? null);
    for (let subAccountId = 0; subAccountId < created; subAccountId++) {
      const address = await venue.userAddress(agentWallet, subAccountId);
      if (!watched.has(address)) missing.push({ address, subAccountId, venue: venue.name });
    }
  }
  return missing;
}
