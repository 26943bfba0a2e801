// Right of way: while a transaction that may be a runaway's withdrawal is read and judged, other
// work of this process pauses between two steps, so that a burst of payments does not delay the
// gate's answer. A pause lasts one second at most, and no new one begins before other work has run
// for as long: transactions that move tokens can halve the pace of payments, and never stop them.
import type { Clock } from '../core/ports.ts';

export type RightOfWay = {
  /** Pauses other work until `release`, or for the times of `HOLD_MS`. */
  hold(): void;
  /** Ends the pause: no transaction goes ahead any more. */
  release(): void;
  /** Resolves when other work may go on; at once while no pause lasts. */
  clear(): Promise<void>;
};

/** How long a pause lasts after the last call of `hold`, and its longest time. Milliseconds. */
export const HOLD_MS = { each: 300, most: 1_000 } as const;

/** Creates the right of way of a process. */
export function createRightOfWay(clock: Pick<Clock, 'elapsedMs' | 'sleep'>): RightOfWay {
  let [fromMs, untilMs] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let released = new AbortController();
  const isHeld = (): boolean => clock.elapsedMs() < untilMs;
  return {
    hold() {
      const nowMs = clock.elapsedMs();
      if (isHeld()) {
        untilMs = Math.min(nowMs + HOLD_MS.each, fromMs + HOLD_MS.most);
        return;
      }
      // After a pause other work runs for as long as the pause lasted.
      if (nowMs < untilMs + (untilMs - fromMs)) return;
      fromMs = nowMs;
      untilMs = nowMs + HOLD_MS.each;
      released = new AbortController();
    },
    release() {
      if (!isHeld()) return;
      untilMs = clock.elapsedMs();
      released.abort('released');
    },
    async clear() {
      while (isHeld()) await clock.sleep(untilMs - clock.elapsedMs(), released.signal);
    },
  };
}
