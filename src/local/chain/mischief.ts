// Mischief: ways in which the local chain can be told to misbehave, as real providers do. All quiet
// by default. Blocks are forked off and blockhashes expired through the cluster itself.

export type Mischief = {
  /** Answer the next N requests with HTTP 429. */
  tooManyRequests: number;
  /** Fail the next N requests of a method with a JSON-RPC error. */
  failing: Map<string, number>;
  /** Accept transactions and lose them: the next N. */
  swallowSends: number;
  /** Execute transactions, and answer the sender with an error: the next N. */
  denySends: number;
  /** Called around the execution of every sent transaction. */
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
   * Know no transaction up to this slot, as a node that prunes its ledger or was booted from a
   * snapshot.
   */
  forgottenUpTo: number;
  /**
   * Answer `meta: null` for transactions up to this slot: the node has them, and not what became of
   * them.
   */
  metalessUpTo: number;
  /** Name this genesis hash instead of the chain's own. */
  genesisHash: string | null;
  /** At most so many rows in a page of history, whatever is asked for. */
  pageMost: number;
  /** Answer the next N account reads with null for every account. */
  emptyAccounts: number;
  /** Name this slot in the next N answers that name the present one. */
  wrongSlot: { slot: number; times: number };
};

export function createMischief(): Mischief {
  return {
    tooManyRequests: 0,
    failing: new Map(),
    swallowSends: 0,
    denySends: 0,
    onSend: null,
    lagSlots: 0,
    delayMs: 0,
    dropNotifications: 0,
    swapNotifications: false,
    muteSockets: false,
    forgottenUpTo: 0,
    metalessUpTo: 0,
    genesisHash: null,
    pageMost: Number.POSITIVE_INFINITY,
    emptyAccounts: 0,
    wrongSlot: { slot: 0, times: 0 },
  };
}

/** Uses up one occurrence of a counted mischief. */
export function strikes(
  mischief: Mischief,
  kind: 'tooManyRequests' | 'swallowSends' | 'denySends' | 'dropNotifications' | 'emptyAccounts',
): boolean {
  if (mischief[kind] <= 0) return false;
  mischief[kind]--;
  return true;
}
