// Pool member: one node of the pool, with its window of requests, its rests and its rate of calls.
// A 429 halves the window and answers widen it again; `Retry-After` is obeyed. A node that fails
// rests, and longer each time. Where the pool has several nodes, the slot of each answer is noted.
// An error by which a node says that it has not reached the slot in question counts as no answer.
import { Fault } from '../core/fault.ts';
import type { Clock } from '../core/ports.ts';
import type { Answer, Send } from './answer.ts';
import { AHEAD, type AskedRequest, askersOf } from './asker.ts';
import { createCallRate } from './call-rate.ts';
import { createLatency, type Latency } from './latency.ts';
import { createPlaces, type Places } from './places.ts';
import { type SlotLag, slotToldBy } from './slot-lag.ts';

/**
 * A node of the pool. `send` throws `chain_foreign` while the node belongs to another chain. Nodes
 * share requests in proportion to their weights; where none has a weight, the first one that does
 * not rest gets all.
 */
export type PoolNode = {
  readonly name: string;
  readonly send: Send;
  readonly weight?: number | undefined;
  /** Calls a second that its plan allows; without one the rate is learned from refusals. */
  readonly callsPerSecond?: number | undefined;
};
export type PoolStatus = {
  readonly name: string;
  /** The most requests under way. */
  readonly window: number;
  readonly underWay: number;
  /** Milliseconds until the node is asked again; 0 when it is asked now. */
  readonly restsMs: number;
  /** How often it answered 429. */
  readonly limited: number;
  /** Calls a second that it is sent at most; null as long as nothing bounds them. */
  readonly callsPerSecond: number | null;
  /** Slots that it was behind the best node when it told its slot last; null before that. */
  readonly lagSlots: number | null;
  /**
   * Second requests that it was sent because another node was late, and how many of them it
   * answered first.
   */
  readonly hedges: number;
  readonly hedgesWon: number;
};

/** A request, with what the pool has to know of it. */
export type PoolRequest = {
  readonly input: Parameters<typeof fetch>[0];
  readonly init: AskedRequest | undefined;
  /** The body where it is text. */
  readonly body: string;
  /** The method of the first question. */
  readonly method: string;
  /** The calls that it carries: those of a batch are counted by the provider one by one. */
  readonly calls: number;
  readonly askers: ReadonlySet<string>;
};

const METHOD = /"method":"(\w+)"/;

/** The request that a fetch is called with. */
export function requestOf([input, init]: Parameters<typeof fetch>): PoolRequest {
  const body = typeof init?.body === 'string' ? init.body : '';
  return {
    input,
    init,
    body,
    method: METHOD.exec(body)?.[1] ?? 'unknown',
    calls: body.startsWith('[') ? body.split('"method":').length - 1 : 1,
    askers: askersOf(init),
  };
}

export type Tried =
  | { readonly kind: 'answer' | 'limited' | 'failing' | 'behind'; readonly answer: Answer }
  | { readonly kind: 'thrown' | 'foreign'; readonly thrown: unknown };

export type Member = PoolNode & {
  /** The requests that it was given, for its weight; the pool counts them. */
  given: number;
  hedges: number;
  hedgesWon: number;
  readonly latency: Latency;
  readonly isFull: boolean;
  /** Milliseconds until the node may be asked again after a 429; 0 when it may be asked. */
  limitedMs(): number;
  /** Milliseconds for which other nodes are preferred, because this one failed; 0 for none. */
  failedMs(): number;
  /**
   * Asks the node. Null when it began to rest while the request waited for its turn. A request that
   * `given up` aborts is not held against the node.
   */
  ask(request: PoolRequest, givenUp?: AbortSignal): Promise<Tried | null>;
  status(): PoolStatus;
};

/** Requests under way at one node: at first, and the bounds between which the window moves. */
const WINDOW = { first: 64, least: 2, most: 256 };
/** How long a node rests after 429 without `Retry-After`, and the longest rest that is obeyed. */
const LIMITED_MS = { usual: 1_000, most: 30_000 };
/**
 * How long a node rests after a failure, where another one can be asked: twice as long after each
 * further failure in a row.
 */
const FAILED_MS = { first: 2_000, most: 30_000 };

/** A node that refuses its key or its plan answers none of the requests. */
const REFUSED: ReadonlySet<number> = new Set([401, 403]);

/** How long a 429 asks to wait: `Retry-After` in seconds or as a date. Milliseconds. */
export function retryAfterMs(answer: Answer, nowMs: number): number {
  const given = answer.headers.get('retry-after')?.trim() ?? '';
  const asked = /^\d+(\.\d+)?$/.test(given)
    ? Number(given) * 1_000
    : given.endsWith('GMT')
      ? Date.parse(given) - nowMs
      : Number.NaN;
  if (!Number.isFinite(asked) || asked <= 0) return LIMITED_MS.usual;
  return Math.min(asked, LIMITED_MS.most);
}

