// Client: the gate inside the process of a copy-trading engine. The client keeps the roster up to
// date from the daemon's stream and decides from memory, by the daemon's own rules. It needs only
// `fetch`, on Node 20 and newer. When its roster may be out of date, it answers `unknown` with a
// reason, as the daemon does.
import { delayMs } from '../core/backoff.ts';
import type { Action, Decision } from '../core/roster.ts';
import type { RosterEntry } from '../core/roster-entry.ts';
import { type After, listen } from './connection.ts';
import { checkApiKey, checkUrl, GateClientError } from './options.ts';
import { type ChangeListener, createPicture, type GateSnapshot } from './picture.ts';

export type { Action, Decision } from '../core/roster.ts';
export { GateClientError, type GateClientErrorCode } from './options.ts';
export type { ChangeListener, GateSnapshot } from './picture.ts';
/** One subscriber's entry in the roster. Amounts are in base units, millionths of a token. */
export type GateEntry = RosterEntry;

/**
 * - `hydrating`: the daemon has not been heard yet; the roster is empty, or holds a snapshot.
 * - `live`: the stream runs.
 * - `reconnecting`: the stream broke off; decisions stay valid until the last view of the chain is
 *   `gate.staleAfterMs` old.
 * - `stale`: the last view is older; a subscriber that would be allowed gets `unknown`.
 * - `closed`: `close` was called.
 */
export type GateState = 'hydrating' | 'live' | 'reconnecting' | 'stale' | 'closed';

export type GateClientOptions = {
  /**
   * The daemon's URL, such as `http://127.0.0.1:8080`, with a path if a proxy serves the daemon
   * under one.
   */
  readonly url: string;
  /** An API key with the scope `gate:read`. Undefined and empty mean no key. */
  readonly apiKey?: string | undefined;
  /** Called when the state or its reason changes. */
  readonly onState?: ((state: GateState, why: string) => void) | undefined;
  /**
   * Called with the error that a listener threw. Without this function the error is thrown in a
   * microtask of its own, which ends the Node process unless `uncaughtException` is handled.
   */
  readonly onListenerError?: ((thrown: unknown) => void) | undefined;
  /**
   * The result of an earlier client's `snapshot()`: debtors are denied at once, and only the
   * changes since are fetched.
   */
  readonly fromSnapshot?: GateSnapshot | null | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
  readonly nowMs?: (() => number) | undefined;
  readonly random?: (() => number) | undefined;
  readonly after?: After | undefined;
};

export type GateClient = {
  /**
   * Whether this subscriber, by platform id or agent wallet, may do this. Answers at once, from
   * memory. Never throws.
   */
  decide(subscriber: string, action: Action): Decision;
  readonly state: GateState;
  /** Why the client is in this state, in words. */
  readonly why: string;
  /** The revision of the last change that this client has received. */
  readonly revision: bigint;
  readonly size: number;
  /**
   * Resolves once the client has been live. Rejects with a GateClientError: `closed` when the
   * client is closed before, `not_ready` with the reason when it has not been live after
   * `timeoutMs`. Without `timeoutMs` the promise waits for ever.
   */
  ready(options?: { readonly timeoutMs?: number | undefined }): Promise<void>;
  /**
   * Calls the listener for each change after the first hydration. Returns a function that ends
   * this.
   */
  onChange(listener: ChangeListener): () => void;
  /** The whole roster, to be kept for the next start; null before the first hydration. */
  snapshot(): GateSnapshot | null;
  close(): void;
};

/**
 * Delays between attempts: 3 s at most after a failure that may pass, and 15 s at most after a
 * refusal that lasts until a person changes something.
 */
const BACKOFF = { firstMs: 250, mostMs: 3_000 };
const BACKOFF_REFUSED = { firstMs: 250, mostMs: 15_000 };
/**
 * A stream is silent when no event has come for `gate.staleAfterMs`, but at least 3 s and at most 5
 * s. A beat is due each second, so up to three may be late.
 */
const SILENT_MS = { least: 3_000, most: 5_000 };

/**
 * When beats are late by more than this, an old view is blamed on the stream and not on the chain.
 */
const LATE_MS = 2_000;

const secondsOf = (ms: number): number => Math.max(0, Math.round(ms / 1_000));

const afterTimeout: After = (ms, act) => {
  const timer = setTimeout(act, ms);
  return () => clearTimeout(timer);
};

/**
 * Creates a client, which connects at once. When the stream breaks off, the client connects again
 * after at most 3 s, with jitter. Throws a GateClientError `url_invalid`, `api_key_invalid` or
 * `snapshot_invalid`.
 */
