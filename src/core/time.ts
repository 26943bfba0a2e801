// Time: instants as text. Where the present moment comes from is the clock's business alone.

/** Milliseconds since 1970 as an ISO 8601 instant in UTC. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
