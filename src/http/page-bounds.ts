// Page bounds: bounds what the holders of statement links can make a process do. A page may have
// 2,000 rows, and its route needs no API key.
import { Fault } from '../core/fault.ts';

/** Pages that one process reads at once. */
const PAGES_AT_ONCE = 2;
/** Openings of one link within a minute: the page and its CSV, five times. */
const OPENINGS_MOST = 10;
const MINUTE_MS = 60_000;

export type PageBounds = {
  /**
   * Counts one opening of a link. Returns null while the link has been opened ten times at most
   * within this minute; else the whole seconds after which it opens again.
   */
  opens(link: string): number | null;
  /** Reads a page. Throws `not_ready` at once while two other pages are being read. */
  read<T>(page: () => Promise<T>): Promise<T>;
};

/** Creates the bounds of a process. `elapsedMs` is a clock that never goes back. */
export function createPageBounds(elapsedMs: () => number): PageBounds {
  /** The openings of each link, from its first one until a minute later. */
  const minutes = new Map<string, { openings: number; readonly untilMs: number }>();
  let reading = 0;
  return {
    opens(link) {
      const nowMs = elapsedMs();
      for (const [each, { untilMs }] of minutes) {
        // A Map keeps the order of insertion, so the minute that began first stands first.
        if (untilMs > nowMs) break;
        minutes.delete(each);
      }
      const minute = minutes.get(link) ?? { openings: 0, untilMs: nowMs + MINUTE_MS };
      minutes.set(link, minute);
      minute.openings++;
      return minute.openings <= OPENINGS_MOST ? null : Math.ceil((minute.untilMs - nowMs) / 1_000);
    },
    async read(page) {
      if (reading >= PAGES_AT_ONCE)
        throw new Fault('not_ready', 'Other statements are being read. Ask again in a second.');
      reading++;
      try {
        return await page();
      } finally {
        reading--;
      }
    },
  };
}
