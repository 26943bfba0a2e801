// Pool: carries requests to the RPC nodes of the settings. The first node is preferred, or nodes
// share requests by their weights. A node that fails, asks for a pause (429), or is too many slots
// behind the others gets no requests; where every node pauses, a request waits for the first pause
// to end. With `hedge`, a read that the gate waits for is sent to a second node when the first one
// is late; the first answer counts, and the other request is given up.
import { Fault } from '../core/fault.ts';
import type { Clock } from '../core/ports.ts';
import type { Answer, Send } from './answer.ts';
import {
  createMember,
  type Member,
  type PoolNode,
  type PoolRequest,
  type PoolStatus,
  requestOf,
  type Tried,
} from './pool-member.ts';
import { createSlotLag, type SlotLag, slotToldBy } from './slot-lag.ts';

export type Pool = {
  readonly send: Send;
  status(): readonly PoolStatus[];
  /**
   * The nodes whose slot should be asked for: those that get no reads because they are too far
   * behind, and those that told no slot for 10 s. Nodes that pause after a 429 are left out. None
   * in a pool of one node.
   */
  untold(): readonly string[];
  /** Takes the slot from an answer that a node gave without the pool. */
  told(node: string, question: string, answer: Answer): Promise<void>;
};
export type PoolOptions = {
  /** A node that is further behind the best one than this gets no requests. Slots. */
  readonly lagSlotsMost?: number;
  /** Whether the chain can have reached a slot by now. */
  readonly canBe?: (slot: number) => boolean;
  /** Requests of a method that one node is sent at once, at most. */
  readonly methodsAtOnce?: Readonly<Record<string, number>>;
  /** Whether late requests that the gate waits for are sent to a second node. */
  readonly hedge?: boolean;
};

/** A request that met 429s is put to the nodes again at most so many times. */
const TRIES_MOST = 4;
/** A request waits no longer than this for nodes that rest. */
const PATIENCE_MS = 8_000;
/** When a node was given so many requests, the counts of all nodes are halved. */
const TURN = 1_000;
/** A node that told no slot for so long is asked for it. */
const SILENT_MS = 10_000;
/** Healthy nodes of one cluster differ by fewer slots. */
const LAG_SLOTS_USUAL = 25;
/**
 * The parts of the daemon whose reads at confirmed commitment a standing waits for: transactions,
 * histories of accounts that changed, and the slot of the heartbeat.
 */
const OF_THE_GATE: ReadonlySet<string> = new Set(['ahead', 'inspect', 'scan', 'heartbeat']);

/** Whether the gate waits for the answer to a request, which is never a transaction to send. */
const isOfTheGate = ({ body, method, askers }: PoolRequest): boolean =>
  method !== 'sendTransaction' &&
  body.includes('"confirmed"') &&
  [...askers].some((each) => OF_THE_GATE.has(each));

