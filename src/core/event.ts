// Event: a message to platforms about a change. An event is written in the transaction of its
// change, so that neither exists without the other. Each kind has one sentence and one type of body
// here; the API description lists the same bodies as webhooks, with amounts as decimal strings of
// base units.
import type { Address, Signature, Slot } from './ids.ts';
import type { BaseUnits, BasisPoints } from './money.ts';
import type { PaymentPurpose } from './payment.ts';
import type { Counters } from './reckoning.ts';
import type { Evidence } from './standing.ts';
import type { SuspicionKind } from './suspicion.ts';
import type { Owed, Token } from './token.ts';
import type { Trouble } from './trouble.ts';
import type { VoidedBy } from './voiding.ts';

/**
 * Every kind of event, and when it is written. docs/events-out.md and the webhooks of the API
 * description contain the same list.
 */
export const EVENTS: Readonly<Record<EventKind, string>> = {
  'share.accrued': 'A finalized close made a debt.',
  'share.brought': 'A debt was brought from another system by an import.',
  'share.paid':
    'The payment of the rest of a debt is final. payment is null for a transfer that Bailiff did not make.',
  'share.overpaid': 'A payment landed for a debt that was covered already.',
  'share.blocked':
    'A debt cannot be paid now, for a reason that is new, or waits for a person from now on.',
  'share.voided': 'A debt ended unpaid, by its terms or by an operator.',
  'share.credited': 'A transfer to the creator that Bailiff did not make paid a part of a debt.',
  'share.adopted': 'A debt that was booked while only observing is payable now.',
  'transfer.credited':
    'A transfer to a creator that Bailiff did not make was matched with the debts to that creator.',
  'payment.landed': 'A payment is final.',
  'payment.accepted':
    'A person accepted the part of a payment that no debt explains. It stays with the creator.',
  'payment.failed':
    'A payment was refused before signing, or executed with an error. Its debts are free again.',
  'payment.dead': 'A payment was proven never executed. Its debts are free again.',
  'subscriber.registered': 'A subscriber is watched from now on.',
  'subscriber.delinquent': 'A subscriber withdrew on chain while owing.',
  'subscriber.cleared': 'A delinquent subscriber has paid, or was forgiven.',
  'subscriber.suspected':
    'Notices of losses that may be made on purpose are above gate.suspicions.amountMost.',
  'agent.needs_sol': 'SOL for fees is missing.',
  'venue.paused': 'The first debt waits for the venue. It is about no subscriber.',
  'venue.resumed': 'The venue takes withdrawals again. It is about no subscriber.',
  'account.gap': 'Account state shows a change that no fact explains.',
  'endpoint.disabled': 'An endpoint is not tried any more. The other endpoints are told.',
  'endpoint.test': 'A request asked whether an endpoint takes events. Only that endpoint is told.',
};
export type EventKind = keyof EventBodies;
export const EVENT_KINDS = Object.keys(EVENTS) as readonly EventKind[];

/** The token of the amounts of an event. */
type TokenTold = { readonly mint: Address; readonly symbol: string };
/** The fields of a creator's payment. `signature` is null when nothing was signed. */
type PaymentTold = TokenTold & {
  readonly payment: string;
  readonly creatorWallet: string;
  /** The sum that the recipients get. */
  readonly amount: BaseUnits;
  readonly signature: Signature | null;
  /** The recipients, each with its part; the first is `creatorWallet`. Empty for a swap. */
  readonly recipients: readonly { readonly wallet: string; readonly amount: BaseUnits }[];
};
/**
 * The transaction that discharged a debt. `payment` is null for a transfer that Bailiff did not
 * make.
 */
type DischargeTold = TokenTold & {
  readonly share: string;
  readonly payment: string | null;
  readonly creatorWallet: string;
  readonly signature: Signature | null;
  readonly slot: Slot;
  /** The whole amount of the debt. */
  readonly amount: BaseUnits;
};

