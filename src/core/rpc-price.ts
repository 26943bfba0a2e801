// Rpc price: what calls cost at Helius, in credits. Source: helius.dev/docs/billing/credits, as of
// 2026-11-27: a call costs one credit, a historical (archival) one ten. Other providers count
// otherwise.

/** When the price list was read. */
export const PRICES_AS_OF = '2026-11-27';

/**
 * The price of a method in credits, where it is not one. `getSignatureStatuses` is historical here,
 * because the daemon asks for it with `searchTransactionHistory`. `sendTransaction` is one credit
 * at an RPC node, and none at the sender endpoint.
 */
const PRICES: Readonly<Record<string, number>> = {
  getTransaction: 10,
  getSignaturesForAddress: 10,
  getSignatureStatuses: 10,
  getBlock: 10,
  getBlocks: 10,
  getBlocksWithLimit: 10,
  getBlockTime: 10,
  getInflationReward: 10,
  getProgramAccounts: 10,
};

/** The credits of one call. */
export const creditsOf = (method: string): number => PRICES[method] ?? 1;
