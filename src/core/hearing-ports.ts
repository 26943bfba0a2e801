// Hearing ports: what the ledger keeps of watched accounts: who is watched, what was delivered and
// mentioned, and how far each history was scanned.
import type { Fact } from './fact.ts';
import type { Address, Signature, Slot } from './ids.ts';
import type { Taking } from './reading.ts';
import type { Naming, Rumour } from './watch-ports.ts';

export type { Cursor, Naming, Rumour, Watched, WatchedRecord, WatchList } from './watch-ports.ts';
export { WATCH_ROLES } from './watch-ports.ts';

export type Sighting = {
  readonly signature: Signature;
  /** `wanted`: not read yet. `confirmed`: facts are recorded at confirmed commitment. */
  readonly status: 'wanted' | 'confirmed';
  readonly slot: Slot | null;
  /** The slot by an account's history, and the best grounds on which it was named. */
  readonly namedSlot: Slot | null;
  readonly named: Naming['by'];
  /** The order inside the block by an account's history. */
  readonly blockIndex: number | null;
  /**
   * A finalized reading was recorded before: it is read again at finalized commitment, for the sake
   * of another account.
   */
  readonly final: boolean;
  /** The source that named it first, and the watched accounts that it is said to touch. */
  readonly source: string;
  readonly accounts: readonly Address[];
  readonly attempts: number;
  /**
   * No node gives it, and of every account that it touches it is shown or accepted that nothing is
   * missing.
   */
  readonly ended: boolean;
  /** Since when it is wanted, and since when nodes have answered that they do not have it. */
  readonly wantedMs: number;
  readonly absentMs: number | null;
};

/**
 * The watch-list with which a transaction was read, and every address that it touches: keys, and
 * owners of moved tokens.
 */
export type ReadWith = { readonly listRevision: number; readonly touching: readonly string[] };

/** What recording a reading came to, and the subscribers whose history it changed. */
export type Settled = {
  /**
   * `stale`: it touches an account that joined after the watch-list it was read with, and nothing
   * was recorded.
   */
  readonly outcome: Taking['outcome'] | 'stale';
  readonly changed: readonly string[];
};

/** A stored delivery whose reading has begun. */
export type Begun = {
  readonly id: bigint;
  /**
   * Runs of other daemons that began it and neither digested it nor set it aside: they ended at it,
   * or hang in it.
   */
  readonly unended: number;
  /**
   * Unpacks one body at a time. Of a body longer than `bytesMost` only the length is told. A row
   * that is broken throws while it is read.
   */
  bodies(
    bytesMost: number,
  ): AsyncIterable<{ readonly length: number; readonly bytes: Uint8Array | null }>;
};
export type Deliveries = {
  /** Stores raw bodies durably, all or none, as one delivery. */
  record(bodies: readonly Uint8Array[], nowMs: number): Promise<void>;
  /**
   * Begins to read what is not digested, oldest first, without what is set aside: at most `limit`
   * deliveries and, beyond the first, `bytesMost` bytes as they are stored. `reader` names this run
   * of this daemon.
   */
  begin(asked: {
    readonly reader: string;
    readonly limit: number;
    readonly bytesMost: number;
    readonly nowMs: number;
  }): Promise<Begun[]>;
  /** The reading of one ended without being digested. */
  ended(id: bigint): Promise<void>;
  /** Marks one digested and notes its rumours, in one transaction. */
  digested(
    id: bigint,
    counts: { entries: number; refused: number },
    rumours: readonly Rumour[],
    nowMs: number,
  ): Promise<void>;
  /** Deletes what was digested longer ago, by the database's clock. */
  forget(keepMs: number): Promise<void>;
};

