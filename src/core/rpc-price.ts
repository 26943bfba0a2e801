// Rpc price: what calls cost at Helius, by its price list of November 2026. Other providers count
// otherwise.

/** The price of a method in credits, where it is not one. */
const PRICES: Readonly<Record<string, number>> = {
  getTransaction: 10,
  getSignaturesForAddress: 10,
  getBlock: 10,
  getBlocks: 10,
  getProgramAccounts: 10,
};

/** The credits of one call. */
export const creditsOf = (method: string): number => PRICES[method] ?? 1;
