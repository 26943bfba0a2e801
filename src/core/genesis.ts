// Genesis: the genesis hash of mainnet. Every local chain has its own.

export const NETWORKS = ['mainnet', 'local'] as const;
export type Network = (typeof NETWORKS)[number];

/** The genesis hash that every node of a network names; null when each chain has its own. */
export const KNOWN_GENESIS: Readonly<Record<Network, string | null>> = {
  mainnet: '5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d',
  local: null,
};
