// Debt ports: what the ledger keeps of profit shares and of the payments that discharge them.
import type { Accrued, Realised } from './accrual.ts';
import type { DeathEvidence } from './death.ts';
import type { Accrual } from './explain.ts';
import type { Fact } from './fact.ts';
import type { Address, Signature, Slot } from './ids.ts';
import type { Movement } from './lots.ts';
import type { BaseUnits } from './money.ts';
import type { Cover, Debt, ErrorClass, Payment, SignedBytes, Tries, Trouble } from './payment.ts';
import type { Subscription } from './ports.ts';
import type { PaidOnChain, UncoveredShare } from './rebuild.ts';
import type { ShareStatus, Voided, Voiding } from './share.ts';
import type { SponsorSpent, TransactionCost } from './spending.ts';

export type UnaccruedClose = {
  readonly fact: Fact & { readonly body: Realised };
  readonly subscription: Subscription;
  /** What moved the account's positions before it, as far back as it bears on this close. */
  readonly history: readonly Movement[];
  /**
   * Whether account state has shown that everything up to its slot was heard, or was never read.
   */
  readonly vouched: boolean;
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
  readonly status: ShareStatus;
  readonly reason: Trouble | null;
  readonly attempts: number;
  readonly retryAtMs: number | null;
  readonly paidBy: readonly Signature[];
  /** Of what is paid, what transfers discharged that Bailiff did not make, and which. */
  readonly credited: BaseUnits;
  readonly creditedBy: readonly Signature[];
  /** Booked by a daemon that only observes: it is never paid until a person adopts it. */
  readonly observed: boolean;
  /** Who ended the debt unpaid, when and why; null unless `status` is `voided`. */
  readonly voided: Voided | null;
};

/**
 * A transfer to a creator that Bailiff did not make, and what it counted for. What is not credited
 * is in excess.
 */
