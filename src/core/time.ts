// Time: writes instants as text. Only the clock port reads the present time.

/** Milliseconds since 1970 as an ISO 8601 instant in UTC. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
