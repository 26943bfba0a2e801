// Meter: counts occurrences by labels and outcome, with a histogram of their durations. Every
// request of the gate adds to it, so it keeps plain numbers and writes the Prometheus text only
// when asked.

/**
 * Upper bounds of the duration buckets, in seconds: from an answer out of memory to a call that
 * hung.
 */
const BOUNDS_S = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

export type Meter = {
  /**
   * Counts one occurrence. `labels` are the values of the meter's labels, in order; `outcome` is
   * one of its outcomes; `ms` is the duration in milliseconds, or null for an occurrence without
   * one, such as a stream.
   */
  note(labels: readonly string[], outcome: string, ms: number | null): void;
  /** Sets every outcome of these labels to 0, so that the first occurrence shows as an increase. */
  begin(labels: readonly string[]): void;
  /** The Prometheus text: a counter by outcome, and a histogram of durations in seconds. */
  text(): string;
};
export type MeterOptions = {
  /** Name and help text of the counter. */
  readonly counter: readonly [name: string, help: string];
  /** Name and help text of the histogram. */
  readonly histogram: readonly [name: string, help: string];
  readonly labels: readonly string[];
  /** Name of the counter's last label, and the values that it can have. */
  readonly outcome: readonly [name: string, values: readonly string[]];
};

type Series = {
  readonly labels: string;
  readonly outcomes: Map<string, number>;
  /** Number of durations in each bucket, not cumulated. The last bucket is above every bound. */
  readonly buckets: number[];
  sumMs: number;
};

const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** Creates a meter. */
export function createMeter(options: MeterOptions): Meter {
  const [outcomeLabel, outcomes] = options.outcome;
  const all = new Map<string, Series>();
  const seriesOf = (labels: readonly string[]): Series => {
    const key = labels.join('\n');
    const known = all.get(key);
    if (known !== undefined) return known;
    const made: Series = {
      labels: options.labels
        .map((name, index) => `${name}="${escaped(labels[index] ?? '')}"`)
        .join(','),
      outcomes: new Map(outcomes.map((each) => [each, 0])),
      buckets: Array.from({ length: BOUNDS_S.length + 1 }, () => 0),
      sumMs: 0,
    };
    all.set(key, made);
    return made;
  };
  return {
    begin: (labels) => void seriesOf(labels),
    note(labels, outcome, ms) {
      const series = seriesOf(labels);
      series.outcomes.set(outcome, (series.outcomes.get(outcome) ?? 0) + 1);
      if (ms === null) return;
      const seconds = ms / 1_000;
      let bucket = 0;
      while (bucket < BOUNDS_S.length && seconds > (BOUNDS_S[bucket] ?? 0)) bucket++;
      series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1;
      series.sumMs += ms;
    },
    text() {
      const [counter, counterHelp] = options.counter;
      const [histogram, histogramHelp] = options.histogram;
      const lines = [`# HELP ${counter} ${counterHelp}`, `# TYPE ${counter} counter`];
      for (const { labels, outcomes: counted } of all.values())
        for (const [outcome, count] of counted)
          lines.push(`${counter}{${labels},${outcomeLabel}="${escaped(outcome)}"} ${count}`);
      lines.push(`# HELP ${histogram} ${histogramHelp}`, `# TYPE ${histogram} histogram`);
      for (const { labels, buckets, sumMs } of all.values()) {
        let below = 0;
        for (const [index, bound] of [...BOUNDS_S, '+Inf'].entries()) {
          below += buckets[index] ?? 0;
          lines.push(`${histogram}_bucket{${labels},le="${bound}"} ${below}`);
        }
        lines.push(`${histogram}_sum{${labels}} ${sumMs / 1_000}`);
        lines.push(`${histogram}_count{${labels}} ${below}`);
      }
      return `${lines.join('\n')}\n`;
    },
  };
}
