// Measure: times two or more ways of doing the same work in slices, one after the other, in an
// order that changes each round, so that noise of the machine affects all of them. Only ratios
// within one run are meaningful.
export type Row = {
  readonly name: string;
  /** CPU microseconds a piece of work, the least of all rounds, and the median. */
  readonly leastUs: number;
  readonly medianUs: number;
  /** How many times faster than the first: least against least. */
  readonly ratio: number;
  readonly target: number | null;
};
export type Variant = {
  readonly name: string;
  readonly work: () => void;
  readonly target?: number;
};

const cpuUs = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/**
 * Compares variants; the first is the baseline. `pieces` is how many pieces of work one call of
 * `work` does.
 */
export function compareCpu(
  variants: readonly Variant[],
  pieces: number,
  { rounds = 25, sliceUs = 60_000 }: { rounds?: number; sliceUs?: number } = {},
): Row[] {
  const times = variants.map((): number[] => []);
  for (const each of variants) each.work();
  for (let round = 0; round < rounds; round++) {
    const order = variants.map((_, index) => (index + round) % variants.length);
    for (const index of order) {
      const variant = variants[index];
      if (variant === undefined) continue;
      const start = cpuUs();
      let calls = 0;
      let spent = 0;
      do {
        variant.work();
        calls++;
        spent = cpuUs() - start;
      } while (spent < sliceUs);
      times[index]?.push(spent / calls / pieces);
    }
  }
  const least = times.map((each) => Math.min(...each));
  return variants.map(({ name, target }, index) => ({
    name,
    leastUs: least[index] ?? Number.NaN,
    medianUs: median(times[index] ?? []),
    ratio: (least[0] ?? Number.NaN) / (least[index] ?? Number.NaN),
    target: target ?? null,
  }));
}

/** Prints a table; returns whether every target was met. */
export function report(title: string, rows: readonly Row[], unit = 'µs CPU'): boolean {
  process.stdout.write(`\n${title}\n`);
  const width = Math.max(...rows.map((row) => row.name.length));
  for (const row of rows) {
    const verdict =
      row.target === null
        ? ''
        : `  target ${row.target} ×: ${row.ratio >= row.target ? 'met' : 'MISSED'}`;
    process.stdout.write(
      `  ${row.name.padEnd(width)}  ${row.leastUs.toFixed(2).padStart(9)} ${unit} (median ${row.medianUs.toFixed(2)})  ${row.ratio.toFixed(2).padStart(7)} ×${verdict}\n`,
    );
  }
  return rows.every((row) => row.target === null || row.ratio >= row.target);
}
