// Venue status: stops and opens a venue for all accounts, as its administrators do.
import type { VenueName } from '../../src/core/venue-name.ts';
import type { Cluster } from '../../src/local/chain/cluster.ts';
import { dialectOf } from '../../src/venue/venues.ts';

/** Writes the pause bits of the venue's State; bit 2 stops withdrawals, and 0 stops nothing. */
export function setExchangeStatus(cluster: Cluster, venue: VenueName, bits: number): void {
  const { profile, addresses } = dialectOf(venue);
  const account = cluster.bank.get(addresses.state);
  if (account === null) throw new Error('the venue has no state');
  const data = Uint8Array.from(account.data);
  data[profile.accounts.State.fields.exchangeStatus] = bits;
  cluster.put(addresses.state, { ...account, data });
}
