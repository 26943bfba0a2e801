// Right of way: while a transaction that may be a runaway's withdrawal is read and judged, other
// work of this process pauses between two steps, so that a burst of payments does not delay the
// gate's answer. A hold is short and bounded, and after it other work has as long for itself:
// transactions that move tokens can slow payments down to half their pace, and never stop them.
import type { Clock } from '../core/ports.ts';

export type RightOfWay = {
  /** Asks for the way: other work pauses until `release`, or for a short time. */
  hold(): void;
  /** Tells that nothing goes ahead any more. */
  release(): void;
  /** Resolves when other work may go on; at once when nothing goes ahead. */
  clear(): Promise<void>;
};

/** How long the way is held after the last call of `hold`, and the longest time in a row. */
export const HOLD_MS = { each: 300, most: 1_000 } as const;

/** Creates the right of way of a process. */
export function createRightOfWay(clock: Pick<Clock, 'nowMs' | 'sleep'>): RightOfWay {
  let [fromMs, untilMs] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let released = new AbortController();
  const isHeld = (): boolean => clock.nowMs() < untilMs;
  return {
    hold() {
      const nowMs = clock.nowMs();
      if (isHeld()) {
        untilMs = Math.min(nowMs + HOLD_MS.each, fromMs + HOLD_MS.most);
        return;
      }
      // Other work goes on for as long as it was held.
      if (nowMs < untilMs + (untilMs - fromMs)) return;
      fromMs = nowMs;
      untilMs = nowMs + HOLD_MS.each;
      released = new AbortController();
    },
    release() {
      if (!isHeld()) return;
      untilMs = clock.nowMs();
      released.abort('released');
    },
    async clear() {
      while (isHeld()) await clock.sleep(untilMs - clock.nowMs(), released.signal);
    },
  };
}
