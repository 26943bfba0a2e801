// Hearing ports: the port to deliveries, sightings, asides and locks; watch-ports.ts has the
// watched accounts.
import type { Commitment, Fact } from './fact.ts';
import type { Address, Signature, Slot } from './ids.ts';
import type { Taking } from './reading.ts';
import type { NamedBy } from './source.ts';
import type { Naming, Rumour, SignatureSink } from './watch-ports.ts';

export type Sighting = {
  readonly signature: Signature;
  /** `wanted`: not read yet. `confirmed`: facts are recorded at confirmed commitment. */
  readonly status: 'wanted' | 'confirmed';
  readonly slot: Slot | null;
  /**
   * The slot according to an account's history, and the strongest source that named the
   * transaction.
   */
  readonly namedSlot: Slot | null;
  readonly named: Naming['by'];
  /** The index in the block according to an account's history. */
  readonly blockIndex: number | null;
  /**
   * A finalized reading was recorded before. The transaction is read again at finalized commitment
   * because of another account.
   */
  readonly final: boolean;
  /** The source that named it first, and the watched accounts that it is said to touch. */
  readonly source: NamedBy;
  readonly accounts: readonly Address[];
  readonly attempts: number;
  /**
   * For how long the source put the first reading off, so that the transaction is read once, when
   * it is final; 0 for a later reading. Milliseconds.
   */
  readonly putOffMs: number;
  /**
   * No node returns the transaction, and for every account that it touches it was shown or accepted
   * that nothing is missing.
   */
  readonly ended: boolean;
  /**
   * Since when the transaction is wanted, and since when nodes have answered that they do not have
   * it.
   */
  readonly wantedMs: number;
  readonly absentMs: number | null;
};

/**
 * The watch-list revision with which a transaction was read, and every address that it touches:
 * keys, and owners of moved tokens.
 */
export type ReadWith = { readonly listRevision: number; readonly touching: readonly string[] };

/** The outcome of recording a reading, and the subscribers whose facts it changed. */
export type ReadingOutcome = {
  /**
   * `stale`: the transaction touches an account that joined after the watch-list revision of the
   * reading; nothing was recorded. `unnoted`: the ledger has no sighting of the transaction,
   * because its database went back after the sighting was taken; nothing was recorded. Facts
   * without a sighting would never become final, and would stay when a fork dropped the
   * transaction.
   */
  readonly outcome: Taking['outcome'] | 'stale' | 'unnoted';
  readonly changed: readonly string[];
  /** The accounts of which the reading tells too late what was reckoned; absent for none. */
  readonly late?: readonly Address[];
};

/** A stored delivery that is being read. */
export type Begun = {
  readonly id: bigint;
  /**
   * Runs of other daemons that began to read the delivery and neither digested it nor set it aside:
   * they ended while reading it, or still hang.
   */
  readonly unended: number;
  /**
   * Unpacks one body at a time. For a body longer than `bytesMost` only the length is returned.
   * Throws while reading a damaged row.
   */
  bodies(
    bytesMost: number,
  ): AsyncIterable<{ readonly length: number; readonly bytes: Uint8Array | null }>;
};
export type Deliveries = {
  /** Stores raw bodies durably as one delivery, all or none. */
  record(bodies: readonly Uint8Array[], nowMs: number): Promise<void>;
  /**
   * Begins to read deliveries that are not digested, oldest first, without those set aside: at most
   * `limit`, and after the first one at most `bytesMost` stored bytes. `reader` names this run of
   * this daemon.
   */
  begin(asked: {
    readonly reader: string;
    readonly limit: number;
    readonly bytesMost: number;
    readonly nowMs: number;
  }): Promise<Begun[]>;
  /** Notes that the reading of a delivery ended without digesting it. */
  ended(id: bigint): Promise<void>;
  /** Marks a delivery digested and notes its rumours, in one transaction. */
  digested(
    id: bigint,
    counts: { entries: number; refused: number },
    rumours: readonly Rumour[],
    nowMs: number,
  ): Promise<void>;
  /** Deletes deliveries that were digested longer ago, by the database's clock. */
  forget(keepMs: number): Promise<void>;
};