export function createGateClient(options: GateClientOptions): GateClient {
  const url = checkUrl(options.url);
  const apiKey = checkApiKey(options.apiKey);
  const { fetch = globalThis.fetch, nowMs = Date.now, random = Math.random } = options;
  const { after = afterTimeout, fromSnapshot = null } = options;
  const onListenerError =
    options.onListenerError ??
    ((thrown: unknown) =>
      queueMicrotask(() => {
        throw thrown;
      }));
  const picture = createPicture(nowMs, onListenerError, fromSnapshot);
  let state: GateState = 'hydrating';
  let why = 'the first connection is being made';
  let wasLive = false;
  let reached = false;
  let heardAtMs = 0;
  let brokenAtMs = 0;
  let failures = 0;
  let connection: AbortController | null = null;
  let stopWaiting = (): void => {};
  let stopAging = (): void => {};
  const waiters = new Set<{ resolve(): void; reject(error: Error): void }>();

  const become = (next: GateState, reason: string): void => {
    if (state === 'closed' || (state === next && why === reason)) return;
    state = next;
    why = reason;
    try {
      options.onState?.(next, reason);
    } catch (thrown) {
      onListenerError(thrown);
    }
  };
  const live = (): void => {
    failures = 0;
    heardAtMs = nowMs();
    wasLive = true;
    stopAging();
    become('live', 'the stream runs');
    for (const each of waiters) each.resolve();
    waiters.clear();
  };
  const brokenOff = (reason: string): void => {
    if (state === 'live') {
      brokenAtMs = nowMs();
      const leftMs = (picture.observedAtMs ?? 0) + picture.rules.staleAfterMs - nowMs();
      stopAging = after(Math.max(0, leftMs), () => become('stale', why));
      become('reconnecting', reason);
    } else become(state, reason);
  };
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const cancel = after(ms, resolve);
      stopWaiting = () => {
        cancel();
        resolve();
      };
    });
  const run = async (): Promise<void> => {
    while (state !== 'closed') {
      connection = new AbortController();
      const end = await listen({
        url,
        apiKey,
        lastEventId: picture.roster.hydrated ? picture.eventId : null,
        fetch,
        after,
        silentMs: () =>
          Math.max(
            SILENT_MS.least,
            Math.min(SILENT_MS.most, picture.rules.staleAfterMs || SILENT_MS.most),
          ),
        controller: connection,
        opened() {
          reached = true;
          picture.begin();
        },
        take(event) {
          if (state !== 'closed' && picture.take(event)) live();
        },
      });
      if ((state as GateState) === 'closed') return;
      reached = false;
      brokenOff(end.why);
      await pause(delayMs(end.refused ? BACKOFF_REFUSED : BACKOFF, ++failures, random()));
    }
  };

  /**
   * The reason for `unknown` when the client itself causes it; null when the daemon's reason
   * applies.
   */
  const ownReason = (stale: boolean): string | null => {
    switch (state) {
      case 'closed':
        return 'The gate client was closed.';
      case 'live': {
        const silentMs = nowMs() - heardAtMs;
        return stale && silentMs > LATE_MS
          ? `Bailiff has sent nothing for ${secondsOf(silentMs)} s, though the stream is open.`
          : null;
      }
      case 'hydrating': {
        const first = reached
          ? 'Bailiff was reached, and its roster is being read.'
          : `Bailiff has not been reached yet: ${why}.`;
        if (fromSnapshot === null) return first;
        if (!stale) return null;
        const ageMs = nowMs() - fromSnapshot.takenAtMs;
        return `${first} What is known is from a snapshot taken ${secondsOf(ageMs)} s ago.`;
      }
      case 'reconnecting':
      case 'stale':
        return stale
          ? `The stream from Bailiff broke off ${secondsOf(nowMs() - brokenAtMs)} s ago: ${why}.`
          : null;
    }
  };
  void run();

  return {
    decide(subscriber, action) {
      const atMs = nowMs();
      const ledgerMs = picture.ledgerMs(atMs);
      const decision = picture.roster.decide(String(subscriber), action, atMs, ledgerMs);
      if (decision.verdict === 'deny' || action === 'reduce' || action === 'close') return decision;
      if (decision.verdict === 'allow' && state !== 'closed') return decision;
      const reason = ownReason(decision.stale);
      return {
        ...decision,
        verdict: 'unknown',
        allow: decision.failOpen,
        reason: reason ?? decision.reason,
      };
    },
    get state() {
      return state;
    },
    get why() {
      return why;
    },
    get revision() {
      return picture.revision;
    },
    get size() {
      return picture.roster.size;
    },
    ready({ timeoutMs } = {}) {
      if (state === 'closed')
        return Promise.reject(new GateClientError('closed', 'The gate client was closed.'));
      if (wasLive) return Promise.resolve();
      return new Promise((resolve, reject) => {
        const settle = (act: () => void) => (): void => {
          stop();
          waiters.delete(waiter);
          act();
        };
        const waiter = {
          resolve: settle(resolve),
          reject: (error: Error) => settle(() => reject(error))(),
        };
        const stop =
          timeoutMs === undefined
            ? () => {}
            : after(timeoutMs, () =>
                waiter.reject(
                  new GateClientError(
                    'not_ready',
                    `Bailiff at ${url} is not ready after ${timeoutMs} ms: ${why}.`,
                  ),
                ),
              );
        waiters.add(waiter);
      });
    },
    onChange(listener) {
      picture.listeners.add(listener);
      return () => void picture.listeners.delete(listener);
    },
    snapshot: () => picture.snapshot(),
    close() {
      become('closed', 'closed by its owner');
      stopWaiting();
      stopAging();
      connection?.abort();
      for (const each of waiters)
        each.reject(new GateClientError('closed', 'The gate client was closed.'));
      waiters.clear();
    },
  };
}