export type EventBodies = {
  'share.accrued': TokenTold & {
    readonly share: string;
    readonly subscription: string;
    readonly creatorWallet: Address;
    readonly signature: Signature;
    readonly slot: Slot;
    readonly netPnl: BaseUnits;
    readonly shareBps: BasisPoints;
    readonly amount: BaseUnits;
  };
  'share.brought': TokenTold & {
    readonly share: string;
    readonly subscription: string;
    /** The debt's id in the other system, and its origin there. */
    readonly broughtAs: string;
    readonly origin: string | null;
    readonly creatorWallet: Address;
    /** Null where the other system did not give them. */
    readonly netPnl: BaseUnits | null;
    readonly shareBps: BasisPoints | null;
    readonly amount: BaseUnits;
  };
  'share.paid': DischargeTold;
  /** `overpaid` is the amount that this payment paid beyond the debt. */
  'share.overpaid': DischargeTold & { readonly overpaid: BaseUnits };
  'share.blocked': Trouble &
    TokenTold & {
      readonly share: string;
      readonly left: BaseUnits;
      readonly waitsForPerson: boolean;
    };
  'share.voided': TokenTold & {
    readonly share: string;
    readonly left: BaseUnits;
    readonly by: VoidedBy;
    readonly reason: string;
    /**
     * `actor`: an API key's id, `configured`, `anyone`, `command`, or `terms`. `person`: the person
     * that a request named.
     */
    readonly actor: string;
    readonly person: string | null;
    /** ISO 8601, UTC. */
    readonly at: string;
  };
  'share.credited': TokenTold & {
    readonly share: string;
    readonly creatorWallet: string;
    readonly signature: Signature;
    readonly slot: Slot;
    /**
     * `amount`: the part of the debt that the transfer paid. `left`: the part that is still owed.
     */
    readonly amount: BaseUnits;
    readonly left: BaseUnits;
  };
  'share.adopted': TokenTold & { readonly share: string; readonly left: BaseUnits };
  'transfer.credited': TokenTold & {
    readonly creatorWallet: Address;
    readonly signature: Signature;
    readonly slot: Slot;
    readonly amount: BaseUnits;
    readonly credited: BaseUnits;
    /** The part that discharged no debt. */
    readonly excess: BaseUnits;
  };
  'payment.landed': PaymentTold & {
    readonly slot: Slot;
    readonly purpose: PaymentPurpose;
  };
  'payment.accepted': PaymentTold & {
    readonly slot: Slot;
    /** The part that no debt explains. */
    readonly excess: BaseUnits;
    readonly reason: string;
    readonly actor: string;
    readonly person: string | null;
    /** ISO 8601, UTC. */
    readonly at: string;
  };
  'payment.failed': PaymentTold & Trouble;
  'payment.dead': PaymentTold & Trouble;
  'subscriber.registered': { readonly agentWallet: Address };
  'subscriber.delinquent': {
    /** The sum over all tokens; `owed` has it by token. */
    readonly outstanding: BaseUnits;
    readonly owed: readonly Owed[];
    readonly reason: string | null;
    readonly evidence: Evidence;
    readonly revision: bigint;
  };
  'subscriber.cleared': {
    readonly outstanding: BaseUnits;
    readonly owed: readonly Owed[];
    readonly revision: bigint;
  };
  'subscriber.suspected': {
    readonly amount: BaseUnits;
    readonly token: Token;
    readonly notices: number;
    readonly kinds: readonly SuspicionKind[];
    readonly signature: Signature;
    readonly slot: Slot;
  };
  'agent.needs_sol': Trouble;
  'venue.paused': Trouble;
  /** The number of debts that waited for the venue. */
  'venue.resumed': { readonly waiting: number };
  'account.gap': {
    readonly address: Address;
    /** The difference that the facts do not explain, by counter. */
    readonly difference: Counters;
  };
  'endpoint.test': { readonly endpoint: string };
  'endpoint.disabled': { readonly endpoint: string; readonly url: string; readonly why: string };
};

/**
 * An event before it is written, of one of these kinds. `subscriberId` is null for an event that
 * concerns no subscriber.
 */
export type EventOf<Kinds extends keyof EventBodies> = {
  [Kind in Kinds]: {
    readonly kind: Kind;
    readonly subscriberId: string | null;
    readonly body: EventBodies[Kind];
  };
}[Kinds];

/** An event as it is pulled. */
export type ToldEvent = {
  readonly id: string;
  readonly kind: EventKind;
  readonly atMs: number;
  readonly body: unknown;
};
/**
 * All events in one order, for a reader that pulls them instead of being sent them. An event takes
 * its place once its transaction is committed, behind every event that was pulled before: a reader
 * that goes on from the last event it has misses none.
 */
export type EventLog = {
  /**
   * At most `limit` events after the one with this id, or from the oldest on where it is null, and
   * the id of the newest event of any kind and subscriber: a reader that has all of these events
   * goes on from there (`upTo`, null without an event). Null when no event has this id, or it was
   * forgotten.
   */
  after(
    id: string | null,
    filter: { readonly kind?: EventKind; readonly subscriberId?: string },
    limit: number,
  ): Promise<{ readonly events: ToldEvent[]; readonly upTo: string | null } | null>;
};