export type MemberOptions = {
  readonly clock: Pick<Clock, 'nowMs' | 'elapsedMs' | 'sleep'>;
  /** The nodes' slots; null in a pool of one node, whose answers are not read for them. */
  readonly lag: SlotLag | null;
  /** The most requests of a method that are under way at one node, where there is a bound. */
  readonly methodsAtOnce: ReadonlyMap<string, number>;
};

/** Creates a member of a pool. */
export function createMember(node: PoolNode, { clock, lag, methodsAtOnce }: MemberOptions): Member {
  const rate = createCallRate(clock, node.callsPerSecond ?? null);
  const latency = createLatency();
  let window: number = WINDOW.first;
  const places = createPlaces(() => window);
  const methods = new Map<string, Places>(
    [...methodsAtOnce].map(([method, most]) => [method, createPlaces(() => most)]),
  );
  let limitedUntilMs = Number.NEGATIVE_INFINITY;
  let failedUntilMs = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let limited = 0;
  const limitedMs = (): number => Math.max(0, limitedUntilMs - clock.elapsedMs());
  const failedMs = (): number => Math.max(0, failedUntilMs - clock.elapsedMs());

  const limit = (answer: Answer): void => {
    limited++;
    rate.refused();
    // Answers to requests of the same moment are one event.
    if (limitedMs() === 0) window = Math.max(WINDOW.least, Math.min(window, places.underWay) / 2);
    const untilMs = clock.elapsedMs() + retryAfterMs(answer, clock.nowMs());
    limitedUntilMs = Math.max(limitedUntilMs, untilMs);
  };
  const rest = (): void => {
    // Failures of requests of the same moment are one event.
    if (failedMs() > 0) return;
    const restMs = Math.min(FAILED_MS.most, FAILED_MS.first * 2 ** Math.min(failures++, 10));
    if (lag !== null) failedUntilMs = clock.elapsedMs() + restMs;
  };
  /**
   * The kind of an answer with a body: `behind` for a slot that the node has not reached, and
   * `failing` for a trouble of its own, both only where another node can be asked. Takes the slot
   * that the node tells.
   */
  const kindOf = async (
    answer: Answer,
    request: PoolRequest,
  ): Promise<'answer' | 'behind' | 'failing'> => {
    if (lag === null) return 'answer';
    const text = await answer.text();
    Object.defineProperty(answer, 'text', { value: async () => text });
    const { slot, notReached, troubled } = slotToldBy(request.body, text);
    if (slot !== null) lag.told(node.name, slot);
    return troubled ? 'failing' : notReached ? 'behind' : 'answer';
  };
  const send = async (request: PoolRequest, givenUp?: AbortSignal): Promise<Tried | null> => {
    const { input, init, calls, method, askers } = request;
    await rate.take(calls, askers.has(AHEAD));
    if (limitedMs() > 0) return null;
    const beganMs = clock.elapsedMs();
    try {
      const answer = await node.send(
        input,
        givenUp === undefined ? init : { ...init, signal: givenUp },
      );
      if (answer.status === 429) {
        limit(answer);
        return { kind: 'limited', answer };
      }
      if (answer.status >= 500 || (lag !== null && REFUSED.has(answer.status))) {
        rest();
        return { kind: 'failing', answer };
      }
      const kind = await kindOf(answer, request);
      window = Math.min(WINDOW.most, window + 1 / window);
      // One question may be too much for the node, which answers others: it does not rest, or a
      // stranger's transaction could make all nodes rest.
      if (kind !== 'failing') failures = 0;
      return { kind, answer };
    } catch (thrown) {
      const foreign = thrown instanceof Fault && thrown.code === 'chain_foreign';
      if (!foreign && givenUp?.aborted !== true) rest();
      return { kind: foreign ? 'foreign' : 'thrown', thrown };
    } finally {
      if (lag !== null) latency.note(method, clock.elapsedMs() - beganMs);
    }
  };
  return {
    ...node,
    given: 0,
    hedges: 0,
    hedgesWon: 0,
    latency,
    get isFull() {
      return places.underWay >= window;
    },
    limitedMs,
    failedMs,
    async ask(request, givenUp) {
      // A request that waits for its method holds no place of the window.
      const ofMethod = methods.get(request.method);
      const ahead = request.askers.has(AHEAD);
      await ofMethod?.enter(ahead);
      await places.enter(ahead);
      try {
        return await send(request, givenUp);
      } finally {
        places.leave();
        ofMethod?.leave();
      }
    },
    status() {
      return {
        name: node.name,
        window: Math.floor(window),
        underWay: places.underWay,
        restsMs: Math.max(limitedMs(), failedMs()),
        limited,
        callsPerSecond: rate.perSecond(),
        lagSlots: lag?.of(node.name) ?? null,
        hedges: this.hedges,
        hedgesWon: this.hedgesWon,
      };
    },
  };
}
