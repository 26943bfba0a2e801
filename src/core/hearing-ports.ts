// Hearing ports: what the ledger keeps of watched accounts: who is watched, what was delivered and mentioned, how far each
// history was scanned, and whether account state agrees with the facts.
import type { Fact } from './fact.ts';
import type { Address, Signature, Slot } from './ids.ts';
import type { Perhaps } from './perhaps.ts';
import type { Taking } from './reading.ts';
import type { AccountState, Counters } from './reckoning.ts';

export const WATCH_ROLES = ['drift_user', 'agent_wallet', 'agent_token_account'] as const;
export type Watched = {
  readonly address: Address;
  readonly subscriberId: string;
  readonly role: (typeof WATCH_ROLES)[number];
};

/** Somebody said that this transaction touches a watched account. It is true once RPC says so too. */
export type Rumour = {
  readonly signature: Signature;
  /** The order inside the block, where the source told it. */
  readonly blockIndex: number | null;
};

export type Sighting = Rumour & {
  /** `wanted`: not read yet. `confirmed`: facts are recorded at confirmed commitment. */
  readonly status: 'wanted' | 'confirmed';
  readonly slot: Slot | null;
  /** A finalized reading was recorded before: it is read again at finalized commitment, for the sake of another account. */
  readonly final: boolean;
  readonly attempts: number;
  readonly firstSeenMs: number;
};

/** What recording a reading came to, and the subscribers whose history it changed. */
export type Settled = {
  readonly outcome: Taking['outcome'];
  readonly changed: readonly string[];
};

export type Deliveries = {
  /** Stores raw bodies durably, all or none, as one delivery. */
  record(bodies: readonly Uint8Array[], nowMs: number): Promise<void>;
  undigested(
    limit: number,
  ): Promise<{ readonly id: bigint; readonly bodies: readonly Uint8Array[] }[]>;
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
  /**
   * Notes rumours. `watchedSinceMs` is when the account whose history told them was registered: what was read before
   * that did not look for it, and is read again.
   */
  note(
    rumours: readonly Rumour[],
    source: string,
    nowMs: number,
    watchedSinceMs?: number,
  ): Promise<void>;
  /** Takes due sightings for `leaseMs`; another replica will not see them meanwhile. */
  claim(nowMs: number, leaseMs: number, limit: number): Promise<Sighting[]>;
  postpone(signature: Signature, dueMs: number): Promise<void>;
  /** Gives up on a rumour that no node knows: forged, or dropped before anybody read it. */
  giveUp(signature: Signature): Promise<void>;
  /**
   * Records what a transaction is at a finality: its facts become exactly these, as core/reading.ts decides. Idempotent. With
   * `insist`, a reading without a log is taken although an earlier one had it.
   */
  settle(read: {
    signature: Signature;
    slot: Slot;
    finality: 'confirmed' | 'finalized';
    facts: readonly Fact[];
    dueMs: number;
    nowMs: number;
    insist?: boolean;
  }): Promise<Settled>;
  /** The transaction is on no fork that lived: withdraws its facts. Returns the subscribers it touched. */
  drop(signature: Signature): Promise<string[]>;
  /** What was mentioned and is not final yet, and since when the oldest of it waits. */
  backlog(): Promise<{
    wanted: number;
    confirmed: number;
    oldestMs: number | null;
    /** The oldest of those that nobody has asked for yet; one that no node knows does not count. */
    unreadSinceMs: number | null;
  }>;
  /** When a webhook last delivered, and when another source last told of a transaction with facts. */
  lastHeard(): Promise<{ webhookMs: number | null; otherMs: number | null }>;
};

/** A watched account, and how far it is known. */
export type WatchedRecord = Watched & {
  readonly subAccountId: number | null;
  /** The last finalized slot up to which its history was scanned, and the one up to which its state has proven it whole. */
  readonly scannedSlot: Slot;
  readonly checkedSlot: Slot | null;
  readonly hasGap: boolean;
};
export type WatchList = {
  /** Everybody's, or one subscriber's. */
  all(subscriberId?: string): Promise<Watched[]>;
  ofSubscriber(subscriberId: string): Promise<WatchedRecord[]>;
  /** Of all accounts, or of these. */
  cursors(addresses?: readonly Address[]): Promise<Cursor[]>;
  /** The scan of this account has reached the finalized slot, and everything it told is noted. */
  advance(address: Address, slot: Slot): Promise<void>;
  /** Watches a sub-account that its owner made later. False when it is watched already. */
  adopt(account: {
    address: Address;
    subscriberId: string;
    subAccountId: number;
    fromSlot: Slot;
    nowMs: number;
  }): Promise<boolean>;
};

/** How far an account's history was scanned. */
export type Cursor = {
  readonly address: Address;
  readonly slot: Slot;
  readonly watchedAtMs: number;
};

/** Account state against facts; see core/reckoning.ts. All slots are finalized. */
export type AccountCheck = Watched & {
  readonly cursor: Cursor;
  readonly baseline: AccountState | null;
  readonly candidate: AccountState | null;
  readonly unexplained: Counters | null;
};
export type Gap = {
  readonly address: Address;
  readonly subscriberId: string;
  readonly difference: Counters;
  readonly sinceMs: number;
};
export type Checks = {
  /** Accounts without a baseline, with facts beyond it, with a state that waits, or with a gap. */
  due(limit: number): Promise<AccountCheck[]>;
  find(addresses: readonly Address[]): Promise<AccountCheck[]>;
  begin(account: Watched, state: AccountState): Promise<void>;
  propose(address: Address, state: AccountState): Promise<void>;
  /**
   * Sums of finalized facts above one slot up to another, and what those facts leave open; `settled` when nothing heard of
   * them is still unread.
   */
  told(
    address: Address,
    afterSlot: Slot,
    uptoSlot: Slot,
  ): Promise<{ told: Counters; perhaps: Perhaps; unknowns: number; settled: boolean }>;
  /** Everything up to the candidate is accounted for: it becomes the baseline. */
  advance(account: AccountCheck): Promise<void>;
  /** As `advance`, and records profit that only the state proves, at the last unknown transaction. */
  reckon(account: AccountCheck, netPnl: bigint): Promise<void>;
  /** The candidate is not explained. Returns whether that is news. */
  gap(address: Address, difference: Counters, nowMs: number): Promise<boolean>;
  /** A person takes the state for right as it is. False when the account has no gap. */
  accept(address: Address, state: AccountState): Promise<boolean>;
  gaps(): Promise<Gap[]>;
  /** The pulse of every baseline. */
  pulses(): Promise<{ address: Address; slot: Slot; pulse: string }[]>;
};

/** Work that one daemon at a time does, of all that share the database. */
export type Locks = {
  /** Waits until nobody else holds the name, and runs the work. */
  exclusively<T>(name: string, work: () => Promise<T>): Promise<T>;
};
