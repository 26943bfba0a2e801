// Genesis: which chain a genesis hash names. A ledger of mainnet takes mainnet's hash alone; a
// local ledger takes any but those of the public clusters.

export const NETWORKS = ['mainnet', 'local'] as const;
export type Network = (typeof NETWORKS)[number];

const MAINNET = '5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d';
/** The public clusters by the genesis hash that each of their nodes names. */
const CLUSTERS: ReadonlyMap<string, string> = new Map([
  [MAINNET, 'mainnet'],
  ['EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG', 'devnet'],
  ['4uhcVJyU9pJkvQyUS88uRDiswHXSCkY3zQawwpjk2NsY', 'testnet'],
]);

/** The genesis hash that every node of a network names; null when each chain has its own. */
export const KNOWN_GENESIS: Readonly<Record<Network, string | null>> = {
  mainnet: MAINNET,
  local: null,
};

/**
 * Whether a chain with this genesis hash can be the network's: mainnet for `mainnet`, and any chain
 * but a public cluster for `local`.
 */
export function fitsNetwork(hash: string, network: Network): boolean {
  const known = KNOWN_GENESIS[network];
  return known === null ? !CLUSTERS.has(hash) : hash === known;
}

/** A genesis hash for a message, with the name of its cluster where it is a public one. */
export function shownGenesis(hash: string): string {
  const cluster = CLUSTERS.get(hash);
  return cluster === undefined ? hash : `${hash} (${cluster})`;
}

/**
 * The words of a message about a node of another chain. `ours` is the hash of this ledger's chain;
 * null for a local ledger that belongs to no chain yet.
 */
export const otherChain = (found: string, ours: string | null): string =>
  `its genesis hash is ${shownGenesis(found)}, and ${ours === null ? 'a local ledger takes no public cluster' : `this ledger's is ${shownGenesis(ours)}`}`;
