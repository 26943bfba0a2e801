// Ports: what the flows need of the world below them. Each is a record of functions, so that a test or the
// simulator can stand in for a whole floor. Nothing here says how. The world outside is in outside.ts.

import type { Agreement, Booking, Realised, Terms } from './accrual.ts';
import type { ApiKeys } from './api-key.ts';
import type { Clearance } from './clearance.ts';
import type { Accrual } from './explain.ts';
import type { Fact } from './fact.ts';
import type { Checks, Deliveries, Sightings, WatchList } from './hearing-ports.ts';
import type { Address, Signature, Slot } from './ids.ts';
import type { Movement } from './lots.ts';
import type { BaseUnits } from './money.ts';
import type {
  Cover,
  DeathEvidence,
  Debt,
  ErrorClass,
  Payment,
  SignedBytes,
  Trouble,
} from './payment.ts';
import type { PaidOnChain, UncoveredShare } from './rebuild.ts';
import type { RosterEntry } from './roster.ts';
import type { Standing, StandingEvent } from './standing.ts';

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

// ── Who, and on what terms ───────────────────────────────────────────────────────────────────────────────────────

export type Subscriber = {
  readonly id: string;
  readonly agentWallet: Address;
  readonly agentTokenAccount: Address;
  readonly driftAccounts: readonly { readonly address: Address; readonly subAccountId: number }[];
  readonly hasKey: boolean;
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
  /** Registers, or does nothing when exactly this is registered. A `conflict` fault when something else is. */
  register(subscriber: NewSubscriber): Promise<'created' | 'known'>;
  find(id: string): Promise<Subscriber | null>;
  ids(): Promise<string[]>;
  sealedKey(id: string): Promise<SealedKey | null>;
  putKey(key: SealedKey): Promise<void>;
};

export type Subscription = Agreement & {
  readonly id: string;
  readonly subscriberId: string;
  readonly driftAccount: Address;
};

export type Subscriptions = {
  /**
   * Creates, or adds terms from a later slot. `held` is kept of the first time alone. `conflict` when the account already has
   * another subscription.
   */
  put(subscription: {
    id: string;
    subscriberId: string;
    driftAccount: Address;
    terms: Terms;
    held: Agreement['held'];
  }): Promise<Subscription>;
  find(id: string): Promise<Subscription | null>;
  ofSubscriber(subscriberId: string): Promise<Subscription[]>;
};

// ── Debts and payments ───────────────────────────────────────────────────────────────────────────────────────────

export type UnaccruedClose = {
  readonly fact: Fact & { readonly body: Realised };
  readonly subscription: Subscription;
  /** What moved the account's positions before it; empty where it makes no difference. */
  readonly history: readonly Movement[];
};

export type ProfitShare = {
  readonly id: string;
  readonly subscriberId: string;
  readonly subscriptionId: string;
  readonly creatorWallet: Address;
  readonly signature: Signature;
  readonly slot: Slot;
  readonly netPnl: BaseUnits;
  readonly shareBps: number;
  readonly amount: BaseUnits;
  readonly paid: BaseUnits;
  readonly status: 'pending' | 'processing' | 'paid' | 'failed' | 'voided';
  readonly reason: Trouble | null;
  readonly attempts: number;
  readonly retryAtMs: number | null;
  readonly paidBy: readonly Signature[];
};

export type Earnings = {
  readonly owed: BaseUnits;
  /** Claimed by a payment that has not ended. */
  readonly inFlight: BaseUnits;
  readonly paid: BaseUnits;
  readonly voided: BaseUnits;
};

export type PaymentRecord = {
  readonly id: string;
  readonly purpose: Payment['purpose'];
  readonly subscriberId: string;
  readonly creatorWallet: Address;
  readonly amount: BaseUnits;
  readonly withdrawn: BaseUnits;
  readonly feePayer: 'agent' | 'sponsor';
  readonly state: Payment['state'];
  readonly signature: Signature | null;
  readonly slot: Slot | null;
  readonly trouble: Trouble | null;
  readonly plannedAtMs: number;
  readonly endedAtMs: number | null;
};

export type Clearances = {
  grant(
    subscriberId: string,
    clearance: Clearance,
    grantedAtMs: number,
    untilMs: number,
  ): Promise<void>;
};

