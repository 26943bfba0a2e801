// Hearing share: how daemons over one ledger share the work of hearing. The watch-list has 64
// parts, and the hash of a subscriber's id says to which of them the subscriber belongs. A daemon
// that holds the lease of a part hears the accounts of its subscribers. Nothing depends on a part
// being held once: two daemons that hear one account note the same transactions.

/** The parts of the watch-list. */
export const PARTS = 64;

/** The part of a subscriber, from the SHA-256 of its id. The ledger computes the same in SQL. */
export const partOf = (hash: Uint8Array): number => (hash[0] ?? 0) % PARTS;

/**
 * The most parts that one of so many daemons holds: a part more than an even share rounded down,
 * but not while another daemon holds less than that (`leastOther`; null without others).
 */
export function fairShare(daemons: number, leastOther: number | null = null): number {
  const even = PARTS / Math.max(1, daemons);
  const least = Math.floor(even);
  return leastOther !== null && leastOther < least ? least : Math.ceil(even);
}

/** The leases of the parts. */
export type HearingLeases = {
  /**
   * Records that a daemon runs, and renews its leases up to `nowMs + lastsMs`. Returns the parts
   * that it still holds, how many daemons run, itself included, and how many parts the other one
   * holds that holds the fewest; null without others.
   */
  renew(
    daemonId: string,
    nowMs: number,
    lastsMs: number,
  ): Promise<{
    readonly parts: readonly number[];
    readonly daemons: number;
    readonly leastOther: number | null;
  }>;
  /** Takes up to `count` parts that no daemon holds. Returns those that it took. */
  take(daemonId: string, count: number, nowMs: number, lastsMs: number): Promise<number[]>;
  /** Gives parts back. */
  giveBack(daemonId: string, parts: readonly number[]): Promise<void>;
  /** Gives every part back. The daemon counts as running no more. */
  leave(daemonId: string): Promise<void>;
  /** How many other daemons run. */
  others(daemonId: string, nowMs: number, lastsMs: number): Promise<number>;
};

/** A change of an account that waits for a scan of its history. */
export type AwaitedChange = {
  readonly address: string;
  readonly subscriberId: string;
  readonly slots: readonly number[];
};
/** The facts about such changes that the ledger has from any daemon. */
export type HeardElsewhere = {
  /** Slots of an account in which a transaction of it was read. */
  readonly told: readonly { readonly address: string; readonly slot: number }[];
  /** Subscribers of whom a payment is on its way. */
  readonly paying: ReadonlySet<string>;
};
