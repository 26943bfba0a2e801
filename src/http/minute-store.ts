// Minute store: counts the requests of each key or address within a minute, for the rate limits.
// The minutes are counted by a clock that never goes back: by the clock of the machine, a minute
// that began before that clock was set back by an hour would last for an hour more, and refuse
// clients and probes of health meanwhile.
import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit';

/** The most keys and addresses that are counted at a time; the oldest minute is forgotten. */
const COUNTED_MOST = 5_000;

type Minute = { requests: number; readonly sinceMs: number };

/** The store of one rate limit. `elapsedMs` is a clock in milliseconds that never goes back. */
export function minuteStore(elapsedMs: () => number): FastifyRateLimitStoreCtor {
  return class implements FastifyRateLimitStore {
    /** In the order in which the minutes began. */
    private readonly minutes = new Map<string, Minute>();
    incr(
      key: string,
      done: (error: Error | null, result?: { current: number; ttl: number }) => void,
      windowMs: number,
    ): void {
      const nowMs = elapsedMs();
      for (const [each, { sinceMs }] of this.minutes) {
        if (sinceMs + windowMs > nowMs && this.minutes.size <= COUNTED_MOST) break;
        this.minutes.delete(each);
      }
      const minute = this.minutes.get(key) ?? { requests: 0, sinceMs: nowMs };
      minute.requests++;
      this.minutes.set(key, minute);
      done(null, { current: minute.requests, ttl: minute.sinceMs + windowMs - nowMs });
    }
    /** Routes have no limits of their own. */
    child(): FastifyRateLimitStore {
      return this;
    }
  };
}
