// State: the tables of the in-memory ledger. It follows the Postgres ledger function by function;
// one contract suite (test/ledger/contract.test.ts) compares the two.

import type { Booking } from '../../../src/core/accrual.ts';
import type { AgentKey } from '../../../src/core/agent-key.ts';
import type { Clearance, FundsReading } from '../../../src/core/clearance.ts';
import type { DeathEvidence } from '../../../src/core/death.ts';
import type { Cover } from '../../../src/core/debt.ts';
import type { Credit, UnaccruedClose } from '../../../src/core/debt-ports.ts';
import type { EventKind, EventOf } from '../../../src/core/event.ts';
import type { Fact } from '../../../src/core/fact.ts';
import type { AsideKind } from '../../../src/core/hearing-ports.ts';
import type { Address, Signature, Slot } from '../../../src/core/ids.ts';
import type { Accepted } from '../../../src/core/listed-payment.ts';
import type { CancelRequest, Variant } from '../../../src/core/nonce.ts';
import type { NonceAccount } from '../../../src/core/nonce-account.ts';
import type { TopUpRule } from '../../../src/core/outflow.ts';
import type { Payment } from '../../../src/core/payment.ts';
import { paidTo } from '../../../src/core/payment-recipients.ts';
import type { Route } from '../../../src/core/payment-route.ts';
import type { Halt, Subscriber } from '../../../src/core/ports.ts';
import type { AccountState, Counters } from '../../../src/core/reckoning.ts';
import type { RosterEntry } from '../../../src/core/roster-entry.ts';
import type { Share } from '../../../src/core/share.ts';
import type { ShareChange } from '../../../src/core/share-change.ts';
import { isAsked } from '../../../src/core/share-due.ts';
import { type Transition, transition } from '../../../src/core/share-transition.ts';
import type { SignedBytes } from '../../../src/core/signed-bytes.ts';
import type { NamedBy } from '../../../src/core/source.ts';
import { recipientsOf } from '../../../src/core/split.ts';
import type { Subscription } from '../../../src/core/subscription.ts';
import type { Trouble } from '../../../src/core/trouble.ts';
import type { WalkedAccount, Watched } from '../../../src/core/watch-ports.ts';
import type { Trusted } from '../../../src/flows/continuity.ts';

export type SightingRow = {
  readonly signature: Signature;
  status: 'wanted' | 'confirmed' | 'finalized' | 'dropped' | 'unfound';
  blockIndex: number | null;
  /** A finalized reading was recorded. */
  final: boolean;
  slot: Slot | null;
  rank: number;
  namedSlot: Slot | null;
  namedFinal: boolean;
  readonly accounts: Set<Address>;
  readonly source: NamedBy;
  attempts: number;
  wantedMs: number;
  absentMs: number | null;
  dueMs: number;
  /** The watch-list's revision with which it was read. */
  readRevision: number | null;
};
export type FactRow = {
  fact: Fact;
  blockIndex: number | null;
  finality: 'confirmed' | 'finalized' | 'withdrawn';
};
export type AccountRow = Watched & {
  readonly subAccountId: number | null;
  cursorSlot: Slot;
  walked: WalkedAccount | null;
  readonly listedRevision: number;
};
/** A debt, whose changes core/share.ts decides, and what it was made from. */
export type ShareRow = { -readonly [Field in keyof Share]: Share[Field] } & {
  readonly subscriptionId: string;
  readonly signature: Signature;
  readonly slot: Slot;
  readonly ordinal: number;
  readonly netPnl: bigint;
  readonly shareBps: number;
  /** Where the terms began under which this part was opened. */
  readonly termsSlot: Slot;
  readonly recipient: number;
  readonly accruedAtMs: number;
};
export type CreditRow = Omit<Credit, 'credited' | 'shares'> & {
  readonly id: string;
  credited: bigint;
  readonly shares: Cover[];
};
export type PaymentRow = Omit<
  Payment,
  'attempts' | 'state' | 'signed' | 'variants' | 'cancelAsked' | 'cancelFor'
