// Ports: the interfaces that the flows need of the floors below them. Each is a record of
// functions, so that a test or the simulator can replace a whole floor. The other ports stand in
// chain-ports.ts, signing-ports.ts, venue.ts and the files *-ports.ts of this folder.

import type { Agreement } from './accrual.ts';
import type { Acts } from './act.ts';
import type { AgentKey, RemoteKey, SealedKey } from './agent-key.ts';
import type { ApiKeys } from './api-key.ts';
import type { Checks } from './check-ports.ts';
import type { Clearances } from './clearance-ports.ts';
import type { Costs } from './cost-ports.ts';
import type { Credits, Shares } from './debt-ports.ts';
import type { DebtSums } from './debt-sums.ts';
import type { CoverageBook, UnfollowedAccounts, UnreadBook } from './doubt-ports.ts';
import type { Endpoints } from './endpoint.ts';
import type { EventLog } from './event.ts';
import type { Fact, FactBody, Finality } from './fact.ts';
import type { Asides, Deliveries, Sightings } from './hearing-ports.ts';
import type { Address, Slot } from './ids.ts';
import type { Lists } from './lists.ts';
import type { MasterKeyBook } from './master-key.ts';
import type { NonceBook } from './nonce-ports.ts';
import type { RecordedClose } from './outcome.ts';
import type { Payments } from './payment-ports.ts';
import type { Period } from './period.ts';
import type { ServiceKey, SignerService } from './service-key.ts';
import type { Owing, Standings, Suspicions } from './standing-ports.ts';
import type { Subscription } from './subscription.ts';
import type { Terms } from './terms.ts';
import type { VenueName } from './venue-name.ts';
import type { WatchList } from './watch-ports.ts';

/** Time and random numbers. The daemon gets both only through this port. */
export type Clock = {
  /** The present time, in milliseconds since 1970. */
  nowMs(): number;
  /**
   * Milliseconds since a moment of this process. No change of a clock affects this time, and times
   * of two processes cannot be compared. What a process keeps in memory alone, as rests, ages and
   * deadlines, is counted in it: `nowMs` is set back when the clock of Postgres is.
   */
  elapsedMs(): number;
  /** Resolves after `ms` milliseconds, or at once when the signal aborts. Never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** A random number in [0, 1). */
  random(): number;
};

/** Structured log lines: a stable event name first, details as fields. */
export type Log = {
  /** Details for a developer; off by default. */
  debug(event: string, fields?: Record<string, unknown>): void;
  /** A normal event. */
  info(event: string, fields?: Record<string, unknown>): void;
  /** Something unusual that the daemon handles by itself. */
  warn(event: string, fields?: Record<string, unknown>): void;
  /** An error means that a person must act. */
  error(event: string, fields?: Record<string, unknown>): void;
};

// ── Who, and on what terms ───────────────────────────────────────────────────────────────────────

/** An account of a subscriber at a venue. */
export type VenueAccount = {
  readonly address: Address;
  readonly subAccountId: number;
  readonly venue: VenueName;
};
export type Subscriber = {
  readonly id: string;
  readonly agentWallet: Address;
  readonly agentTokenAccount: Address;
  readonly driftAccounts: readonly VenueAccount[];
  readonly hasKey: boolean;
  /** The service that keeps the key; absent when the ledger holds it, and when there is no key. */
  readonly keyService?: SignerService;
  readonly retiredAtMs: number | null;
};

export type NewSubscriber = {
  readonly id: string;
  readonly agentWallet: Address;
  readonly agentTokenAccount: Address;
  /** An account that names no venue is one of the default venue. */
  readonly driftAccounts: readonly (Omit<VenueAccount, 'venue'> & Partial<VenueAccount>)[];
  readonly sealedKey: Uint8Array | null;
  /** The key by its name at a service, in the place of a sealed one. */
  readonly serviceKey?: ServiceKey;
  /** The slot from which the history of the new accounts counts. */
  readonly fromSlot: Slot;
};

export type Subscribers = {
  /**
   * Registers a subscriber; does nothing when it is registered exactly so. Throws `conflict` when
   * it is registered otherwise.
   */
  register(subscriber: NewSubscriber): Promise<'created' | 'known'>;
  /** The subscriber with this id, or null. */
  find(id: string): Promise<Subscriber | null>;
  /** The ids of all subscribers in order, also of those who have left. */
  ids(): Promise<string[]>;
  /** Lists subscribers in the order of their ids. `after` is the last id of the page before. */
  list(page: Period & { limit: number; after?: string }): Promise<Subscriber[]>;
  /** The stored key of a subscriber's agent; null when there is none. */
  agentKey(id: string): Promise<AgentKey | null>;
  /**
   * Lists every sealed key in the order of subscribers. `after` is the last subscriber of the page
   * before, or empty.
   */
  sealedKeys(page: { limit: number; after: string }): Promise<SealedKey[]>;
  /** How many keys each service keeps, and the first `limit` of each. */
  remoteKeys(
    limit: number,
  ): Promise<{ service: SignerService; count: number; first: RemoteKey[] }[]>;
  /** Stores a key in place of the one before. */
  putKey(key: AgentKey): Promise<void>;
  /**
   * Replaces a key by the same key sealed anew. False when another key is stored by now, or none.
   */
  replaceKey(key: SealedKey, sealed: Uint8Array): Promise<boolean>;
  /** Deletes the key. False when there was none. */
  dropKey(id: string): Promise<boolean>;
  /**
   * Ends every subscription at this slot, deletes the key, and stops watching the accounts. False
   * when something is owed, or a payment has not ended. Throws `not_ready` while a close is not
   * booked. A later registration starts anew from its slot; closes before `booksFrom` of an import
   * stay those of the other system.
   */
  retire(id: string, slot: Slot, nowMs: number): Promise<boolean>;
};