export type Shares = {
  /**
   * Finalized closes under a subscription that have not been accrued, in chain order. Where the order of closes matters to what
   * they owe, only those up to a slot up to which account state has shown that everything was heard.
   */
  unaccrued(limit: number): Promise<UnaccruedClose[]>;
  /** Books a close: a profit share for each part that owes something, and the tabs. False when it was booked already. */
  book(close: UnaccruedClose, bookings: readonly Booking[]): Promise<boolean>;
  due(subscriberId: string, nowMs: number): Promise<Debt[]>;
  /** Subscribers with a live payment, or with a debt whose time has come. */
  subscribersWithWork(nowMs: number): Promise<string[]>;
  /** Records why debts could not be paid, and when to try again; null leaves them `failed`, for a person. */
  rest(
    subscriberId: string,
    shareIds: readonly string[],
    trouble: Trouble,
    retryAtMs: number | null,
    countsAsAttempt: boolean,
  ): Promise<void>;
  list(filter: {
    subscriberId?: string;
    status?: ProfitShare['status'];
    limit: number;
    before?: string;
  }): Promise<ProfitShare[]>;
  find(id: string): Promise<ProfitShare | null>;
  /** What a share was reckoned from; null when there is no such share. */
  accrual(id: string): Promise<Accrual | null>;
  /** What a subscriber still owes, oldest first. */
  open(subscriberId: string): Promise<ProfitShare[]>;
  /** Makes a debt that waits, or that waits for a person, due now. False when it is neither. */
  retry(id: string): Promise<boolean>;
  /** Ends a debt unpaid, on record. False when it is paid, voided, or has a payment that may still land. */
  void(id: string, reason: string, nowMs: number): Promise<boolean>;
  totals(): Promise<
    { readonly status: ProfitShare['status']; readonly count: number; readonly left: BaseUnits }[]
  >;
  /** How long the oldest open debt has been one; null when there is none. */
  oldestOpenMs(nowMs: number): Promise<number | null>;
  /** Of one creator, in base units. The four add up to everything that ever accrued. */
  earnings(creatorWallet: Address): Promise<Earnings>;
  /** Makes every pending debt due now, however small, and forgets why it waited. */
  hasten(subscriberId: string): Promise<void>;
  /** Makes debts due that wait for one of these classes of trouble to pass. Returns whose they are. */
  wake(waiting: readonly { subscriberId: string; class: ErrorClass }[]): Promise<string[]>;
  /** A debt that waits with this code, if there is one, and everybody who has such a debt. */
  waitingWith(code: string): Promise<{ driftUser: Address | null; subscribers: string[] }>;
  /** The slot before the oldest close that is not paid for yet; 0 when there is none. */
  oldestOpenSlot(subscriberId: string): Promise<Slot>;
  /** Every share, oldest first, with what no landed payment covers of it; of a voided one, of what was paid. */
  uncovered(subscriberId: string): Promise<UncoveredShare[]>;
  /** Frees debts whose payment is nowhere in the books. Only after everything signed before can no longer land. */
  freeOrphans(): Promise<number>;
  /** Lets debts lapse whose own terms say so. Returns them. */
  lapse(nowMs: number): Promise<{ shareId: string; subscriberId: string; left: BaseUnits }[]>;
};

/** Every function is one conditional update: false means that the payment was not in the state it starts from. */
export type Payments = {
  live(subscriberId: string): Promise<Payment | null>;
  /** Claims the debts and inserts the payment, in one transaction; false when somebody was faster. */
  open(payment: Payment): Promise<boolean>;
  signed(paymentId: string, bytes: SignedBytes): Promise<boolean>;
  sent(paymentId: string, nowMs: number): Promise<boolean>;
  landed(paymentId: string, slot: Slot): Promise<boolean>;
  /** From `planned` alone: nothing was signed. Frees the debts. */
  refused(
    paymentId: string,
    trouble: Trouble,
    retryAtMs: number | null,
    countsAsAttempt: boolean,
  ): Promise<boolean>;
  /** From `sent`, executed with an error in this finalized slot. Frees the debts. */
  failed(
    paymentId: string,
    slot: Slot,
    trouble: Trouble,
    retryAtMs: number | null,
    countsAsAttempt: boolean,
  ): Promise<boolean>;
  /** Frees the debts with this reason. */
  dead(
    paymentId: string,
    evidence: DeathEvidence,
    trouble: Trouble,
    retryAtMs: number,
  ): Promise<boolean>;
  totals(): Promise<{ readonly state: Payment['state']; readonly count: number }[]>;
  /** Newest first; `before` is the id of the last one that was seen. */
  list(filter: {
    subscriberId?: string;
    state?: Payment['state'];
    limit: number;
    before?: string;
  }): Promise<PaymentRecord[]>;
  /** How often a token account of this creator was opened by a payment that landed. */
  creations(creatorWallet: Address): Promise<number>;
  /** Whether a top-up was tried since then, whatever became of it. */
  toppedUpSince(subscriberId: string, sinceMs: number): Promise<boolean>;
  /** Those of the ids that name no payment here. */
  unknown(ids: readonly string[]): Promise<string[]>;
  /** Books a payment that the chain shows and the ledger lost, as landed. False when it is known after all. */
  restore(subscriberId: string, paid: PaidOnChain, covers: readonly Cover[]): Promise<boolean>;
};

/** Where nothing new is signed: everywhere, for a creator, or for a subscriber. */
export type Halt = { readonly scope: string; readonly reason: string; readonly sinceMs: number };
export type Halts = {
  set(scope: string, reason: string): Promise<void>;
  /** False when there was no such halt. */
  lift(scope: string): Promise<boolean>;
  list(): Promise<Halt[]>;
  /** The halt that holds a payment to this creator by this subscriber, if there is one. */
  holding(subscriberId: string, creatorWallet: string): Promise<Halt | null>;
};

export type Standings = {
  /** Judges the subscriber's history and saves the verdict, with nobody in between; a new revision only on change. */
  update(
    subscriberId: string,
    judge: (history: readonly StandingEvent[]) => Standing,
    nowMs: number,
  ): Promise<RosterEntry>;
  /** Everybody, as of a revision. */
  roster(): Promise<{ readonly revision: bigint; readonly entries: RosterEntry[] }>;
  /** Changes after a revision, in order, without gaps. */
  changesSince(revision: bigint, limit: number): Promise<RosterEntry[]>;
  /** Whose verdict may be behind their history: everybody who owes, by the verdict or by the books. */
  owing(): Promise<string[]>;
  entry(subscriberId: string): Promise<RosterEntry | null>;
};

export type Ledger = {
  readonly deliveries: Deliveries;
  readonly sightings: Sightings;
  readonly watchList: WatchList;
  readonly checks: Checks;
  readonly subscribers: Subscribers;
  readonly subscriptions: Subscriptions;
  readonly shares: Shares;
  readonly payments: Payments;
  readonly halts: Halts;
  readonly apiKeys: ApiKeys;
  readonly clearances: Clearances;
  readonly standings: Standings;
};
