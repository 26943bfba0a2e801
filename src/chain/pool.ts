// Pool: carries requests to the RPC nodes of the settings. The first node is preferred, or nodes
// share requests by their weights. A node that fails, or that answers 429, rests: another one is
// asked meanwhile. `Retry-After` is obeyed; where no node is left, the request waits for the first
// rest to end. Each node has a window of requests under way, which a 429 halves and answers widen
// again, and a rate of calls, so that a burst goes at the pace of the provider's plan. A node that
// fails again and again rests longer each time.
import { Fault } from '../core/fault.ts';
import type { Clock } from '../core/ports.ts';
import { type CallRate, createCallRate } from './call-rate.ts';

/**
 * A node of the pool. `send` throws `chain_foreign` while the node belongs to another chain. Nodes
 * share requests in proportion to their weights; where none has a weight, the first one that does
 * not rest gets all.
 */
export type PoolNode = {
  readonly name: string;
  readonly send: typeof fetch;
  readonly weight?: number;
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
  /** Calls a second that it is sent at most; null as long as it has refused none. */
  readonly callsPerSecond: number | null;
};
export type Pool = { readonly send: typeof fetch; status(): readonly PoolStatus[] };

const WINDOW = { first: 64, least: 2, most: 256 };
/** How long a node rests after 429 without `Retry-After`, and the longest rest that is obeyed. */
const LIMITED_MS = { usual: 1_000, most: 30_000 };
/**
 * How long a node rests after a failure, where another one can be asked: twice as long after each
 * further failure in a row.
 */
const FAILED_MS = { first: 2_000, most: 30_000 };
/** A request that met so many 429s fails with the last of them. */
const TRIES_MOST = 4;
/** A request waits no longer than this for nodes that rest. */
const PATIENCE_MS = 8_000;

/** After so many requests the shares of the nodes are counted anew, older ones for half. */
const TURN = 1_000;

type Member = PoolNode & {
  window: number;
  underWay: number;
  /** Until when the node asked for no more requests, and until when it is left alone as failing. */
  limitedUntilMs: number;
  failedUntilMs: number;
  /** Failures since the last answer, and how many requests it has been given, for its weight. */
  failures: number;
  given: number;
  limited: number;
  readonly rate: CallRate;
  readonly waiting: (() => void)[];
};
type Tried =
  | { readonly kind: 'answer' | 'limited' | 'failing'; readonly answer: Response }
  | { readonly kind: 'thrown' | 'foreign'; readonly thrown: unknown };

/** The calls that a request carries: those of a batch are counted by the provider one by one. */
function callsIn(init: RequestInit | undefined): number {
  const body = init?.body;
  if (typeof body !== 'string' || !body.startsWith('[')) return 1;
  return body.split('"method":').length - 1;
}

/** How long a 429 asks to wait: `Retry-After` in seconds or as a date. Milliseconds. */
export function retryAfterMs(answer: Response, nowMs: number): number {
  const given = answer.headers.get('retry-after')?.trim() ?? '';
  const asked = /^\d+(\.\d+)?$/.test(given)
    ? Number(given) * 1_000
    : given.endsWith('GMT')
      ? Date.parse(given) - nowMs
      : Number.NaN;
  if (!Number.isFinite(asked) || asked <= 0) return LIMITED_MS.usual;
  return Math.min(asked, LIMITED_MS.most);
}

