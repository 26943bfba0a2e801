// Debt ports: the port to profit shares, and to the transfers by others that discharge them.
import type { Accrued, Realised } from './accrual.ts';
import type { Tries } from './aftermath.ts';
import type { Cover, Debt } from './debt.ts';
import type { Accrual } from './explanation.ts';
import type { Fact } from './fact.ts';
import type { Address, Signature, Slot } from './ids.ts';
import type { ListFilters } from './lists.ts';
import type { Movement } from './lot.ts';
import type { BaseUnits } from './money.ts';
import type { ProfitShare } from './profit-share.ts';
import type { UncoveredShare } from './rebuild.ts';
import type { Subscription } from './subscription.ts';
import type { Owed, Token } from './token.ts';
import type { ErrorClass, Trouble } from './trouble.ts';
import type { VenueName } from './venue-name.ts';
import type { Voided, Voiding } from './voiding.ts';

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

/** How long a payment may stay unsigned before a clearance request ends it. Milliseconds. */
export const UNSIGNED_MOST_MS = 5_000;

/** The debts of a subscriber that wait for a class of trouble to pass; without a venue, at any. */
export type Waiting = {
  readonly subscriberId: string;
  readonly class: ErrorClass;
  readonly venue?: VenueName;
};

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
   * makes them `failed`, for a person. True when an event tells of it, because the reason of one of
   * them is new or a person must act from now on.
   */
  rest(
    subscriberId: string,
    shareIds: readonly string[],
    trouble: Trouble,
    retryInMs: number | null,
    countsAsAttempt: boolean,
  ): Promise<boolean>;
  /** Notes why debts that are due cannot be planned just now. They stay due. */
  note(subscriberId: string, shareIds: readonly string[], trouble: Trouble): Promise<void>;
  /** Lists shares, newest first. `before` is the id of the last one of the page before. */
  list(filter: ListFilters['shares'] & { limit: number; before?: string }): Promise<ProfitShare[]>;
  /** The share with this id, or null. */
  find(id: string): Promise<ProfitShare | null>;
  /**
   * The figures from which each of these shares was computed, read with one statement. A share that
   * was brought from another system has none, and an id that names no share is left out.
   */
  accruals(ids: readonly string[]): Promise<ReadonlyMap<string, Accrual>>;
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
   * The debts that persons asked to have voided while a payment of them was under way, and whose
   * payment was cancelled for that, or landed before for a part of the debt. Left out: a debt that
   * was retried, voided or claimed since. With `subscriberId`, only those of this subscriber.
   */
  voidsAsked(
    subscriberId?: string,
  ): Promise<{ shareId: string; subscriberId: string; voiding: Voiding }[]>;
  /**
   * Voids a debt that `voidsAsked` lists at this time, as the person asked. Returns how it was
   * voided; null, and nothing is changed, when the debt is not listed any more, because a person
   * retried it. Throws `books_behind` as `void` does.
   */
  voidAsked(id: string, nowMs: number, under: string | null): Promise<Voided | null>;
  /**
   * Makes every pending debt due now, even small ones, and clears their reasons. A payment that is
   * still unsigned after UNSIGNED_MOST_MS is ended, so that its debts are planned again.
   */
  hasten(subscriberId: string): Promise<void>;
  /**
   * Makes debts due that wait for one of these classes of trouble to pass, at the named venue or at
   * any. Returns their subscribers.
   */
  wake(waiting: readonly Waiting[]): Promise<string[]>;
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
   * The slot before the oldest close with an unpaid debt; null when there is none. `payable` means
   * debts that are pending or claimed by a payment, and not observed; `open` means parked and
   * observed debts, too.
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
