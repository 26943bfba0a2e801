// Latency: how long a node takes for the requests of a method, as the 95th percentile of the latest
// ones. A request that takes longer is worth a second one to another node.

export type Latency = {
  /** Counts one request: `ms` until its answer, or until it was given up. */
  note(method: string, ms: number): void;
  /** The 95th percentile, between bounds; the upper bound before enough requests are known. */
  lateAfterMs(method: string): number;
};

/** The requests of a method that are remembered, and how many of them a percentile needs. */
const REMEMBERED = 64;
const NEEDED = 20;
const PERCENTILE = 0.95;
/** A second request sooner than the first bound would only double the traffic. */
const BOUNDS_MS = { least: 20, most: 1_000 };

/** Creates the latencies of one node. */
export function createLatency(): Latency {
  const known = new Map<string, { readonly last: number[]; next: number }>();
  return {
    note(method, ms) {
      const of = known.get(method) ?? { last: [], next: 0 };
      known.set(method, of);
      of.last[of.next] = ms;
      of.next = (of.next + 1) % REMEMBERED;
    },
    lateAfterMs(method) {
      const last = known.get(method)?.last ?? [];
      if (last.length < NEEDED) return BOUNDS_MS.most;
      const sorted = last.toSorted((one, other) => one - other);
      const late = sorted[Math.floor((sorted.length - 1) * PERCENTILE)] ?? BOUNDS_MS.most;
      return Math.min(BOUNDS_MS.most, Math.max(BOUNDS_MS.least, late));
    },
  };
}