/** Creates a pool. The nodes are in the order of preference. */
export function createPool(
  nodes: readonly PoolNode[],
  clock: Pick<Clock, 'nowMs' | 'sleep'>,
): Pool {
  const members: Member[] = nodes.map((each) => ({
    ...each,
    window: WINDOW.first,
    underWay: 0,
    limitedUntilMs: Number.NEGATIVE_INFINITY,
    failedUntilMs: Number.NEGATIVE_INFINITY,
    failures: 0,
    given: 0,
    limited: 0,
    rate: createCallRate(clock),
    waiting: [],
  }));
  const never = new AbortController().signal;
  const limitedMs = (member: Member): number => Math.max(0, member.limitedUntilMs - clock.nowMs());
  const failedMs = (member: Member): number => Math.max(0, member.failedUntilMs - clock.nowMs());

  const enter = async (member: Member): Promise<void> => {
    if (member.underWay < member.window) member.underWay++;
    // The one that leaves counts the next one in.
    else await new Promise<void>((resolve) => member.waiting.push(resolve));
  };
  const leave = (member: Member): void => {
    member.underWay--;
    while (member.underWay < member.window) {
      const next = member.waiting.shift();
      if (next === undefined) return;
      member.underWay++;
      next();
    }
  };
  const limit = (member: Member, answer: Response): void => {
    member.limited++;
    member.rate.refused();
    // Answers to requests of the same moment are one event.
    if (limitedMs(member) === 0)
      member.window = Math.max(WINDOW.least, Math.min(member.window, member.underWay) / 2);
    const untilMs = clock.nowMs() + retryAfterMs(answer, clock.nowMs());
    member.limitedUntilMs = Math.max(member.limitedUntilMs, untilMs);
  };
  const rest = (member: Member): void => {
    // Failures of requests of the same moment are one event.
    if (failedMs(member) > 0) return;
    const restMs = Math.min(FAILED_MS.most, FAILED_MS.first * 2 ** Math.min(member.failures++, 10));
    if (members.length > 1) member.failedUntilMs = clock.nowMs() + restMs;
  };
  /**
   * The nodes in the order in which they are asked. With weights, the node comes first that was
   * given the fewest requests for its weight, and nodes whose window is full come last; a node that
   * has rested is not given all requests afterwards.
   */
  const inOrder = (among: readonly Member[]): readonly Member[] => {
    if (members.every(({ weight }) => weight === undefined)) return among;
    const load = ({ given, weight = 1 }: Member): number => given / weight;
    const isFull = ({ underWay, window }: Member): number => (underWay < window ? 0 : 1);
    const ordered = among.toSorted(
      (one, other) => isFull(one) - isFull(other) || load(one) - load(other),
    );
    const [next] = ordered;
    if (next !== undefined) next.given++;
    if (members.some(({ given }) => given >= TURN))
      for (const each of members) each.given = each.given / 2;
    const least = Math.min(...among.map(load));
    // A node that rested while others worked takes its turn from now on.
    for (const each of members)
      if (!among.includes(each)) each.given = Math.max(each.given, least * (each.weight ?? 1));
    return ordered;
  };

  /** Asks one node. Null when it began to rest while the request waited for its turn. */
  const ask = async (
    member: Member,
    [input, init]: Parameters<typeof fetch>,
  ): Promise<Tried | null> => {
    await enter(member);
    try {
      await member.rate.take(callsIn(init));
      if (limitedMs(member) > 0) return null;
      const answer = await member.send(input, init);
      if (answer.status === 429) {
        limit(member, answer);
        return { kind: 'limited', answer };
      }
      if (answer.status >= 500) {
        rest(member);
        return { kind: 'failing', answer };
      }
      member.window = Math.min(WINDOW.most, member.window + 1 / member.window);
      member.failures = 0;
      return { kind: 'answer', answer };
    } catch (thrown) {
      const foreign = thrown instanceof Fault && thrown.code === 'chain_foreign';
      if (!foreign) rest(member);
      return { kind: foreign ? 'foreign' : 'thrown', thrown };
    } finally {
      leave(member);
    }
  };
  /** The outcome of a request that no node answered: what tells most. */
  const endOf = (tried: readonly Tried[]): Response => {
    for (const kind of ['limited', 'failing', 'thrown', 'foreign'] as const)
      for (const each of tried) {
        if (each.kind !== kind) continue;
        if ('answer' in each) return each.answer;
        throw each.thrown;
      }
    const soonestMs = Math.min(...members.map(limitedMs));
    throw new Fault(
      'rpc_unavailable',
      `Every RPC node asked for a pause (429); the first of them is asked again in ${Math.ceil(soonestMs / 1_000)} s.`,
    );
  };
  return {
    async send(...given) {
      const untilMs = clock.nowMs() + PATIENCE_MS;
      let tried: Tried[] = [];
      for (let tries = 0; ; tries++) {
        const sound = members.filter((each) => failedMs(each) === 0);
        tried = [];
        for (const member of inOrder(sound.length === 0 ? members : sound)) {
          if (limitedMs(member) > 0) continue;
          const found = await ask(member, given);
          if (found?.kind === 'answer') return found.answer;
          if (found !== null) tried.push(found);
        }
        // Only a node that asked for a pause is worth waiting for.
        const pausing = members.some((each) => limitedMs(each) > 0);
        const wasLimited = pausing || tried.some((each) => each.kind === 'limited');
        if (!wasLimited || tries >= TRIES_MOST) break;
        const pauseMs = Math.min(...members.map(limitedMs).filter((ms) => ms > 0 || !pausing));
        if (clock.nowMs() + pauseMs > untilMs) break;
        await clock.sleep(pauseMs, never);
      }
      return endOf(tried);
    },
    status: () =>
      members.map((each) => ({
        name: each.name,
        window: Math.floor(each.window),
        underWay: each.underWay,
        restsMs: Math.max(limitedMs(each), failedMs(each)),
        limited: each.limited,
        callsPerSecond: each.rate.perSecond(),
      })),
  };
}
