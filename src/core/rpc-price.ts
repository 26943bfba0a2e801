// Rpc price: the credits that calls, webhooks and sockets cost at Helius. Sources of 2026-11-27:
// - helius.dev/docs/billing/credits: a call costs one credit, a historical one ten.
// - helius.dev/docs/faqs, webhooks: an event costs one credit, an edit a hundred.
// - helius.dev/docs/faqs, websockets: opening a socket costs one credit; standard sockets are
//   metered since April 2026.
// Other providers count otherwise.

/** When the price list was read. */
export const PRICES_AS_OF = '2026-11-27';

/**
 * The price of a method in credits, where it is not one. `getSignatureStatuses` is historical here,
 * because the daemon asks for it with `searchTransactionHistory`. `sendTransaction` is one credit
 * at an RPC node, and none at the sender endpoint, whose calls have names of their own.
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
  webhook_edit: 100,
  senderTook: 0,
  senderRefused: 0,
};

/** The methods of JSON-RPC that the daemon calls. */
export const RPC_METHODS: readonly string[] = [
  'getAccountInfo',
  'getBlock',
  'getBlockTime',
  'getBlocks',
  'getEpochInfo',
  'getFeeForMessage',
  'getFirstAvailableBlock',
  'getGenesisHash',
  'getLatestBlockhash',
  'getMinimumBalanceForRentExemption',
  'getMultipleAccounts',
  'getRecentPrioritizationFees',
  'getSignatureStatuses',
  'getSignaturesForAddress',
  'getSlot',
  'getTransaction',
  'getVersion',
  'isBlockhashValid',
  'sendTransaction',
  'simulateTransaction',
];

/** A socket costs two credits for each 0.1 MB that it receives. */
export const SOCKET_BYTES_A_CREDIT = 50_000;

/** The credits of one call, or of one item of core/hearing-costs.ts. */
export const creditsOf = (method: string): number => PRICES[method] ?? 1;
