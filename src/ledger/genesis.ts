// Genesis: which chain this ledger belongs to. Written once, at the first start. Mainnet is held to
// the hash that every node of it answers, a local chain to the one that was met first.
import { KNOWN_GENESIS, type Network } from '../core/genesis.ts';
import type { Sql } from './database.ts';

/**
 * The genesis hash that a node of our chain must name, given the one that it did name: the ledger's
 * own, or the network's. An answer that fits the network is kept when the ledger has none yet;
 * another one is never written.
 */
export function createGenesis(sql: Sql, network: Network): (found: string) => Promise<string> {
  const known = KNOWN_GENESIS[network];
  let kept: string | null = null;
  return async (found) => {
    if (kept !== null) return kept;
    const fits = known === null || known === found;
    if (fits)
      await sql`
        insert into chain_identity (genesis_hash, network) values (${found}, ${network})
        on conflict on constraint chain_identity_single do nothing`;
    const [row] = await sql<{ genesis_hash: string }[]>`select genesis_hash from chain_identity`;
    const ours = row?.genesis_hash ?? known ?? found;
    if (row !== undefined) kept = ours;
    return ours;
  };
}

/** The genesis hash that the ledger keeps; null before the first start. */
export async function keptGenesis(sql: Sql): Promise<string | null> {
  const [row] = await sql<{ genesis_hash: string }[]>`select genesis_hash from chain_identity`;
  return row?.genesis_hash ?? null;
}
