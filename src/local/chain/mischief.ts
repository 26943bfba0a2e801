// Mischief: the ways in which the local chain can be made to misbehave, as real providers do. All
// are off by default. Forks and expired blockhashes are made through the cluster itself.
import type { VersionedTransaction } from '@solana/web3.js';

export type Mischief = {
  /** Answer the next N requests with HTTP 429. */
  tooManyRequests: number;
  /** Fail the next N requests of a method with a JSON-RPC error. */
  failing: Map<string, number>;
  /** Accept the next N transactions and lose them. */
  swallowSends: number;
  /** Lose a sent transaction where this says so, as leaders do in congestion. */
  drops: ((transaction: VersionedTransaction) => boolean) | null;
  /** Execute the next N transactions, and answer the sender with an error. */
  denySends: number;
  /** Called before or after the execution of every sent transaction. */
  onSend: { readonly when: 'before' | 'after'; readonly act: () => void } | null;
  /** Answer from this many slots ago. */
  lagSlots: number;
  /** Hold every answer for this long. */
  delayMs: number;
  /** Lose the next N notifications. */
  dropNotifications: number;
  /** Hold every other notification back until the next one has gone out. */
  swapNotifications: boolean;
  /** Keep WebSockets open and send nothing on them. */
  muteSockets: boolean;
  /**
   * Give no transaction up to this slot, like a node that prunes its ledger or started from a
   * snapshot.
   */
  forgottenUpTo: number;
  /** Name this first available block, even if `forgottenUpTo` says another. */
  claimedFirst: number | null;
  /**
   * Answer `meta: null` for transactions up to this slot: the node has them without their result.
   */
  metalessUpTo: number;
  /** Name this genesis hash instead of the chain's own. */
  genesisHash: string | null;
  /** The most rows in a page of history, even if a caller asks for more. */
  pageMost: number;
  /** Answer the next N account reads with null for every account. */
  emptyAccounts: number;
  /** Give this slot in the next N answers that contain the present slot. */
  wrongSlot: { slot: number; times: number };
};

/** No mischief at all; a test changes its members. */
export function createMischief(): Mischief {
  return {
    tooManyRequests: 0,
    failing: new Map(),
    swallowSends: 0,
    drops: null,
    denySends: 0,
    onSend: null,
    lagSlots: 0,
    delayMs: 0,
    dropNotifications: 0,
    swapNotifications: false,
    muteSockets: false,
    forgottenUpTo: 0,
    claimedFirst: null,
    metalessUpTo: 0,
    genesisHash: null,
    pageMost: Number.POSITIVE_INFINITY,
    emptyAccounts: 0,
    wrongSlot: { slot: 0, times: 0 },
  };
}

/** Whether a counted mischief happens now; uses up one of its count. */
export function strikes(
  mischief: Mischief,
  kind: 'tooManyRequests' | 'swallowSends' | 'denySends' | 'dropNotifications' | 'emptyAccounts',
): boolean {
  if (mischief[kind] <= 0) return false;
  mischief[kind]--;
  return true;
}
