// Endpoint: where a platform receives events. An event is sent to each endpoint that takes its
// kind, and again until the endpoint accepts it.
import type { EventKind } from './event.ts';

export type Endpoint = {
  readonly id: string;
  readonly url: string;
  /** The kinds that the endpoint receives; null for all. */
  readonly kinds: readonly EventKind[] | null;
  readonly createdAtMs: number;
  readonly failingSinceMs: number | null;
  readonly disabled: { readonly atMs: number; readonly why: string } | null;
};
export type SealedSecret = Uint8Array;
/** An event that is being sent to an endpoint. */
export type Dispatch = {
  readonly endpoint: Endpoint;
  readonly secrets: readonly SealedSecret[];
  readonly eventId: string;
  readonly kind: EventKind;
  readonly atMs: number;
  readonly body: unknown;
  /** The number of attempts, this one included. */
  readonly attempts: number;
};
/** The states of an event on its way to one endpoint. */
export const EVENT_DELIVERY_STATES = ['pending', 'delivered', 'failed'] as const;
export type EventDelivery = {
  readonly eventId: string;
  readonly kind: EventKind;
  readonly atMs: number;
  readonly state: (typeof EVENT_DELIVERY_STATES)[number];
  readonly attempts: number;
  readonly outcome: string | null;
  readonly dueAtMs: number | null;
};

export type Endpoints = {
  /** Creates an endpoint, and returns it. Rejects when one has this id. */
  create(endpoint: {
    id: string;
    url: string;
    kinds: readonly EventKind[] | null;
    secret: SealedSecret;
  }): Promise<Endpoint>;
  /** The endpoint with this id, or null. */
  find(id: string): Promise<Endpoint | null>;
  /** Changes an endpoint's URL, its kinds, or both; a field that is left out stays. */
  change(
    id: string,
    to: { readonly url?: string; readonly kinds?: readonly EventKind[] | null },
  ): Promise<void>;
  /** Writes an event that goes to this endpoint alone. Returns the event's id. */
  test(id: string): Promise<string>;
  /** Has one event handed over again. False when no event has this id, or it was forgotten. */
  resend(id: string, eventId: string): Promise<boolean>;
  /** Lists all endpoints, oldest first. */
  list(): Promise<Endpoint[]>;
  /** Adds a newer secret; the `keep` newest of the older ones stay valid. */
  addSecret(id: string, secret: SealedSecret, keep: number): Promise<void>;
  /** The sealed secrets of every endpoint. */
  secrets(): Promise<{ readonly id: string; readonly secrets: readonly SealedSecret[] }[]>;
  /** Replaces the secrets. False when they have changed from `from` meanwhile. */
  replaceSecrets(
    id: string,
    from: readonly SealedSecret[],
    to: readonly SealedSecret[],
  ): Promise<boolean>;
  /** Deletes events older than this by the database's clock, delivered or not. */
  forget(keepMs: number): Promise<void>;
  /** Enables an endpoint. Its waiting deliveries are due at once. */
  enable(id: string): Promise<void>;
  /**
   * Disables an endpoint. False when it is disabled already, or has accepted an event since
   * `failingBeforeMs`.
   */
  disable(id: string, why: string, nowMs: number, failingBeforeMs?: number): Promise<boolean>;
  /** Removes an endpoint with its waiting deliveries. False when there is none. */
  remove(id: string): Promise<boolean>;
  /** Makes every event since `sinceMs` due again. Returns the number of events. */
  replay(id: string, sinceMs: number): Promise<number>;
  /** Lists the deliveries to an endpoint, newest first. */
  deliveries(
    id: string,
    filter: { state?: EventDelivery['state']; limit: number; before?: string },
  ): Promise<EventDelivery[]>;
  /**
   * Takes due deliveries for `leaseMs`; no other daemon takes them meanwhile. Endpoints share the
   * limit evenly; those of `except` get nothing.
   */
  claim(
    nowMs: number,
    leaseMs: number,
    limit: number,
    except?: readonly string[],
  ): Promise<Dispatch[]>;
  /** Records that the endpoint accepted the event. */
  delivered(endpointId: string, eventId: string, outcome: string, nowMs: number): Promise<void>;
  /**
   * Records that a delivery was not accepted: the next attempt is at `dueMs`, or never when that is
   * null.
   */
  refused(
    endpointId: string,
    eventId: string,
    outcome: string,
    dueMs: number | null,
    nowMs: number,
  ): Promise<void>;
  /**
   * Records that a delivery could not be signed: the next attempt is at `dueMs`. No attempt is used
   * up, and the endpoint does not count as failing.
   */
  held(endpointId: string, eventId: string, outcome: string, dueMs: number): Promise<void>;
  /** The number of deliveries in each state. */
  totals(): Promise<{ readonly state: EventDelivery['state']; readonly count: number }[]>;
};

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** The delay after each failed attempt, more than three days in all. Milliseconds. */
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
/** An endpoint that has accepted nothing for this long is disabled until a person enables it. */
export const DEAD_AFTER_MS = 5 * 24 * HOUR;

/**
 * The delay before the next attempt after `attempts` failed ones, in milliseconds; null for never.
 * `random` in [0, 1) varies it by 5 % in both directions.
 */
export function retryAfterMs(attempts: number, random: number): number | null {
  const wait = RETRIES_MS[attempts - 1];
  return wait === undefined ? null : Math.round(wait * (0.95 + random / 10));
}