export type Subscriptions = {
  /**
   * Creates a subscription, or adds terms from a later slot. `held` is stored at creation, and when
   * a subscriber who left agrees the subscription again; `booksFrom` of an import stays as it was.
   * `basedOn` is the slot of the terms from which these were made, null when there were none: if
   * other terms were added since, nothing changes and the result is null. When absent it is not
   * compared. Throws `conflict` when the account already has another subscription.
   */
  put(subscription: {
    id: string;
    subscriberId: string;
    driftAccount: Address;
    terms: Terms;
    held: Agreement['held'];
    basedOn?: Slot | null;
  }): Promise<Subscription | null>;
  /** The subscription with this id, or null. */
  find(id: string): Promise<Subscription | null>;
  /** The subscriptions of a subscriber, ended ones included. */
  ofSubscriber(subscriberId: string): Promise<Subscription[]>;
};

// ── Debts and payments ───────────────────────────────────────────────────────────────────────────

export type ListedFact = Fact & {
  readonly finality: Finality;
  /** The cursor after which a list continues. */
  readonly cursor: string;
};
export type Facts = {
  /** Lists facts, newest first. `before` is the cursor of the last one of the page before. */
  list(
    filter: Period & {
      subscriberId: string;
      kind?: FactBody['kind'];
      limit: number;
      before?: string;
    },
  ): Promise<ListedFact[]>;
  /**
   * Lists every close and reckoning of a subscriber with its outcome, newest first, without those
   * that a fork dropped.
   */
  closes(
    filter: Period & { subscriberId: string; limit: number; before?: string },
  ): Promise<RecordedClose[]>;
};

/** The addresses at which creators are paid. */
export type Creators = {
  /**
   * Whether the address is, or ever was, an agent wallet of this ledger or an account watched for
   * one.
   */
  isAgent(address: Address): Promise<boolean>;
  /** Whether any terms ever named this address. */
  isCreator(address: Address): Promise<boolean>;
  /** Every address that any terms ever named. */
  wallets(): Promise<Address[]>;
  /** Whether it was proven that an address off the curve may be paid. */
  isProven(address: Address): Promise<boolean>;
  /** Stores the evidence that an address off the curve may be paid. */
  prove(address: Address, evidence: VaultEvidence): Promise<void>;
};
/** The evidence that an address off the curve may be paid. */
export type VaultEvidence =
  | { readonly by: 'existence'; readonly owner: Address | null }
  | { readonly by: 'derivation'; readonly program: Address; readonly seeds: readonly string[] };

/** A halt of signing: for all, for a creator, or for a subscriber. */
export type Halt = { readonly scope: string; readonly reason: string; readonly sinceMs: number };
export type Halts = {
  /**
   * Sets a halt. False when the ledger does not know the subscriber or creator of the scope;
   * nothing is halted then.
   */
  set(scope: string, reason: string): Promise<boolean>;
  /** Lifts a halt. False when there was none. */
  lift(scope: string): Promise<boolean>;
  /** The halt that applies to a payment of this subscriber to this creator, or null. */
  holding(subscriberId: string, creatorWallet: string): Promise<Halt | null>;
  /** Lists the halts in force, oldest first. */
  list(): Promise<Halt[]>;
};

/** Checks whether the ledger takes writes. */
export type Probe = {
  /**
   * Writes one row and resolves with the time of Postgres in milliseconds. Rejects when Postgres is
   * gone, full or read-only.
   */
  write(): Promise<number>;
};

export type Ledger = {
  readonly probe: Probe;
  readonly deliveries: Deliveries;
  readonly sightings: Sightings;
  readonly watchList: WatchList;
  readonly checks: Checks;
  readonly asides: Asides;
  readonly unread: UnreadBook;
  readonly unfollowed: UnfollowedAccounts;
  readonly coverage: CoverageBook;
  readonly subscribers: Subscribers;
  readonly subscriptions: Subscriptions;
  readonly creators: Creators;
  readonly shares: Shares;
  readonly credits: Credits;
  readonly payments: Payments;
  readonly nonces: NonceBook;
  readonly costs: Costs;
  readonly sums: DebtSums;
  readonly halts: Halts;
  readonly apiKeys: ApiKeys;
  readonly acts: Acts;
  readonly masterKey: MasterKeyBook;
  readonly lists: Lists;
  readonly facts: Facts;
  readonly endpoints: Endpoints;
  readonly events: EventLog;
  readonly clearances: Clearances;
  readonly standings: Standings;
  readonly owing: Owing;
  readonly suspicions: Suspicions;
};