> & {
  state: Payment['state'];
  signed: Payment['signed'];
  /** Every transaction that was signed under the nonce, with its bytes. */
  readonly signings: {
    readonly variant: Variant;
    readonly bytes: SignedBytes;
    readonly route: Route | null;
  }[];
  cancelAsked: boolean;
  cancelFor: readonly CancelRequest[];
  /** The transaction that stood on the nonce's value in place of this payment's. */
  moved: { readonly signature: Signature; readonly slot: Slot; readonly own: boolean } | null;
  executedSlot: Slot | null;
  evidence: readonly DeathEvidence[] | null;
  trouble: Trouble | null;
  /** Also of a payment that the chain has shown and whose bytes are lost. */
  signature: Signature | null;
  /** As `ListedPayment`. */
  excess: bigint;
  accepted: Accepted | null;
  maybeLost: boolean;
  readonly plannedAtMs: number;
  endedAtMs: number | null;
  covers: readonly Cover[];
};

export type CheckRow = {
  baseline: AccountState;
  candidate: AccountState | null;
  difference: Counters | null;
  turn: number;
};

/** A clearance, and what the accounts held when they were read for it. */
export type StoredClearance = Clearance & { readonly readings: readonly FundsReading[] };

export type State = {
  readonly subscribers: Map<string, Omit<Subscriber, 'hasKey' | 'driftAccounts' | 'retiredAtMs'>>;
  readonly keys: Map<string, AgentKey>;
  readonly accounts: Map<Address, AccountRow>;
  readonly subscriptions: Map<string, { -readonly [K in keyof Subscription]: Subscription[K] }>;
  readonly sightings: Map<Signature, SightingRow>;
  readonly asides: Map<
    string,
    {
      readonly kind: AsideKind;
      readonly subject: string;
      readonly attempts: number;
      readonly retryMs: number;
    }
  >;
  /** Of the watch-list. */
  listRevision: number;
  readonly facts: Map<string, FactRow>;
  /** Amount booked by close, under its fact's key and subscription. */
  readonly accruals: Map<string, bigint>;
  /** What each debt was computed from, by its id. */
  readonly figures: Map<
    string,
    { readonly fact: UnaccruedClose['fact']; readonly booking: Booking }
  >;
  readonly shares: Map<string, ShareRow>;
  readonly payments: Map<string, PaymentRow>;
  readonly nonces: Map<string, NonceAccount>;
  /** By the key of their fact. */
  readonly credits: Map<string, CreditRow>;
  /** Credits with a rest that wait again to be matched, each with the time since which it does. */
  readonly creditsAgain: Map<string, number>;
  /** The events about debts, in order. */
  readonly events: EventOf<EventKind>[];
  readonly halts: Map<string, Halt>;
  readonly clearances: Map<string, StoredClearance[]>;
  readonly standings: Map<string, RosterEntry>;
  readonly checks: Map<Address, CheckRow>;
  /** Grows with each look at an account, so that the one looked at longest ago is next. */
  turns: number;
  /** The identity of the database that daemons trusted last. */
  trusted: Trusted | null;
  /** The rule for swaps for SOL; null where agents do not swap. */
  topUp: TopUpRule | null;
  /** New debts are marked as observed, and such debts count for the standing. */
  observing: boolean;
  revision: bigint;
  /**
   * The second live payment of a subscriber is refused, as the unique index does; a deliberate
   * fault turns it off.
   */
  oneLive: boolean;
  /**
   * A clearance to withdraw covers only as far as enough stays behind for what is owed; a
   * deliberate fault turns that off.
   */
  clearedLeaving: boolean;
  /**
   * A payment that covers other debts than its recipients are paid for is refused, as the triggers
   * of the database do; a deliberate fault turns it off.
   */
  recipientsHold: boolean;
};

