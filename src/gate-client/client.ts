// Client: the gate inside a copy-trading engine's own process. It keeps the roster from the daemon's stream and decides by the
// daemon's own rules, without asking anybody. It needs nothing but `fetch`. When it cannot vouch for what it holds, it says
// `unknown`, as the daemon would.
import { delayMs } from '../core/backoff.ts';
import { type Action, createRoster, type Decision, type Roster } from '../core/roster.ts';
import {
  doubtsOf,
  entryOf,
  rulesOf,
  type WireBeat,
  type WireEntry,
  type WireHello,
} from '../core/wire.ts';
import { createEventReader, type ServerEvent } from './events.ts';

export type { Action, Decision } from '../core/roster.ts';

/**
 * `hydrating`: nothing is known yet. `live`: the stream runs and vouches for what is here. `stale`: it has broken off or gone
 * quiet; decisions still come, and turn `unknown` with age. `closed`: by you.
 */
export type GateState = 'hydrating' | 'live' | 'stale' | 'closed';

export type GateClientOptions = {
  /** Of the daemon, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** With the scope `gate:read`. */
  readonly apiKey?: string;
  /** Called at every change of state, and when it cannot begin, with the reason. */
  readonly onState?: (state: GateState, why: string) => void;
  readonly fetch?: typeof globalThis.fetch;
  readonly nowMs?: () => number;
  readonly random?: () => number;
};

export type GateClient = {
  /** May this subscriber, by platform id or agent wallet, do this? Answered at once, from memory. */
  decide(subscriber: string, action: Action): Decision;
  readonly state: GateState;
  /** The last change that is known here. */
  readonly revision: bigint;
  readonly size: number;
  /** Resolves when the client is live for the first time; rejects when it is closed before. */
  ready(): Promise<void>;
  close(): void;
};

const BACKOFF = { firstMs: 250, mostMs: 15_000 };
/** Until the daemon has said by which rules it decides: nothing is vouched for. */
const NO_RULES = { staleAfterMs: 0, failOpen: false, outstandingMost: null, owedForMsMost: null };

/** Connects at once, and again whenever the stream breaks off, with jitter. */
export function createGateClient(options: GateClientOptions): GateClient {
  const { fetch = globalThis.fetch, nowMs = Date.now, random = Math.random } = options;
  const closing = new AbortController();
  let roster: Roster = createRoster(NO_RULES);
  let staleAfterMs = 5_000;
  let state: GateState = 'hydrating';
  let revision = 0n;
  let hydrating: ReturnType<Roster['hydration']> | null = null;
  let failures = 0;
  let wake: { resolve: () => void; reject: (why: Error) => void } | null = null;
  const first = new Promise<void>((resolve, reject) => {
    wake = { resolve, reject };
  });
  first.catch(() => {});

  const become = (next: GateState, why: string): void => {
    if (state === next || state === 'closed') return;
    state = next;
    if (next === 'live') wake?.resolve();
    options.onState?.(next, why);
  };
  const take = ({ event, data }: ServerEvent): void => {
    const value: unknown = JSON.parse(data);
    switch (event) {
      case 'hello': {
        const rules = rulesOf(value as WireHello);
        staleAfterMs = rules.staleAfterMs;
        const known = roster;
        roster = createRoster(rules);
        if (known.hydrated) roster.hydrate(known.all());
        return;
      }
      case 'entries':
        hydrating ??= roster.hydration();
        hydrating.add((value as WireEntry[]).map(entryOf));
        return;
      case 'change': {
        const entry = entryOf(value as WireEntry);
        roster.apply(entry);
        revision = entry.revision;
        return;
      }
      case 'live':
        if (hydrating !== null) hydrating.done();
        else if (!roster.hydrated) roster.hydrate([]);
        hydrating = null;
        revision = BigInt((value as { revision: string }).revision);
        return;
      case 'beat': {
        const beat = value as WireBeat;
        if (beat.asOfSlot !== null && beat.ageMs !== null)
          roster.observe(beat.asOfSlot, nowMs() - beat.ageMs);
        roster.doubtAll(beat.doubt);
        roster.doubt(doubtsOf(beat));
        failures = 0;
        if (roster.hydrated) become('live', 'the stream runs');
      }
    }
  };

  /** One connection, until it breaks off or goes quiet. */
  const listen = async (): Promise<string> => {
    const quiet = new AbortController();
    let watchdog: ReturnType<typeof setTimeout> | undefined;
    const alive = (): void => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => quiet.abort(), staleAfterMs);
    };
    try {
      alive();
      const response = await fetch(`${options.url}/v1/gate/stream`, {
        headers: {
          accept: 'text/event-stream',
          ...(options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` }),
          ...(roster.hydrated ? { 'last-event-id': revision.toString() } : {}),
        },
        signal: AbortSignal.any([closing.signal, quiet.signal]),
      });
      if (!response.ok || response.body === null) return `the daemon answered ${response.status}`;
      hydrating = null;
      const read = createEventReader();
      const decoder = new TextDecoder();
      for await (const chunk of response.body) {
        alive();
        for (const event of read(decoder.decode(chunk, { stream: true }))) take(event);
      }
      return 'the daemon ended the stream';
    } catch (thrown) {
      if (quiet.signal.aborted) return 'the stream went quiet';
      return thrown instanceof Error ? thrown.message : String(thrown);
    } finally {
      clearTimeout(watchdog);
    }
  };
  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const why = await listen();
      if (closing.signal.aborted) return;
      if (roster.hydrated) become('stale', why);
      else options.onState?.(state, why);
      const waitMs = delayMs(BACKOFF, ++failures, random());
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        closing.signal.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  };
  void run();

  return {
    decide: (subscriber, action) => roster.decide(subscriber, action, nowMs()),
    get state() {
      return state;
    },
    get revision() {
      return revision;
    },
    get size() {
      return roster.size;
    },
    ready: () => first,
    close() {
      become('closed', 'closed by its owner');
      wake?.reject(new Error('the gate client was closed'));
      closing.abort();
    },
  };
}
