// Genesis: stores which chain this ledger belongs to, once, at the first start. Mainnet is compared
// with its known genesis hash, a local chain with the first hash that a node answered. For a local
// ledger, the hash of a public cluster is refused.
import { fitsNetwork, KNOWN_GENESIS, type Network } from '../core/genesis.ts';
import type { Sql } from './database.ts';

/**
 * Returns a function from the genesis hash that a node named to the one that it must name: the
 * ledger's own, or the network's; null when the ledger is local, has none yet, and the node belongs
 * to a public cluster. When the ledger has none yet, a hash that fits the network is stored;
 * another one is never stored.
 */
export function createGenesis(
  sql: Sql,
  network: Network,
): (found: string) => Promise<string | null> {
  const known = KNOWN_GENESIS[network];
  let kept: string | null = null;
  return async (found) => {
    if (kept !== null) return kept;
    const fits = fitsNetwork(found, network);
    if (fits)
      await sql`
        insert into chain_identity (genesis_hash, network) values (${found}, ${network})
        on conflict on constraint chain_identity_single do nothing`;
    const [row] = await sql<{ genesis_hash: string }[]>`select genesis_hash from chain_identity`;
    const ours = row?.genesis_hash ?? known ?? (fits ? found : null);
    if (row !== undefined) kept = ours;
    return ours;
  };
}

/** The genesis hash in the ledger; null before the first start. */
export async function keptGenesis(sql: Sql): Promise<string | null> {
  const [row] = await sql<{ genesis_hash: string }[]>`select genesis_hash from chain_identity`;
  return row?.genesis_hash ?? null;
}
