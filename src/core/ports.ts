// Ports: what the flows need of the world below them. Each is a record of functions, so that a test or the
// simulator can stand in for a whole floor. Nothing here says how.
import type { Fact, Finality } from './fact.ts';
import type { Address, Signature, Slot } from './ids.ts';
import type { BaseUnits, Lamports } from './money.ts';
import type { DeathEvidence, Debt, Look, Payment, PaymentPlan, Preflight, SignedBytes, Trouble } from './payment.ts';
import type { Act } from './policy.ts';
import type { RosterEntry } from './roster.ts';
import type { Standing, StandingEvent } from './standing.ts';
import type { Accrued, Terms } from './accrual.ts';
import type { Close } from './fact.ts';
import type { ChainTransaction, ExecutedInstruction, Instruction } from './transaction.ts';

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

// ── Watched accounts and what was heard of them ──────────────────────────────────────────────────────────────────

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
  readonly attempts: number;
  readonly firstSeenMs: number;
};

export type Deliveries = {
  /** Stores raw bodies durably, all or none. */
  record(bodies: readonly Uint8Array[], nowMs: number): Promise<void>;
  undigested(limit: number): Promise<{ readonly id: bigint; readonly body: Uint8Array }[]>;
  /** Marks one digested and notes its rumours, in one transaction. */
  digested(id: bigint, counts: { entries: number; refused: number }, rumours: readonly Rumour[], nowMs: number): Promise<void>;
};

export type Sightings = {
  note(rumours: readonly Rumour[], source: string, nowMs: number): Promise<void>;
  /** Takes due sightings for `leaseMs`; another replica will not see them meanwhile. */
  claim(nowMs: number, leaseMs: number, limit: number): Promise<Sighting[]>;
  postpone(signature: Signature, dueMs: number): Promise<void>;
  /** Gives up on a rumour that no node knows: forged, or dropped before anybody read it. */
  giveUp(signature: Signature): Promise<void>;
  /**
   * Records what a transaction is at a finality: its facts become exactly these, facts of the same signature in
   * other slots are withdrawn. Idempotent. Returns the subscribers whose history changed.
   */
  settle(read: { signature: Signature; slot: Slot; finality: 'confirmed' | 'finalized'; facts: readonly Fact[]; dueMs: number }): Promise<string[]>;
  /** The transaction is on no fork that lived: withdraws its facts. Returns the subscribers it touched. */
  drop(signature: Signature): Promise<string[]>;
  /** The slot of the oldest confirmed sighting that is not final yet. */
  backlog(): Promise<{ wanted: number; confirmed: number }>;
};

export type WatchList = {
  all(): Promise<Watched[]>;
  cursors(): Promise<{ address: Address; slot: Slot }[]>;
  advance(address: Address, slot: Slot): Promise<void>;
};

// ── Who, and on what terms ───────────────────────────────────────────────────────────────────────────────────────

export type Subscriber = {
  readonly id: string;
  readonly agentWallet: Address;
  readonly agentTokenAccount: Address;
  readonly driftAccounts: readonly { readonly address: Address; readonly subAccountId: number }[];
  readonly hasKey: boolean;
};

export type SealedKey = { readonly subscriberId: string; readonly publicKey: Address; readonly sealed: Uint8Array };

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
  sealedKey(id: string): Promise<SealedKey | null>;
  putKey(key: SealedKey): Promise<void>;
};

export type Subscription = {
  readonly id: string;
  readonly subscriberId: string;
  readonly driftAccount: Address;
  readonly terms: readonly Terms[];
  readonly carry: bigint;
};

export type Subscriptions = {
  /** Creates, or adds terms from a later slot. `conflict` when the account already copies somebody else. */
  put(subscription: { id: string; subscriberId: string; driftAccount: Address; terms: Terms }): Promise<Subscription>;
  find(id: string): Promise<Subscription | null>;
  ofSubscriber(subscriberId: string): Promise<Subscription[]>;
};

// ── Debts and payments ───────────────────────────────────────────────────────────────────────────────────────────

