// Ports: what the flows need of the world below them. Each is a record of functions, so that a test
// or the simulator can stand in for a whole floor. Nothing here says how. The world outside is in
// outside.ts.

import type { Agreement } from './accrual.ts';
import type { Acts } from './act.ts';
import type { ApiKeys } from './api-key.ts';
import type { Checks } from './check-ports.ts';
import type { Clearance } from './clearance.ts';
import type { Costs, Credits, Payments, Shares } from './debt-ports.ts';
import type { CoverageBook, UnfollowedAccounts, UnreadBook } from './doubt-ports.ts';
import type { Endpoints } from './event.ts';
import type { Fact, FactBody } from './fact.ts';
import type { Figures } from './figures.ts';
import type { Asides, Deliveries, Sightings, WatchList } from './hearing-ports.ts';
import type { Address, Slot } from './ids.ts';
import type { Lists } from './lists.ts';
import type { MasterKeyBook } from './master-key.ts';
import type { BaseUnits } from './money.ts';
import type { RecordedClose } from './outcome.ts';
import type { OpenDebt } from './owing.ts';
import type { Mark, RosterChange, RosterEntry } from './roster.ts';
import type { Standing, StandingEvent } from './standing.ts';
import type { Suspicion } from './suspicion.ts';
import type { Terms } from './terms.ts';

/** Time and chance. The only door to both. */
export type Clock = {
  nowMs(): number;
  /** Resolves after the time, or at once when the signal aborts. Never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** In [0, 1). */
  random(): number;
};

/** Structured log lines: a stable event name first, facts as fields. */
export type Log = {
  debug(event: string, fields?: Record<string, unknown>): void;
  info(event: string, fields?: Record<string, unknown>): void;
  warn(event: string, fields?: Record<string, unknown>): void;
  /** A person must act. */
  error(event: string, fields?: Record<string, unknown>): void;
};

// ── Who, and on what terms ───────────────────────────────────────────────────────────────────────

export type Subscriber = {
  readonly id: string;
  readonly agentWallet: Address;
  readonly agentTokenAccount: Address;
  readonly driftAccounts: readonly { readonly address: Address; readonly subAccountId: number }[];
  readonly hasKey: boolean;
  readonly retiredAtMs: number | null;
};

export type SealedKey = {
  readonly subscriberId: string;
  readonly publicKey: Address;
  readonly sealed: Uint8Array;
};

export type NewSubscriber = {
  readonly id: string;
  readonly agentWallet: Address;
  readonly agentTokenAccount: Address;
  readonly driftAccounts: readonly { readonly address: Address; readonly subAccountId: number }[];
  readonly sealedKey: Uint8Array | null;
  /** Where the history of the new accounts starts to count. */
  readonly fromSlot: Slot;
};

export type Subscribers = {
  /**
   * Registers, or does nothing when exactly this is registered. A `conflict` fault when something
   * else is.
   */
  register(subscriber: NewSubscriber): Promise<'created' | 'known'>;
  find(id: string): Promise<Subscriber | null>;
  ids(): Promise<string[]>;
  /** In the order of ids; `after` is the last one that was seen. */
  list(page: { limit: number; after?: string }): Promise<Subscriber[]>;
  sealedKey(id: string): Promise<SealedKey | null>;
  /**
   * Every key that is kept, in the order of subscribers; `after` is the last subscriber that was
   * seen, or empty.
   */
  sealedKeys(page: { limit: number; after: string }): Promise<SealedKey[]>;
  putKey(key: SealedKey): Promise<void>;
  /** The same key, sealed anew. False when it is another by now, or gone. */
  replaceKey(key: SealedKey, sealed: Uint8Array): Promise<boolean>;
  /** False when there was none. */
  dropKey(id: string): Promise<boolean>;
  /**
   * Ends every subscription at this slot, forgets the key, and watches nothing of it any more.
   * False when something is owed, or a payment has not ended. Registering it again brings it back,
   * from then on.
   */
  retire(id: string, slot: Slot, nowMs: number): Promise<boolean>;
};

export type Subscription = Agreement & {
  readonly id: string;
  readonly subscriberId: string;
  readonly driftAccount: Address;
};

export type Subscriptions = {
  /**
   * Creates, or adds terms from a later slot. `held` is kept of the first time alone. `basedOn` is
   * where the terms began from which these were made, null when there were none: when others were
   * added since, nothing is changed and the answer is null. Left out, it is not compared.
   * `conflict` when the account already has another subscription.
   */
  put(subscription: {
    id: string;
    subscriberId: string;
    driftAccount: Address;
    terms: Terms;
    held: Agreement['held'];
    basedOn?: Slot | null;
  }): Promise<Subscription | null>;
  find(id: string): Promise<Subscription | null>;
  ofSubscriber(subscriberId: string): Promise<Subscription[]>;
};

// ── Debts and payments ───────────────────────────────────────────────────────────────────────────

