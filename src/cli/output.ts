// Output: prints the outcome of a command, as sentences for people or as one JSON document with
// --json. Progress is shown only on a terminal.
import { Presets, SingleBar } from 'cli-progress';

export type Progress = { update(done: number, of?: number): void; stop(): void };
export type Output = {
  /** Prints the outcome, once a command: `document` with --json, else `lines`. */
  result(document: unknown, lines: readonly string[]): void;
  /**
   * Starts a progress bar of `of` steps. Shows nothing with --json, or when no terminal is there.
   */
  progress(what: string, of: number): Progress;
};

const exact = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value;

/** Creates the output of a command. */
export function createOutput(options: {
  json: boolean;
  say: (text: string) => unknown;
  /** Standard error when it is a terminal, else null, which shows no progress. */
  terminal: NodeJS.WriteStream | null;
}): Output {
  return {
    result(document, lines) {
      if (options.json) options.say(JSON.stringify(document, exact, 2));
      else for (const line of lines) options.say(line);
    },
    progress(what, of) {
      if (options.json || options.terminal === null) return { update: () => {}, stop: () => {} };
      const bar = new SingleBar(
        { format: `${what} {bar} {value}/{total}`, stream: options.terminal, hideCursor: true },
        Presets.shades_classic,
      );
      bar.start(of, 0);
      return {
        update(done, total) {
          if (total !== undefined) bar.setTotal(total);
          bar.update(done);
        },
        stop: () => bar.stop(),
      };
    },
  };
}

/**
 * A number with its noun, such as `1 debt` and `2 debts`. `many` is for a noun with another plural
 * and for a noun with its verb.
 */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

/** The rows as lines, each column padded to its widest cell. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), 0),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
