// Genesis: the hashes that name the public clusters. A local chain has one of its own.

export const NETWORKS = ['mainnet', 'devnet', 'local'] as const;
export type Network = (typeof NETWORKS)[number];

/** Genesis hashes as every node of these clusters answers them; null where each chain has its own. */
export const KNOWN_GENESIS: Readonly<Record<Network, string | null>> = {
  mainnet: '5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d',
  devnet: 'EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG',
  local: null,
};