export type Sightings = {
  /** Notes transactions that a source names, however many. */
  note(rumours: readonly Rumour[], naming: Naming): Promise<void>;
  /**
   * Takes due sightings for `leaseMs`; another daemon will not see them meanwhile. Those that a
   * history named and rumours take turns; of one account so many are due at once, and the others at
   * a pace.
   */
  claim(nowMs: number, leaseMs: number, limit: number): Promise<Sighting[]>;
  /** `absentMs`: nodes have just answered that they do not have it. */
  postpone(signature: Signature, dueMs: number, absentMs?: number): Promise<void>;
  /**
   * Makes every confirmed reading of this slot and earlier ones due for its finalized reading. A
   * row that is being read, or that was tried and postponed, keeps its time.
   */
  becameFinal(slot: Slot, nowMs: number): Promise<void>;
  /**
   * Gives up on a rumour that no node knows: forged, or dropped before it was read. What a history
   * named stays.
   */
  giveUp(signature: Signature): Promise<void>;
  /** The watched accounts that a transaction is said to touch, and those of its facts. */
  accountsOf(signature: Signature): Promise<Address[]>;
  /**
   * Records what a transaction is at a finality: its facts become exactly these, as core/reading.ts
   * decides. Idempotent. With `insist`, a reading without a log is taken although an earlier one
   * had it. With `readWith`, a reading that did not look for an account that has joined since is
   * refused as stale.
   */
  settle(read: {
    signature: Signature;
    slot: Slot;
    finality: 'confirmed' | 'finalized';
    facts: readonly Fact[];
    dueMs: number;
    nowMs: number;
    insist?: boolean;
    readWith?: ReadWith;
  }): Promise<Settled>;
  /**
   * The transaction is on no fork that lived: withdraws its facts. Returns the subscribers it
   * touched.
   */
  drop(signature: Signature): Promise<string[]>;
  /** What was mentioned and is not final yet, and since when the oldest of it waits. */
  backlog(): Promise<{
    wanted: number;
    confirmed: number;
    oldestMs: number | null;
  }>;
  /**
   * Whose transactions are wanted since before then and not read. A rumour that nodes answered they
   * do not have does not count, nor does a transaction of which it is shown or accepted that
   * nothing is missing. `unattributedSinceMs` is the oldest of those that an earlier release noted
   * without accounts: they may touch any subscriber's.
   */
  unread(beforeMs: number): Promise<{
    readonly subscribers: readonly string[];
    readonly unattributedSinceMs: number | null;
  }>;
  /**
   * When a webhook last delivered, and when another source last told of a transaction with facts.
   */
  lastHeard(): Promise<{ webhookMs: number | null; otherMs: number | null }>;
};

export const ASIDE_KINDS = ['transaction', 'history', 'state', 'delivery'] as const;
export type AsideKind = (typeof ASIDE_KINDS)[number];
/**
 * Something that cannot be read or written for now. Its subject is a signature, an account, or the
 * id of a delivery.
 */
export type Aside = {
  readonly kind: AsideKind;
  readonly subject: string;
  readonly reason: string;
  /** Failures in a row. */
  readonly attempts: number;
  readonly sinceMs: number;
  readonly retryMs: number;
};
export type Asides = {
  /**
   * Notes a failure. It is tried again after `firstMs`, and after twice as long with each further
   * failure, up to `mostMs`.
   */
  put(failure: {
    kind: AsideKind;
    subject: string;
    reason: string;
    nowMs: number;
    firstMs: number;
    mostMs: number;
  }): Promise<{ readonly attempts: number; readonly retryMs: number }>;
  /** It went well. Returns how often it had failed. */
  clear(kind: AsideKind, subject: string): Promise<number>;
  /** When each is tried again. */
  of(kind: AsideKind): Promise<ReadonlyMap<string, number>>;
  /** Oldest first. */
  list(limit: number): Promise<Aside[]>;
  counts(): Promise<ReadonlyMap<AsideKind, number>>;
  /** Subscribers of accounts whose history or state has failed since before then. */
  subscribersBefore(beforeMs: number): Promise<string[]>;
};

/** Work that one daemon at a time does, of all that share the database. */
export type Locks = {
  /**
   * Waits until no other daemon holds the name, and runs the work. Throws `not_ready` when that
   * takes too long.
   */
  exclusively<T>(name: string, work: () => Promise<T>): Promise<T>;
};