export type Sightings = SignatureSink & {
  /**
   * Takes due sightings for `leaseMs`; no other daemon takes them meanwhile. Sightings that a
   * history named and rumours take turns. The first sightings of an account are due at once,
   * further ones at a fixed pace.
   */
  claim(nowMs: number, leaseMs: number, limit: number): Promise<Sighting[]>;
  /**
   * Postpones a sighting. `absentMs`: when nodes answered that they do not have the transaction.
   */
  postpone(signature: Signature, dueMs: number, absentMs?: number): Promise<void>;
  /**
   * Makes confirmed readings of this slot and earlier ones due for their finalized reading. A row
   * that is being read, or that was tried and postponed, keeps its time.
   */
  becameFinal(slot: Slot, nowMs: number): Promise<void>;
  /**
   * Gives up a rumour that no node knows: it was forged, or dropped before it was read. Also gives
   * up a rumour that was read as confirmed, names no watched account and has no fact. A sighting
   * that a history named stays.
   */
  giveUp(signature: Signature): Promise<void>;
  /** The watched accounts that a transaction is said to touch, and those of its facts. */
  accountsOf(signature: Signature): Promise<Address[]>;
  /**
   * Records a reading: the transaction's facts become exactly these, as core/reading.ts decides.
   * Idempotent. With `insist`, a reading without a log replaces an earlier one with a log. With
   * `readWith`, a reading that did not consider an account that has joined since is refused as
   * `stale`.
   */
  record(read: {
    signature: Signature;
    slot: Slot;
    finality: Commitment;
    facts: readonly Fact[];
    dueMs: number;
    nowMs: number;
    insist?: boolean;
    readWith?: ReadWith;
    /** The time of the block, which is kept with its facts. */
    blockTimeMs?: number | null;
    /** The reading is recorded before other readings that wait for the ledger. */
    ahead?: boolean;
  }): Promise<ReadingOutcome>;
  /**
   * Withdraws the facts of a transaction that is on no surviving fork. Returns the affected
   * subscribers. Does nothing when a finalized history has named the transaction meanwhile.
   */
  drop(signature: Signature): Promise<string[]>;
  /** The number of sightings that are not final, and since when the oldest of them waits. */
  backlog(): Promise<{
    wanted: number;
    confirmed: number;
    oldestMs: number | null;
  }>;
  /**
   * The subscribers whose transactions have been wanted since before then and are not read. Not
   * counted are rumours that nodes do not have, and transactions for which it was shown or accepted
   * that nothing is missing. `unattributedSinceMs` is the oldest sighting that an earlier release
   * noted without accounts; it may concern any subscriber.
   */
  unread(beforeMs: number): Promise<{
    readonly subscribers: readonly string[];
    readonly unattributedSinceMs: number | null;
  }>;
  /**
   * Those of these accounts of which a transaction is not read yet, as `unread` counts them,
   * whenever it was named.
   */
  unreadAmong(accounts: readonly Address[]): Promise<readonly Address[]>;
  /** When a webhook last delivered, and when another source last named a transaction with facts. */
  lastHeard(): Promise<{ webhookMs: number | null; otherMs: number | null }>;
};

export const ASIDE_KINDS = ['transaction', 'history', 'state', 'delivery'] as const;
export type AsideKind = (typeof ASIDE_KINDS)[number];
/**
 * An item that cannot be read or written for now. Its subject is a signature, an account, or the id
 * of a delivery.
 */
export type Aside = {
  readonly kind: AsideKind;
  readonly subject: string;
  readonly reason: string;
  /** The number of failures in a row. */
  readonly attempts: number;
  readonly sinceMs: number;
  readonly retryMs: number;
};
export type Asides = {
  /**
   * Records a failure. The next attempt is after `firstMs`, and after twice as long with each
   * further failure, up to `mostMs`.
   */
  put(failure: {
    kind: AsideKind;
    subject: string;
    reason: string;
    nowMs: number;
    firstMs: number;
    mostMs: number;
  }): Promise<{ readonly attempts: number; readonly retryMs: number }>;
  /** Removes an aside after a success. Returns how many failures it had. */
  clear(kind: AsideKind, subject: string): Promise<number>;
  /** The time of the next attempt, by subject. */
  of(kind: AsideKind): Promise<ReadonlyMap<string, number>>;
  /** Lists asides, oldest first. */
  list(limit: number): Promise<Aside[]>;
  /** The number of asides of each kind. */
  counts(): Promise<ReadonlyMap<AsideKind, number>>;
  /** Subscribers of accounts whose history or state has been failing since before then. */
  subscribersBefore(beforeMs: number): Promise<string[]>;
};

/** Runs work that only one daemon on the same database may do at a time. */
export type Locks = {
  /**
   * Waits until no other daemon holds the name, and runs the work. Throws `not_ready` when that
   * takes too long.
   */
  exclusively<T>(name: string, work: () => Promise<T>): Promise<T>;
};