export const emptyState = (): State => ({
  subscribers: new Map(),
  keys: new Map(),
  accounts: new Map(),
  subscriptions: new Map(),
  sightings: new Map(),
  asides: new Map(),
  listRevision: 0,
  facts: new Map(),
  accruals: new Map(),
  figures: new Map(),
  shares: new Map(),
  payments: new Map(),
  nonces: new Map(),
  credits: new Map(),
  creditsAgain: new Map(),
  events: [],
  halts: new Map(),
  clearances: new Map(),
  standings: new Map(),
  checks: new Map(),
  turns: 0,
  trusted: null,
  topUp: null,
  observing: false,
  revision: 0n,
  oneLive: true,
  clearedLeaving: true,
  recipientsHold: true,
});

/** The order in which closes are booked. */
export function inChainOrder(one: FactRow, other: FactRow): number {
  const [a, b] = [one.fact, other.fact];
  const last = Number.POSITIVE_INFINITY;
  return (
    a.position.slot - b.position.slot ||
    // Both may be unknown.
    Math.sign((one.blockIndex ?? last) - (other.blockIndex ?? last)) ||
    (a.signature < b.signature ? -1 : a.signature > b.signature ? 1 : 0) ||
    a.position.ordinal - b.position.ordinal
  );
}

export const factKey = (fact: Fact): string =>
  [fact.subscriberId, fact.signature, fact.position.slot, fact.position.ordinal, fact.account].join(
    '/',
  );
export const accrualKey = (subscriptionId: string, fact: Fact): string =>
  `${subscriptionId}/${factKey(fact)}`;

export const LIVE: ReadonlySet<string> = new Set(['planned', 'signed', 'sent']);

/** Whether a payment was signed with this signature, by any of its variants. */
export const hasSigned = (row: PaymentRow, signature: string): boolean =>
  row.signature === signature ||
  row.signings.some(
    ({ variant }) => variant.purpose === 'payment' && variant.signature === signature,
  );

/** Whether a share is paid at any size. */
export function isAskedOf(state: State, row: ShareRow): boolean {
  const newest = state.subscriptions.get(row.subscriptionId)?.terms.at(-1);
  const parts = newest === undefined ? [] : recipientsOf(newest);
  return isAsked({
    hastened: row.hastened,
    delinquent: state.standings.get(row.subscriberId)?.standing === 'delinquent',
    ended: newest?.ended ?? false,
    dropped: !parts.some((each) => each.wallet === row.creatorWallet && each.shareBps > 0),
  });
}

/** Oldest first, as the chain has it: several closes may share a slot. */
export function byAge(state: State): (a: ShareRow, b: ShareRow) => number {
  const placeOf = (row: ShareRow): number => {
    for (const { fact, blockIndex } of state.facts.values())
      if (
        fact.signature === row.signature &&
        fact.subscriberId === row.subscriberId &&
        fact.position.slot === row.slot &&
        fact.position.ordinal === row.ordinal
      )
        return blockIndex ?? Number.MAX_SAFE_INTEGER;
    return 0;
  };
  return (a, b) =>
    a.slot - b.slot ||
    placeOf(a) - placeOf(b) ||
    a.ordinal - b.ordinal ||
    a.recipient - b.recipient ||
    (a.id < b.id ? -1 : 1);
}

/** The highest number of recipients of a failed payment that covered this share. */
export const failedTogether = ({ payments }: State, shareId: string): number =>
  Math.max(
    0,
    ...[...payments.values()]
      .filter((each) => each.state === 'failed')
      .filter((each) => each.covers.some((cover) => cover.shareId === shareId))
      .map((each) => paidTo(each).length),
  );

/**
 * Applies an act to those debts that it may start from, in the order of their ids. Returns the
 * transitions.
 */
/** The order of payments, the newest first. */
export const newestFirst = (a: PaymentRow, b: PaymentRow): number =>
  b.plannedAtMs - a.plannedAtMs || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);

export function applyToShares(
  state: State,
  rows: Iterable<ShareRow>,
  act: (row: ShareRow) => ShareChange | null,
): Transition[] {
  const inOrder = [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));
  return inOrder.flatMap((row) => {
    const what = act(row);
    const found = what === null ? null : transition({ ...row }, what);
    if (found === null) return [];
    Object.assign(row, found.share);
    state.events.push(...found.events);
    return [found];
  });
}
