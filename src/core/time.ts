// Time: writes instants as text. Only the clock port reads the present time.

/** Milliseconds since 1970 as an ISO 8601 instant in UTC. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

const INSTANT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** Whether a text is a day of the calendar, such as 2026-02-28. */
export function isDay(text: string): boolean {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  // Date.parse takes 30 February for 2 March.
  return !Number.isNaN(ms) && isoTime(ms).startsWith(text);
}

/**
 * Milliseconds since 1970 of an ISO 8601 instant with its zone, or of the beginning of a day in
 * UTC. Null for any other text, also for one whose day the calendar does not have.
 */
export function instantOf(text: string): number | null {
  const ms = INSTANT.test(text) && isDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}
