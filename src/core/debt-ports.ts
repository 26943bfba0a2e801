// Debt ports: the port to profit shares and to the payments that discharge them.
import type { Accrued, Realised } from './accrual.ts';
import type { Brought } from './brought.ts';
import type { DeathEvidence } from './death.ts';
import type { Accrual } from './explain.ts';
import type { Fact } from './fact.ts';
import type { Accepted, FoundPayments } from './found-payment-ports.ts';
import type { Address, Signature, Slot } from './ids.ts';
import type { ListFilters } from './lists.ts';
import type { Movement } from './lots.ts';
import type { BaseUnits } from './money.ts';
import type { Cover, Debt, Payment, PaymentPlan, SignedBytes, Tries } from './payment.ts';
import type { Subscription } from './ports.ts';
import type { Received, UncoveredShare } from './rebuild.ts';
import type { ShareStatus, Voided, Voiding } from './share.ts';
import type { Owed, Token } from './token.ts';
import type { ErrorClass, Trouble } from './trouble.ts';
import type { PaymentVariants } from './variant-ports.ts';
import type { VenueName } from './venue.ts';

export type UnaccruedClose = {
  readonly fact: Fact & { readonly body: Realised };
  readonly subscription: Subscription;
  /**
   * The movements of the account's positions before this close, as far back as it depends on them.
   */
  readonly history: readonly Movement[];
  /**
   * Whether account state has proven that everything up to this slot was heard, or was never read.
   */
  readonly vouched: boolean;
};

export type ProfitShare = {
  /** The token of its amounts. */
  readonly token: Token;
  readonly id: string;
  readonly subscriberId: string;
  readonly subscriptionId: string;
  readonly creatorWallet: Address;
  /** The close; null for a debt that was brought from another system. */
  readonly signature: Signature | null;
  /** The slot of the close; for a debt that was brought, the one from which it is owed here. */
  readonly slot: Slot;
  /** Null for a debt that was brought without them. */
  readonly netPnl: BaseUnits | null;
  /** The part of the profit that this recipient gets. */
  readonly shareBps: number | null;
  /** To whom it is owed: 0 for the creator, else the number of the split. */
  readonly recipient: number;
  /** The name of the split; null for the creator, and for a split without a name. */
  readonly label: string | null;
  readonly brought: Brought | null;
  readonly amount: BaseUnits;
  readonly paid: BaseUnits;
  readonly status: ShareStatus;
  readonly reason: Trouble | null;
  readonly attempts: number;
  readonly retryAtMs: number | null;
  readonly paidBy: readonly Signature[];
  /** The part of `paid` that transfers of others discharged, and their signatures. */
  readonly credited: BaseUnits;
  readonly creditedBy: readonly Signature[];
  /** Booked by a daemon in mode observe. The share is not paid until a person adopts it. */
  readonly observed: boolean;
  /** Who ended the debt unpaid, when and why; null unless `status` is `voided`. */
  readonly voided: Voided | null;
};

/**
 * A transfer to a creator that Bailiff did not make, and the part that discharged debts. The rest
 * is in excess.
 */
export type CreditMatch = {
  readonly token: Token;
  readonly subscriberId: string;
  readonly creatorWallet: Address;
  readonly signature: Signature;
  readonly amount: BaseUnits;
  readonly credited: BaseUnits;
};
export type Credit = CreditMatch & {
  readonly slot: Slot;
  readonly shares: readonly Cover[];
  /** The cursor after which a list continues. */
  readonly cursor: string;
};
export type Credits = {
  /** Subscribers with a final transfer to a creator that waits to be matched. */
  waiting(): Promise<string[]>;
  /**
   * Matches the waiting transfers of a subscriber with debts, each transfer once, the oldest debts
   * first. A transfer that meets a debt claimed by a payment waits until that payment has ended. A
   * transfer with a rest waits again when a debt of an earlier close is booked. Returns the
   * transfers that were matched for the first time. Throws `books_behind` as `Shares.void` does.
   */
  match(subscriberId: string, under: string | null): Promise<CreditMatch[]>;
  /**
   * A transfer to the creator that is not final or not matched yet; null when there is none, so
   * that a payment may be signed.
   */
  unmatched(subscriberId: string, creatorWallet: Address): Promise<Signature | null>;
  /** Lists credits, newest first. `before` is the cursor of the last one of the page before. */
  list(filter: { subscriberId: string; limit: number; before?: string }): Promise<Credit[]>;
};