export type FactRecord = Fact & {
  readonly finality: 'confirmed' | 'finalized' | 'withdrawn';
  /** Where a list goes on after it. */
  readonly cursor: string;
};
export type Facts = {
  /** Newest first; `before` is the cursor of the last one that was seen. */
  list(filter: {
    subscriberId: string;
    kind?: FactBody['kind'];
    limit: number;
    before?: string;
  }): Promise<FactRecord[]>;
  /**
   * Every close and reckoning of a subscriber with what became of it, newest first; those that a
   * fork dropped are left out.
   */
  closes(filter: {
    subscriberId: string;
    limit: number;
    before?: string;
  }): Promise<RecordedClose[]>;
};

/** Whose addresses are paid. */
export type Creators = {
  /**
   * Whether the address is an agent wallet of this ledger, or an account that is watched for one;
   * for good.
   */
  isAgent(address: Address): Promise<boolean>;
  /** Whether any terms ever named this address. */
  isCreator(address: Address): Promise<boolean>;
  /** Every address that any terms ever named. */
  wallets(): Promise<Address[]>;
  /** Whether it was shown that an address off the curve may be paid. */
  isProven(address: Address): Promise<boolean>;
  prove(address: Address, evidence: VaultEvidence): Promise<void>;
};
/** What shows that an address off the curve may be paid. */
export type VaultEvidence =
  | { readonly by: 'existence'; readonly owner: Address | null }
  | { readonly by: 'derivation'; readonly program: Address; readonly seeds: readonly string[] };

export type ClearanceRecord = Clearance & {
  readonly grantedAtMs: number;
  readonly untilMs: number;
  readonly revokedAtMs: number | null;
};
export type Clearances = {
  /** Newest first; `before` is the id of the last one that was seen. */
  list(filter: {
    subscriberId: string;
    limit: number;
    before?: string;
  }): Promise<ClearanceRecord[]>;
  find(subscriberId: string, id: string): Promise<ClearanceRecord | null>;
  /** It covers nothing after this slot. False when there is no such clearance, or it has ended. */
  revoke(subscriberId: string, id: string, slot: Slot, nowMs: number): Promise<boolean>;
  grant(
    subscriberId: string,
    clearance: Clearance,
    grantedAtMs: number,
    untilMs: number,
  ): Promise<void>;
};

/** Where nothing new is signed: everywhere, for a creator, or for a subscriber. */
export type Halt = { readonly scope: string; readonly reason: string; readonly sinceMs: number };
export type Halts = {
  /**
   * False when the scope names a subscriber or a creator that the ledger does not know: nothing is
   * halted then.
   */
  set(scope: string, reason: string): Promise<boolean>;
  /** False when there was none. */
  lift(scope: string): Promise<boolean>;
  /** The halt that a payment of this subscriber to this creator meets, or null. */
  holding(subscriberId: string, creatorWallet: string): Promise<Halt | null>;
  list(): Promise<Halt[]>;
};

export type Standings = {
  /**
   * Judges the subscriber's history and saves the verdict, with nobody in between; a new revision
   * only on change.
   */
  update(
    subscriberId: string,
    judge: (history: readonly StandingEvent[]) => Standing,
  ): Promise<RosterEntry>;
  /** Everybody, in turns, as of the mark that it returns. */
  roster(take: (entries: readonly RosterEntry[]) => void): Promise<Mark>;
  /**
   * Changes after a mark, in order, without gaps. Null when the ledger has no change with the
   * mark's revision and nonce: it lost that change, and gives the revision out again or has done
   * so.
   */
  changesSince(mark: Mark, limit: number): Promise<RosterChange[] | null>;
  /**
   * Whose verdict may be behind their history: everybody who owes, by the verdict or by the books.
   */
  owing(): Promise<string[]>;
  entry(subscriberId: string): Promise<RosterEntry | null>;
};

/** Whether the ledger can be written just now. */
export type Probe = {
  /**
   * Writes one row and resolves with the time of Postgres; rejects when Postgres is gone, full or
   * read-only.
   */
  write(): Promise<number>;
};

/** How long something counts as owed; core/owing.ts says when it does. */
export type Owing = {
  /** Everybody who owes, with what each debt waits for. */
  open(): Promise<{ readonly subscriberId: string; readonly debts: readonly OpenDebt[] }[]>;
  /**
   * Adds the time since the last look to those that count, and pauses the others. Above `limitMs` a
   * paused one stays above it. Returns whose entry changed: they have a new revision.
   */
  age(
    counting: readonly string[],
    resting: readonly string[],
    limitMs: number | null,
  ): Promise<string[]>;
};

export type Suspicions = {
  /** Sums up everybody's notices since the last review; who is above the limit is told of once. */
  refresh(amountMost: BaseUnits): Promise<Suspicion[]>;
  list(): Promise<Suspicion[]>;
  /**
   * A person has looked: what was noticed up to now counts no more. False when nobody suspects the
   * subscriber.
   */
  review(subscriberId: string, reason: string, nowMs: number): Promise<boolean>;
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
  readonly costs: Costs;
  readonly figures: Figures;
  readonly halts: Halts;
  readonly apiKeys: ApiKeys;
  readonly acts: Acts;
  readonly masterKey: MasterKeyBook;
  readonly lists: Lists;
  readonly facts: Facts;
  readonly endpoints: Endpoints;
  readonly clearances: Clearances;
  readonly standings: Standings;
  readonly owing: Owing;
  readonly suspicions: Suspicions;
};
