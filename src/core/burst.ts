// Burst: tells whether many accounts change at the same time, as when a creator closes and all
// copiers close. In a burst the daemon takes the cheaper way of the two that it has: it reads a
// transaction once, when it is final, and waits for webhooks before it reads an account's history.

export type Burst = {
  /** Counts news: changes of accounts, and transactions that a webhook names. */
  heard(count: number): void;
  /** Whether a burst is going on. */
  on(): boolean;
  /** Whether a burst has been going on at any time since this moment. */
  onSince(atMs: number): boolean;
};

/** More news than this within the window is a burst. */
const NEWS_MOST = 32;
const WINDOW_MS = 1_000;
/** A burst lasts this long after the last window with more news. */
const LASTS_MS = 5_000;

/** Creates a counter of news. `nowMs` is the daemon's clock. */
export function createBurst(nowMs: () => number): Burst {
  let [fromMs, count, untilMs] = [Number.NEGATIVE_INFINITY, 0, Number.NEGATIVE_INFINITY];
  return {
    heard(more) {
      const now = nowMs();
      if (now - fromMs >= WINDOW_MS || now < fromMs) {
        fromMs = now;
        count = 0;
      }
      count += more;
      if (count > NEWS_MOST) untilMs = now + LASTS_MS;
    },
    on: () => nowMs() < untilMs,
    onSince: (atMs) => untilMs > atMs,
  };
}