export type UnaccruedClose = {
  readonly fact: Fact & { readonly body: Close };
  readonly subscription: Subscription;
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

export type Shares = {
  /** Finalized closes under a subscription that have not been accrued, in chain order. */
  unaccrued(limit: number): Promise<UnaccruedClose[]>;
  /** Books a close: its profit share when something is owed, and the carry. False when it was booked already. */
  book(close: UnaccruedClose, terms: Terms, accrued: Accrued): Promise<boolean>;
  due(subscriberId: string, nowMs: number): Promise<Debt[]>;
  /** Subscribers with a live payment, or with a debt whose time has come. */
  subscribersWithWork(nowMs: number): Promise<string[]>;
  /** Records why debts could not be paid, and when to try again; null leaves them `failed`, for a person. */
  rest(subscriberId: string, shareIds: readonly string[], trouble: Trouble, retryAtMs: number | null, countsAsAttempt: boolean): Promise<void>;
  list(filter: { subscriberId?: string; status?: ProfitShare['status']; limit: number; before?: string }): Promise<ProfitShare[]>;
  find(id: string): Promise<ProfitShare | null>;
};

/** Every function is one conditional update: false means that the payment was not in the state it starts from. */
export type Payments = {
  live(subscriberId: string): Promise<Payment | null>;
  /** Claims the debts and inserts the payment, in one transaction; false when somebody was faster. */
  open(payment: Payment): Promise<boolean>;
  signed(paymentId: string, bytes: SignedBytes): Promise<boolean>;
  sent(paymentId: string, nowMs: number): Promise<boolean>;
  landed(paymentId: string, slot: Slot): Promise<boolean>;
  /** From `planned` (nothing signed) or from `sent` (finalized with an error). Frees the debts. */
  failed(paymentId: string, trouble: Trouble, retryAtMs: number | null, countsAsAttempt: boolean): Promise<boolean>;
  dead(paymentId: string, evidence: DeathEvidence, retryAtMs: number): Promise<boolean>;
};

export type Standings = {
  /** Judges the subscriber's history and saves the verdict, with nobody in between; a new revision only on change. */
  update(subscriberId: string, judge: (history: readonly StandingEvent[]) => Standing): Promise<RosterEntry>;
  roster(): Promise<RosterEntry[]>;
  entry(subscriberId: string): Promise<RosterEntry | null>;
};

export type Ledger = {
  readonly deliveries: Deliveries;
  readonly sightings: Sightings;
  readonly watchList: WatchList;
  readonly subscribers: Subscribers;
  readonly subscriptions: Subscriptions;
  readonly shares: Shares;
  readonly payments: Payments;
  readonly standings: Standings;
};

// ── Chain and venue ──────────────────────────────────────────────────────────────────────────────────────────────

export type ChainAccount = { readonly lamports: Lamports; readonly owner: Address; readonly data: Uint8Array };
export type Simulated = {
  readonly error: unknown;
  readonly units: number;
  readonly logs: readonly string[];
  readonly blockhash: string;
  readonly lastValidBlockHeight: number;
  readonly slot: Slot;
};
export type SignatureRow = { readonly signature: Signature; readonly slot: Slot; readonly blockIndex: number | null; readonly memo: string | null };

/** RPC. Every function throws a Fault (`rpc_unavailable`, `rpc_refused`) rather than make an answer up. */
export type Chain = {
  slot(commitment: 'confirmed' | 'finalized'): Promise<Slot>;
  transaction(signature: Signature, commitment: 'confirmed' | 'finalized'): Promise<ChainTransaction | null>;
  /** Accounts at confirmed commitment, in one call; null where there is none. */
  accounts(addresses: readonly Address[]): Promise<{ slot: Slot; accounts: (ChainAccount | null)[] }>;
  /** Every signature of an account in slots above `afterSlot`, oldest first, at finalized commitment. */
  signatures(account: Address, afterSlot: Slot): Promise<SignatureRow[]>;
  tokenAccountRent(): Promise<Lamports>;
  /** The associated token account of an owner. Throws `creator_off_curve` for an owner that is no wallet. */
  tokenAccount(mint: Address, owner: Address): Address;
  /** Amount and state of a token account; null when it is none of this mint's. */
  readTokenAccount(account: ChainAccount | null, mint: Address): { amount: BaseUnits; frozen: boolean } | null;
  /** The instructions around the venue's: creation of token accounts, the transfer, the memo. */
  transferInstructions(parts: PaymentParts, mint: Address, decimals: number, memo: string): { before: Instruction[]; after: Instruction[] };
  /** Runs a transaction without signatures against the latest blockhash, which it returns. */
  simulate(feePayer: Address, instructions: readonly Instruction[]): Promise<Simulated>;
  /** Sends exactly these bytes; no preflight, no retries by the node. An error here never proves anything. */
  send(bytes: Uint8Array): Promise<void>;
  look(signature: Signature): Promise<Look>;
  /** Gathers evidence for a death; a question that was not answered is null. */
  deathEvidence(signed: SignedBytes, tokenAccount: Address, memo: string): Promise<DeathEvidence>;
};

/** `opaque`: the transaction succeeded, and what it did to the accounts cannot be told from what it logged. */
export type Heard = { readonly kind: 'facts'; readonly facts: readonly Fact[] } | { readonly kind: 'opaque'; readonly why: string };

export type PaymentParts = {
  readonly agent: Address;
  readonly agentTokenAccount: Address;
  readonly creator: Address;
  readonly creatorTokenAccount: Address;
  readonly payer: Address;
  readonly payment: Payment;
};

/** One venue's facts: addresses, layouts, instructions, error table. The successor of Drift v2 is another of these. */
export type Venue = {
  readonly name: string;
  readonly programId: Address;
  readonly quoteMint: Address;
  readonly quoteMarket: number;
  readonly quoteDecimals: number;
  /** The PDA of a sub-account. */
  userAddress(authority: Address, subAccountId: number): Promise<Address>;
  /** The facts of a transaction for watched accounts. */
  hear(transaction: ChainTransaction, watched: ReadonlyMap<string, Watched>): Heard;
  /** Accounts a preflight must read beside the wallets. */
  preflightAccounts(driftUser: Address): Promise<readonly Address[]>;
  /** What can be drawn from the venue, out of the accounts just named, in that order. */
  funds(driftUser: Address, accounts: readonly (ChainAccount | null)[]): Preflight['venue'];
  /** Settle and withdraw instructions of a payment. */
  instructions(parts: PaymentParts, readAccounts: Chain['accounts']): Promise<Instruction[]>;
  /** What one instruction does, when it is the venue's. */
  inspect(instruction: Instruction | ExecutedInstruction): Act | null;
  /** The class of an on-chain error, given the programs of the transaction's top-level instructions. */
  trouble(error: unknown, programs: readonly Address[], logs: readonly string[]): Trouble;
};

/** The pen: signs recorded payments and nothing else. */
export type Pen = {
  /** Seals an agent's secret key for the ledger, bound to the subscriber and the public key. */
  seal(subscriberId: string, publicKey: Address, secretKey: Uint8Array): Uint8Array;
  /** The sponsor's address when one is configured. */
  readonly sponsor: Address | null;
  /** Builds, checks against the mandate, and signs. Throws `pen_refused` or `key_unavailable`. */
  sign(request: { parts: PaymentParts; memo: string; instructions: readonly Instruction[]; blockhash: string; key: SealedKey | null }): { signature: Signature; bytes: Uint8Array };
};

/** Chooses the priority fee of the next payment, in micro-lamports a compute unit, under the configured cap. */
export type FeeMarket = { microLamports(): Promise<bigint>; readonly priorityFeeMost: Lamports };

/** The webhook registration at Helius. */
export type WebhookRegistry = {
  /** Makes sure that these addresses, and the ones already there, are registered at our URL and active. */
  ensure(addresses: readonly Address[]): Promise<void>;
};

export type { PaymentPlan, Finality };
