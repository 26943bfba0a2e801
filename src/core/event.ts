// Event: something that a platform wants to be told of as it happens. It is written with what it tells, in one transaction, so that there
// is none without the other; handing it on comes afterwards, as often as it takes.

export const EVENT_KINDS = [
  'share.accrued',
  'share.paid',
  'share.overpaid',
  'share.blocked',
  'share.voided',
  'share.credited',
  'share.adopted',
  'transfer.credited',
  'payment.landed',
  'payment.failed',
  'payment.dead',
  'subscriber.registered',
  'subscriber.delinquent',
  'subscriber.cleared',
  'subscriber.suspected',
  'agent.needs_sol',
  'venue.paused',
  'venue.resumed',
  'account.gap',
  'endpoint.disabled',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export type Endpoint = {
  readonly id: string;
  readonly url: string;
  /** Null is all. */
  readonly kinds: readonly EventKind[] | null;
  readonly createdAtMs: number;
  readonly failingSinceMs: number | null;
  readonly disabled: { readonly atMs: number; readonly why: string } | null;
};
export type SealedSecret = Uint8Array;
/** An event on its way to an endpoint. */
export type Dispatch = {
  readonly endpoint: Endpoint;
  readonly secrets: readonly SealedSecret[];
  readonly eventId: string;
  readonly kind: EventKind;
  readonly atMs: number;
  readonly body: unknown;
  /** This one included. */
  readonly attempts: number;
};
export type Delivery = {
  readonly eventId: string;
  readonly kind: EventKind;
  readonly atMs: number;
  readonly state: 'pending' | 'delivered' | 'failed';
  readonly attempts: number;
  readonly outcome: string | null;
  readonly dueAtMs: number | null;
};

export type Endpoints = {
  create(endpoint: {
    id: string;
    url: string;
    kinds: readonly EventKind[] | null;
    secret: SealedSecret;
  }): Promise<Endpoint>;
  find(id: string): Promise<Endpoint | null>;
  list(): Promise<Endpoint[]>;
  /** Adds a newer secret beside those that are accepted still; `keep` of the older ones stay. */
  addSecret(id: string, secret: SealedSecret, keep: number): Promise<void>;
  secrets(): Promise<{ readonly id: string; readonly secrets: readonly SealedSecret[] }[]>;
  /** False when they are others by now. */
  replaceSecrets(
    id: string,
    from: readonly SealedSecret[],
    to: readonly SealedSecret[],
  ): Promise<boolean>;
  /** Deletes events that are older, by the database's clock, whatever became of them. */
  forget(keepMs: number): Promise<void>;
  /** Lets it be tried again; what waited goes on. */
  enable(id: string): Promise<void>;
  /** False when it is disabled already. */
  disable(id: string, why: string, nowMs: number): Promise<boolean>;
  /** With everything that waits for it. False when there is none. */
  remove(id: string): Promise<boolean>;
  /** Has everything since then handed over again. Returns how many events that is. */
  replay(id: string, sinceMs: number): Promise<number>;
  deliveries(
    id: string,
    filter: { state?: Delivery['state']; limit: number; before?: string },
  ): Promise<Delivery[]>;
  /** Takes due deliveries for `leaseMs`; nobody else sees them meanwhile. */
  claim(nowMs: number, leaseMs: number, limit: number): Promise<Dispatch[]>;
  delivered(endpointId: string, eventId: string, outcome: string, nowMs: number): Promise<void>;
  /** Not taken: again at `dueMs`, or never when that is null. */
  refused(
    endpointId: string,
    eventId: string,
    outcome: string,
    dueMs: number | null,
    nowMs: number,
  ): Promise<void>;
  /** It could not be signed: again at `dueMs`, with no attempt used up, and nothing said of the endpoint. */
  held(endpointId: string, eventId: string, outcome: string, dueMs: number): Promise<void>;
  totals(): Promise<{ readonly state: Delivery['state']; readonly count: number }[]>;
};

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** How long after each failed attempt the next one comes; more than three days in all. */
export const RETRIES_MS = [
  5_000,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
] as const;
/** An endpoint that has taken nothing for so long is not tried any more, until somebody enables it. */
export const DEAD_AFTER_MS = 5 * 24 * HOUR;

/** When to try again after so many failed attempts; null is never. `random` in [0, 1) spreads it by a tenth. */
export function retryAfterMs(attempts: number, random: number): number | null {
  const wait = RETRIES_MS[attempts - 1];
  return wait === undefined ? null : Math.round(wait * (0.95 + random / 10));
}