/** Creates a pool. The nodes are in the order of preference. */
export function createPool(
  nodes: readonly PoolNode[],
  clock: Pick<Clock, 'nowMs' | 'elapsedMs' | 'sleep'>,
  options: PoolOptions = {},
): Pool {
  const { lagSlotsMost = LAG_SLOTS_USUAL, canBe = () => true, hedge = false } = options;
  const lag: SlotLag | null =
    nodes.length < 2
      ? null
      : createSlotLag({ slotsMost: lagSlotsMost, canBe, elapsedMs: clock.elapsedMs });
  const methodsAtOnce = new Map(Object.entries(options.methodsAtOnce ?? {}));
  const members = nodes.map((each) => createMember(each, { clock, lag, methodsAtOnce }));
  const never = new AbortController().signal;
  const isBehind = ({ name }: Member): boolean => lag?.isBehind(name) ?? false;
  const isSound = (each: Member): boolean => each.failedMs() === 0 && !isBehind(each);

  /**
   * The nodes that may be asked now: those that are sound; without any, those that are not behind;
   * without any of these, all.
   */
  const usable = (): readonly Member[] => {
    const sound = members.filter(isSound);
    if (sound.length > 0) return sound;
    const abreast = members.filter((each) => !isBehind(each));
    return abreast.length > 0 ? abreast : members;
  };
  /**
   * The nodes in the order in which they are asked. With weights, the node comes first that was
   * given the fewest requests for its weight, and nodes whose window is full come last; a node that
   * has rested is not given all requests afterwards.
   */
  const inOrder = (among: readonly Member[]): readonly Member[] => {
    if (members.every(({ weight }) => weight === undefined)) return among;
    const load = ({ given, weight = 1 }: Member): number => given / weight;
    const ordered = among.toSorted(
      (one, other) => Number(one.isFull) - Number(other.isFull) || load(one) - load(other),
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

  /**
   * Asks a node, and another one as well when the first takes longer than 95 of a hundred of its
   * latest answers. Returns the outcomes, an answer last. The request that is not needed any more
   * is given up.
   */
  const askHedged = async (
    first: Member,
    others: readonly Member[],
    request: PoolRequest,
  ): Promise<readonly Tried[]> => {
    const [one, two, waiting] = [
      new AbortController(),
      new AbortController(),
      new AbortController(),
    ];
    const answered = first.ask(request, one.signal).finally(() => waiting.abort('answered'));
    const patienceMs = first.latency.lateAfterMs(request.method);
    await Promise.race([answered, clock.sleep(patienceMs, waiting.signal)]);
    const second = waiting.signal.aborted
      ? undefined
      : others.find((each) => isSound(each) && each.limitedMs() === 0 && !each.isFull);
    if (second === undefined) return [await answered].filter((each) => each !== null);
    second.hedges++;
    second.given++;
    const hedged = second.ask(request, two.signal).then((found) => {
      if (found?.kind === 'answer' && !waiting.signal.aborted) second.hedgesWon++;
      return found;
    });
    /** The outcome once it is an answer; else never, so that the other one can still answer. */
    const whenAnswer = async (asked: Promise<Tried | null>): Promise<Tried> => {
      const found = await asked;
      return found?.kind === 'answer' ? found : new Promise<never>(() => {});
    };
    const both = Promise.all([answered, hedged]);
    const found = await Promise.race([whenAnswer(answered), whenAnswer(hedged), both]);
    if ('kind' in found) {
      for (const each of [one, two]) each.abort(new Error('another node answered first'));
      return [found];
    }
    // Both have ended: one may have answered after the other had failed.
    const ended = found.filter((each) => each !== null);
    const isAnswer = (each: Tried): boolean => each.kind === 'answer';
    return [...ended.filter((each) => !isAnswer(each)), ...ended.filter(isAnswer)];
  };

  /**
   * The outcome of a request that no node answered. Of several kinds of outcomes, the one that
   * stands first in the list below.
   */
  const endOf = (tried: readonly Tried[]): Answer => {
    for (const kind of ['behind', 'limited', 'failing', 'thrown', 'foreign'] as const)
      for (const each of tried) {
        if (each.kind !== kind) continue;
        if ('answer' in each) return each.answer;
        throw each.thrown;
      }
    const soonestMs = Math.min(...members.map((each) => each.limitedMs()));
    throw new Fault(
      'rpc_unavailable',
      `Every RPC node asked for a pause (429); the first of them is asked again in ${Math.ceil(soonestMs / 1_000)} s.`,
    );
  };
  return {
    async send(...given) {
      const request = requestOf(given);
      const hedges = hedge && members.length > 1 && isOfTheGate(request);
      const untilMs = clock.elapsedMs() + PATIENCE_MS;
      let tried: Tried[] = [];
      for (let tries = 0; ; tries++) {
        tried = [];
        const ordered = inOrder(usable());
        for (const [index, member] of ordered.entries()) {
          if (member.limitedMs() > 0) continue;
          const found = hedges
            ? await askHedged(member, ordered.slice(index + 1), request)
            : [await member.ask(request)].filter((each) => each !== null);
          const last = found.at(-1);
          if (last?.kind === 'answer') return last.answer;
          tried.push(...found);
        }
        // Only a node that asked for a pause is worth waiting for.
        const pausing = members.some((each) => each.limitedMs() > 0);
        const wasLimited = pausing || tried.some((each) => each.kind === 'limited');
        if (!wasLimited || tries >= TRIES_MOST) break;
        const pauseMs = Math.min(
          ...members.map((each) => each.limitedMs()).filter((ms) => ms > 0 || !pausing),
        );
        if (clock.elapsedMs() + pauseMs > untilMs) break;
        await clock.sleep(pauseMs, never);
      }
      return endOf(tried);
    },
    status: () => members.map((each) => each.status()),
    async told(node, question, answer) {
      const { slot } = slotToldBy(question, await answer.text());
      if (slot !== null) lag?.told(node, slot);
    },
    untold: () =>
      members
        .filter(
          ({ name }) => lag !== null && (lag.isBehind(name) || lag.silentMs(name) > SILENT_MS),
        )
        .filter((each) => each.limitedMs() === 0)
        .map(({ name }) => name),
  };
}
