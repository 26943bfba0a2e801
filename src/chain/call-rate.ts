// Call rate: holds the calls to one node to the rate that its plan allows. Where the settings do
// not tell the rate, it is learned from the answers 429, and nothing is held back before the first.
import type { Clock } from '../core/ports.ts';
import { createPlaces } from './places.ts';

export type CallRate = {
  /**
   * Resolves once so many calls may be sent, in the order of the callers; with `ahead`, before
   * others that wait.
   */
  take(calls: number, ahead?: boolean): Promise<void>;
  /** Tells that the node refused a request with 429. */
  refused(): void;
  /** Calls a second that are sent at most now; null where nothing bounds them yet. */
  perSecond(): number | null;
};

/** Sent calls are counted in spans of this length, ten of which are a second. Milliseconds. */
const SPAN_MS = 100;
const SPANS = 10;
/**
 * A refusal this long after the one before shows that the rate had risen just above what the plan
 * allows: nine tenths of it are kept.
 */
const NEAR = { afterMs: 3_000, kept: 0.9 };
/**
 * The factor by which the rate rises in a second: `below` nine tenths of the rate that was refused
 * last, and `from` there on.
 */
const RISE = { below: 1.1, from: 1.01 };
/** The least rate, in calls a second. */
const LEAST = 2;
/** The part of a second's calls that may be sent at once is 1 / 20. */
const AT_ONCE = 20;
/** Refusals within this time are one event. Milliseconds. */
const SAME_EVENT_MS = 500;

/** `refused`: the rate at which the node refused. Calls a second. */
type Learned = { readonly rate: number; readonly refused: number; readonly atMs: number };

/** The rate at a time: it rises while nothing is refused. */
function rateAt({ rate, refused, atMs }: Learned, nowMs: number): number {
  const seconds = Math.max(0, nowMs - atMs) / 1_000;
  const bound = NEAR.kept * refused;
  const below = rate >= bound ? 0 : Math.log(bound / rate) / Math.log(RISE.below);
  if (seconds <= below) return rate * RISE.below ** seconds;
  return Math.max(rate, bound) * RISE.from ** (seconds - below);
}

/**
 * Creates the rate of a node. `most` is the rate that its plan allows, in calls a second; null
 * where that is unknown. A node that refuses calls at this rate gets fewer for a while.
 */
export function createCallRate(
  clock: Pick<Clock, 'elapsedMs' | 'sleep'>,
  most: number | null = null,
): CallRate {
  const never = new AbortController().signal;
  /** The calls of the latest spans, by the number of the span. */
  const sent = new Map<number, number>();
  let learned: Learned | null = null;
  let tokens = 0;
  let filledMs = Number.NEGATIVE_INFINITY;
  /** The requests that wait for their turn: one at a time has it. */
  const turns = createPlaces(() => 1);

  const span = (): number => Math.floor(clock.elapsedMs() / SPAN_MS);
  const perSecond = (): number | null =>
    learned === null
      ? most
      : Math.min(rateAt(learned, clock.elapsedMs()), most ?? Number.POSITIVE_INFINITY);
  const note = (calls: number): void => {
    const now = span();
    sent.set(now, (sent.get(now) ?? 0) + calls);
    for (const each of sent.keys()) if (each <= now - SPANS) sent.delete(each);
  };
  /** Waits until `tokens` is above 0. A request of more calls than that leaves it below 0. */
  const turn = async (calls: number): Promise<void> => {
    for (let rate = perSecond(); rate !== null; rate = perSecond()) {
      const nowMs = clock.elapsedMs();
      // The calls of 50 ms may be sent at once, and a batch of up to 16 calls beyond them: at 320
      // calls a second and more that is no more than the calls of 100 ms.
      tokens = Math.min(rate / AT_ONCE, tokens + (Math.max(0, nowMs - filledMs) * rate) / 1_000);
      filledMs = nowMs;
      if (tokens > 0) break;
      await clock.sleep(Math.ceil(((0.1 - tokens) * 1_000) / rate), never);
    }
    tokens -= calls;
    note(calls);
  };
  return {
    async take(calls, ahead = false) {
      if (perSecond() === null) return note(calls);
      await turns.enter(ahead);
      await turn(calls).finally(turns.leave);
    },
    refused() {
      const nowMs = clock.elapsedMs();
      if (learned !== null && nowMs - learned.atMs < SAME_EVENT_MS) return;
      const spans = [...sent].filter(([each]) => each > span() - SPANS);
      const calls = Math.max(
        1,
        spans.reduce((sum, [, count]) => sum + count, 0),
      );
      const refused = perSecond() ?? (calls * SPANS) / Math.max(1, spans.length);
      const isNear = learned !== null && nowMs - learned.atMs >= NEAR.afterMs;
      // The plan allows the calls that the node answered in the last second, and not the rate that
      // it refused: the new rate lies between the two.
      const between = Math.sqrt(Math.min(calls, refused) * refused);
      const rate = Math.max(LEAST, isNear ? NEAR.kept * refused : between);
      learned = { rate, refused, atMs: nowMs };
      tokens = 0;
      filledMs = nowMs;
    },
    perSecond,
  };
}