export type ListedPayment = Pick<Payment, 'token' | 'id' | 'purpose' | 'subscriberId'> & {
  /** The recipient of the oldest debt; of a swap, the agent. */
  readonly creatorWallet: Address;
  readonly amount: BaseUnits;
  /** The parts of the amount, each with what of it no debt explains; empty for a swap. */
  readonly recipients: readonly (Received & { readonly excess: BaseUnits })[];
  readonly withdrawn: BaseUnits;
  readonly feePayer: PaymentPlan['feePayer'];
  readonly state: Payment['state'];
  readonly guard: 'blockhash' | 'nonce';
  readonly cancelAsked: boolean;
  readonly signature: Signature | null;
  readonly slot: Slot | null;
  readonly trouble: Trouble | null;
  /** Base units that no debt explains, of a payment that was found on chain; else 0. */
  readonly excess: BaseUnits;
  /** The person who accepted the excess; null until a person accepts it. */
  readonly accepted: Accepted | null;
  readonly plannedAtMs: number;
  readonly endedAtMs: number | null;
};
/** How long a payment may stay unsigned before a clearance request ends it. Milliseconds. */
export const UNSIGNED_MOST_MS = 5_000;

/**
 * Stores profit shares. Ages and retry times use the database's clock, because a daemon's may be
 * wrong.
 */
export type Shares = {
  /**
   * Finalized closes of subscriptions that are not booked, in chain order, after the place `after`.
   * Where the order of closes matters, only those up to a slot for which account state has proven
   * that everything was heard.
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
  /** The debts of a subscriber that may be paid now, in chain order. */
  due(subscriberId: string): Promise<Debt[]>;
  /** Subscribers with a live payment, or with a debt that is due. */
  subscribersWithWork(): Promise<string[]>;
  /** The highest count of each kind of failure among these debts. */
  tries(subscriberId: string, shareIds: readonly string[]): Promise<Tries>;
  /**
   * Records why debts could not be paid, and after how many milliseconds they are tried again; null
   * makes them `failed`, for a person.
   */
  rest(
    subscriberId: string,
    shareIds: readonly string[],
    trouble: Trouble,
    retryInMs: number | null,
    countsAsAttempt: boolean,
  ): Promise<void>;
  /** Notes why debts that are due cannot be planned just now. They stay due. */
  note(subscriberId: string, shareIds: readonly string[], trouble: Trouble): Promise<void>;
  /** Lists shares, newest first. `before` is the id of the last one of the page before. */
  list(filter: ListFilters['shares'] & { limit: number; before?: string }): Promise<ProfitShare[]>;
  /** The share with this id, or null. */
  find(id: string): Promise<ProfitShare | null>;
  /** The figures from which a share was computed; null when there is no such share. */
  accrual(id: string): Promise<Accrual | null>;
  /** The unpaid debts of a subscriber, oldest first. */
  open(subscriberId: string): Promise<ProfitShare[]>;
  /**
   * Makes a waiting debt due now, even one that waits for a person, and ends its unsigned payment.
   * False when the debt does not wait, or has a payment that may still land.
   */
  retry(id: string): Promise<boolean>;
  /**
   * Ends a debt unpaid, on record, and ends its unsigned payment. False when the debt is paid or
   * voided, or has a payment that may still land. Throws `books_behind` when the database is no
   * longer the one with the identity `under`; null skips this check.
   */
  void(id: string, voiding: Voiding, nowMs: number, under: string | null): Promise<boolean>;
  /**
   * Makes every pending debt due now, even small ones, and clears their reasons. A payment that is
   * still unsigned after UNSIGNED_MOST_MS is ended, so that its debts are planned again.
   */
  hasten(subscriberId: string): Promise<void>;
  /**
   * Makes debts due that wait for one of these classes of trouble to pass. Returns their
   * subscribers.
   */
  wake(waiting: readonly { subscriberId: string; class: ErrorClass }[]): Promise<string[]>;
  /**
   * The subscribers with a pending debt, at one venue or at any, that waits for this trouble, given
   * by class or code, and the account of one of them; null when there is none.
   */
  waitingFor(
    trouble: ({ readonly class: ErrorClass } | { readonly code: Trouble['code'] }) & {
      readonly venue?: VenueName;
    },
  ): Promise<{ driftUser: Address | null; subscribers: string[] }>;
  /**
   * The sum that subscribers owe to a creator in debts of one token that can be paid: neither
   * parked nor observed.
   */
  owedTo(creatorWallet: Address, mint: Address): Promise<BaseUnits>;
  /**
   * The slot before the oldest close with an unpaid debt, or before the oldest payment with an
   * excess that no person has accepted; null when there is neither. `payable` means debts that are
   * pending or claimed by a payment, and not observed; `open` means parked and observed debts, too.
   */
  oldestOpenSlot(subscriberId: string, which: 'payable' | 'open'): Promise<Slot | null>;
  /**
   * Every share, oldest first, with the amount that no live or landed payment and no credit covers.
   * For a voided share the paid part counts as its amount.
   */
  uncovered(subscriberId: string): Promise<UncoveredShare[]>;
  /**
   * Frees debts whose payment is missing from the ledger. Returns how many. Must be called only
   * after everything signed before can no longer land.
   */
  freeOrphans(): Promise<number>;
  /** Subscribers with observed debts of closes in this slot and later. */
  adoptable(fromSlot: Slot): Promise<string[]>;
  /**
   * Makes debts of these subscribers payable that were booked in mode observe, of closes in this
   * slot and later. Returns them; a second call returns none. Throws `books_behind` as `void` does.
   */
  adopt(
    fromSlot: Slot,
    subscriberIds: readonly string[],
    under: string | null,
  ): Promise<{ shareId: string; subscriberId: string; token: Token; left: BaseUnits }[]>;
  /** The debts that wait to be adopted: their number, and their unpaid sum by token. */
  observed(): Promise<{ readonly count: number; readonly left: readonly Owed[] }>;
  /** Subscribers with debts that their own terms let lapse now, by the database's clock. */
  lapsing(): Promise<string[]>;
  /** Lets such debts of a subscriber lapse. Returns them. Throws `books_behind` as `void` does. */
  lapse(
    subscriberId: string,
    under: string | null,
  ): Promise<{ shareId: string; left: BaseUnits }[]>;
};