export type CreditMatch = {
  readonly subscriberId: string;
  readonly creatorWallet: Address;
  readonly signature: Signature;
  readonly amount: BaseUnits;
  readonly credited: BaseUnits;
};
export type Credit = CreditMatch & {
  readonly slot: Slot;
  readonly shares: readonly Cover[];
  /** Where a list goes on after it. */
  readonly cursor: string;
};
export type Credits = {
  /**
   * Counts final transfers to creators towards what is owed to them, each once, the oldest debts
   * first. One that meets a debt which a payment has claimed waits until that payment has ended.
   * Debts of closes before a transfer that are booked later take what is left of it then.
   */
  match(limit: number): Promise<CreditMatch[]>;
  /**
   * A transfer to the creator that is not final, or not matched yet; null when there is none, and
   * something may be signed.
   */
  unmatched(subscriberId: string, creatorWallet: Address): Promise<Signature | null>;
  /** Newest first; `before` is the cursor of the last one that was seen. */
  list(filter: { subscriberId: string; limit: number; before?: string }): Promise<Credit[]>;
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

/** How long a payment may stay unsigned before a clearance that asks for the debt ends it. */
export const UNSIGNED_MOST_MS = 5_000;

/** Ages and times to try again are kept by the database's clock: that of a daemon may be wrong. */
export type Shares = {
  /**
   * Finalized closes under a subscription that have not been accrued, in chain order, of places
   * after `after`. Where the order of closes matters to what they owe, only those up to a slot up
   * to which account state has shown that everything was heard.
   */
  unaccrued(
    limit: number,
    after?: Pick<Fact, 'signature' | 'position'> | null,
  ): Promise<UnaccruedClose[]>;
  /**
   * Books a close: a profit share for each part that owes something, and the tabs. False when it
   * was booked already.
   */
  book(close: UnaccruedClose, accrued: Accrued): Promise<boolean>;
  due(subscriberId: string): Promise<Debt[]>;
  /** Subscribers with a live payment, or with a debt whose time has come. */
  subscribersWithWork(): Promise<string[]>;
  /** The most that one of these debts has met of each. */
  tries(subscriberId: string, shareIds: readonly string[]): Promise<Tries>;
  /**
   * Records why debts could not be paid, and after how many milliseconds to try again; null leaves
   * them `failed`, for a person.
   */
  rest(
    subscriberId: string,
    shareIds: readonly string[],
    trouble: Trouble,
    retryInMs: number | null,
    countsAsAttempt: boolean,
  ): Promise<void>;
  list(filter: {
    subscriberId?: string;
    subscriptionId?: string;
    creatorWallet?: string;
    status?: ProfitShare['status'];
    limit: number;
    before?: string;
  }): Promise<ProfitShare[]>;
  find(id: string): Promise<ProfitShare | null>;
  /** What a share was reckoned from; null when there is no such share. */
  accrual(id: string): Promise<Accrual | null>;
  /** What a subscriber still owes, oldest first. */
  open(subscriberId: string): Promise<ProfitShare[]>;
  /**
   * Makes a debt due now that waits, also for a person, and ends a payment of it that nothing is
   * signed of. False when it is none that waits, or has a payment that may still land.
   */
  retry(id: string): Promise<boolean>;
  /**
   * Ends a debt unpaid, on record, and a payment of it that nothing is signed of. False when it is
   * paid, voided, or has a payment that may still land.
   */
  void(id: string, voiding: Voiding, nowMs: number): Promise<boolean>;
  /**
   * Makes every pending debt due now, however small, and forgets why it waited. A payment that
   * nothing is signed of after UNSIGNED_MOST_MS is ended, and its debts are planned anew.
   */
  hasten(subscriberId: string): Promise<void>;
  /**
   * Makes debts due that wait for one of these classes of trouble to pass. Returns whose they are.
   */
  wake(waiting: readonly { subscriberId: string; class: ErrorClass }[]): Promise<string[]>;
  /**
   * The subscribers with a pending debt that waits for this trouble to pass, named by its class or
   * its code, and the Drift account of one of them; null when there is none.
   */
  waitingFor(
    trouble: { readonly class: ErrorClass } | { readonly code: Trouble['code'] },
  ): Promise<{ driftUser: Address | null; subscribers: string[] }>;
  /** The slot before the oldest close that is not paid for yet; 0 when there is none. */
  oldestOpenSlot(subscriberId: string): Promise<Slot>;
  /**
   * Every share, oldest first, with what no landed payment covers of it; of a voided one, of what
   * was paid.
   */
  uncovered(subscriberId: string): Promise<UncoveredShare[]>;
  /**
   * Frees debts whose payment is nowhere in the books. Only after everything signed before can no
   * longer land.
   */
  freeOrphans(): Promise<number>;
  /**
   * Makes debts payable that were booked by a daemon that observes, of closes in this slot and
   * later. Returns them; none when asked again.
   */
  adopt(fromSlot: Slot): Promise<{ shareId: string; subscriberId: string; left: BaseUnits }[]>;
  /** Debts that wait to be adopted. */
  observed(): Promise<{ readonly count: number; readonly left: BaseUnits }>;
  /** Lets debts lapse whose own terms say so, by the database's clock. Returns them. */
  lapse(): Promise<{ shareId: string; subscriberId: string; left: BaseUnits }[]>;
};

/**
 * Every function is one conditional update: false means that the payment was not in the state it
 * starts from.
 */
export type Payments = {
  live(subscriberId: string): Promise<Payment | null>;
  /**
   * Claims the debts and inserts the payment, in one transaction; false when somebody was faster.
   */
  open(payment: Payment): Promise<boolean>;
  /**
   * With `under`, false also when the database is no longer the one with that identity, checked
   * with the same commit.
   */
  signed(paymentId: string, bytes: SignedBytes, under?: string | null): Promise<boolean>;
  sent(paymentId: string, nowMs: number): Promise<boolean>;
  landed(paymentId: string, slot: Slot): Promise<boolean>;
  /**
   * From `planned`: notes why it is not signed yet, on the payment and on its debts. Nothing else
   * changes; the signature takes the note away.
   */
  waits(paymentId: string, trouble: Trouble): Promise<boolean>;
  /** From `planned` alone: nothing was signed. Frees the debts. */
  refused(
    paymentId: string,
    trouble: Trouble,
    retryInMs: number | null,
    countsAsAttempt: boolean,
  ): Promise<boolean>;
  /**
   * From `sent`, executed with an error in this finalized slot. Frees the debts; nothing of the
   * subscriber is tried again before that time, also when an event wakes the lane.
   */
  failed(
    paymentId: string,
    slot: Slot,
    trouble: Trouble,
    retryInMs: number | null,
    countsAsAttempt: boolean,
  ): Promise<boolean>;
  /** Frees the debts with this reason. `evidence` is every round that counted, oldest first. */
  dead(
    paymentId: string,
    evidence: readonly DeathEvidence[],
    trouble: Trouble,
    retryInMs: number,
  ): Promise<boolean>;
  /** Newest first; `before` is the id of the last one that was seen. */
  list(filter: {
    subscriberId?: string;
    creatorWallet?: string;
    state?: Payment['state'];
    limit: number;
    before?: string;
  }): Promise<PaymentRecord[]>;
  find(id: string): Promise<PaymentRecord | null>;
  /** Whether a top-up was tried within the last so many milliseconds, also when it failed. */
  toppedUpWithin(subscriberId: string, ms: number): Promise<boolean>;
  /**
   * Those of the signatures, each of a transaction that was executed without error, that these
   * books do not know. Known is a payment that landed with it, or that was signed with it and may
   * still be seen to land. An id proves nothing: a row that is planned, failed or dead while the
   * chain shows its payment has lost a commit.
   */
  unknown(signatures: readonly Signature[]): Promise<Signature[]>;
  /** What a landed payment paid beyond the debts that it covered. */
  overpaidBy(paymentId: string): Promise<BaseUnits>;
  /**
   * Books a payment that the chain shows and the ledger lost, as landed. False when it is known
   * after all.
   */
  restore(subscriberId: string, paid: PaidOnChain, covers: readonly Cover[]): Promise<boolean>;
};

/**
 * What payments cost their fee payer, as the chain tells it. A day is the last 24 hours of the
 * database's clock.
 */
export type Costs = {
  /** Ended payments whose cost was not read yet, oldest first. */
  unread(limit: number): Promise<UnreadCost[]>;
  record(payment: UnreadCost, cost: TransactionCost): Promise<void>;
  /**
   * How often a token account of this creator was opened, and how often that was planned and is not
   * read yet.
   */
  openings(creatorWallet: Address): Promise<{ readonly known: number; readonly unread: number }>;
  /** What the sponsor gave within a day. */
  ofSponsor(sponsor: Address, subscriberId: string, creatorWallet: Address): Promise<SponsorSpent>;
  /**
   * USDC that was signed for within a day in payments of this subscriber that landed or may land.
   */
  signedToday(subscriberId: string): Promise<BaseUnits>;
};
export type UnreadCost = {
  readonly paymentId: string;
  readonly subscriberId: string;
  readonly creatorWallet: Address;
  readonly signature: Signature;
};
