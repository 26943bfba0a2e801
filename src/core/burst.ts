// Burst: tells whether many accounts change at the same time, as when a creator closes and all
// copiers close. In a burst the daemon asks nodes less often: it reads a transaction once, when it
// is final, and waits for webhooks before it reads an account's history.

export type Burst = {
  /** Counts transactions that a webhook names. */
  named(count: number): void;
  /** Counts a change of an account of this subscriber. */
  changed(subscriberId: string): void;
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
/**
 * Changes of fewer subscribers than this are too few to estimate the changes that other daemons
 * see.
 */
const SUBSCRIBERS_LEAST = 4;

/**
 * Creates a counter of news. `elapsedMs` is a time that no change of a clock affects, `share` the
 * part of all subscribers whose accounts this daemon follows, in (0, 1]: the changes that it sees
 * are that part of all.
 */
export function createBurst(elapsedMs: () => number, share: () => number = () => 1): Burst {
  let [fromMs, untilMs] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let [named, changes] = [0, 0];
  const subscribers = new Set<string>();
  const count = (more: { readonly named: number; readonly changes: number }): void => {
    const now = elapsedMs();
    if (now - fromMs >= WINDOW_MS) {
      fromMs = now;
      [named, changes] = [0, 0];
      subscribers.clear();
    }
    named += more.named;
    changes += more.changes;
  };
  const judge = (): void => {
    const all = subscribers.size >= SUBSCRIBERS_LEAST ? changes / share() : changes;
    if (named + all > NEWS_MOST) untilMs = elapsedMs() + LASTS_MS;
  };
  return {
    named(more) {
      count({ named: more, changes: 0 });
      judge();
    },
    changed(subscriberId) {
      count({ named: 0, changes: 1 });
      subscribers.add(subscriberId);
      judge();
    },
    on: () => elapsedMs() < untilMs,
    onSince: (atMs) => untilMs > atMs,
  };
}