type PaymentsApart = FoundPayments & PaymentVariants;
/**
 * Stores payments. Every transition is one conditional update; false means that the payment was not
 * in the state from which it starts.
 */
export type Payments = PaymentsApart & {
  /** The payment of a subscriber that has not ended; null when there is none. */
  live(subscriberId: string): Promise<Payment | null>;
  /**
   * Claims the debts and inserts the payment in one transaction. False when another daemon was
   * faster.
   */
  open(payment: Payment): Promise<boolean>;
  /**
   * From `planned` to `signed`: stores the bytes before they are sent. With `under`, also false
   * when the database's identity has changed, which the same statement checks.
   */
  signed(paymentId: string, bytes: SignedBytes, under?: string | null): Promise<boolean>;
  /** From `signed` to `sent`: from now on the transaction may be executed. */
  sent(paymentId: string, nowMs: number): Promise<boolean>;
  /**
   * From `sent` to `landed` in a finalized slot: discharges the debts. `signature`: the variant
   * that was executed; absent for the only one.
   */
  landed(paymentId: string, slot: Slot, signature?: Signature): Promise<boolean>;
  /**
   * Stays in `planned`, or of a payment under a nonce in `sent`: records on the payment and on its
   * debts why it is not signed yet, or why its end is not told yet. The signature clears it.
   */
  waits(paymentId: string, trouble: Trouble): Promise<boolean>;
  /** From `planned` to `failed`, with nothing signed. Frees the debts. */
  refused(
    paymentId: string,
    trouble: Trouble,
    retryInMs: number | null,
    countsAsAttempt: boolean,
  ): Promise<boolean>;
  /**
   * From `sent` to `failed`: executed with an error in this finalized slot. Frees the debts. No
   * debt of the subscriber is tried again before `retryInMs`, even if an event wakes the lane.
   */
  failed(
    paymentId: string,
    slot: Slot,
    trouble: Trouble,
    retryInMs: number | null,
    countsAsAttempt: boolean,
    signature?: Signature,
  ): Promise<boolean>;
  /**
   * From `sent` to `dead`: proven never executed. Frees the debts with this reason. `evidence` are
   * all rounds that counted, oldest first.
   */
  dead(
    paymentId: string,
    evidence: readonly DeathEvidence[],
    trouble: Trouble,
    retryInMs: number,
  ): Promise<boolean>;
  /** Lists payments, newest first. `before` is the id of the last one of the page before. */
  list(
    filter: ListFilters['payments'] & { limit: number; before?: string },
  ): Promise<ListedPayment[]>;
  /** The payment with this id, or null. */
  find(id: string): Promise<ListedPayment | null>;
  /** The payment that was signed with this signature, or null. */
  bySignature(signature: Signature): Promise<ListedPayment | null>;
  /** Whether a top-up was planned within the last `ms` milliseconds, even if it failed. */
  toppedUpWithin(subscriberId: string, ms: number): Promise<boolean>;
  /**
   * The signatures, each of an executed transaction without error, that the ledger does not know. A
   * signature is known when a payment landed with it, or was signed with it and may still land. An
   * id proves nothing: a row that is planned, failed or dead although the chain shows its payment
   * has lost a commit. A payment with an excess that no person accepted is not known yet.
   */
  unknown(signatures: readonly Signature[]): Promise<Signature[]>;
  /** The amount that a landed payment paid beyond its debts. Base units. */
  overpaidBy(paymentId: string): Promise<BaseUnits>;
};
