// Genesis: the hash that names mainnet. A local chain has one of its own.

export const NETWORKS = ['mainnet', 'local'] as const;
export type Network = (typeof NETWORKS)[number];

/**
 * Genesis hashes as every node of these networks answers them; null where each chain has its own.
 */
export const KNOWN_GENESIS: Readonly<Record<Network, string | null>> = {
  mainnet: '5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d',
  local: null,
};
