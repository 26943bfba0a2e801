// Lists: how commands show lists in pages. A list with further rows says how many rows there are
// and how to go on.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { csvLine } from '../core/csv.ts';
import { COUNTED_MOST, type ListFilters, type ListName } from '../core/lists.ts';
import type { Period } from '../core/period.ts';
import type { Ledger } from '../core/ports.ts';
import { instantOf } from '../core/time.ts';
import { createListing, type Loose, type PageOf, type Rows, readAll } from '../flows/lists.ts';
import { counted, type Output, table } from './output.ts';

/** Rows that a list shows without --limit, --all or --csv. */
const USUAL = 100;

export type Turn = 'before' | 'after';
export type ListOptions = {
  readonly limit?: number;
  readonly all?: true;
  readonly csv?: true;
  readonly since?: number;
  readonly until?: number;
  readonly before?: string;
  readonly after?: string;
};

/** A whole number of at least 1, as an option gives it. */
export function countOf(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text))
    throw new InvalidArgumentError('Give a whole number of at least 1.');
  return Number(text);
}

/** Adds --limit, --all and the option that takes the cursor to a list command. */
export function listed(command: Command, turn: Turn): Command {
  return command
    .addOption(
      new Option('--limit <rows>', `rows to show; ${USUAL} when left out`).argParser(countOf),
    )
    .addOption(new Option('--all', 'every row, however many there are').conflicts('limit'))
    .option(`--${turn} <cursor>`, 'continue at this cursor, as an earlier list printed it')
    .option('--csv', 'print comma separated values, of every row unless --limit is given');
}

function instantIn(text: string): number {
  const ms = instantOf(text);
  if (ms === null)
    throw new InvalidArgumentError(
      'Give a day such as 2026-11-26, or an ISO 8601 time with its zone.',
    );
  return ms;
}

/** Adds --since and --until to a list command. */
export const dated = (command: Command): Command =>
  command
    .addOption(new Option('--since <time>', 'from this day or time on').argParser(instantIn))
    .addOption(new Option('--until <time>', 'before this day or time').argParser(instantIn));

/** The period of a list command. */
export const periodIn = ({ since, until }: ListOptions): Period => ({
  ...(since === undefined ? {} : { sinceMs: since }),
  ...(until === undefined ? {} : { untilMs: until }),
});

/** The most rows that a list command reads; null for all. */
export const mostOf = ({ all, csv, limit }: ListOptions): number | null =>
  all === true || (csv === true && limit === undefined) ? null : (limit ?? USUAL);

/** A list command: the name of its list, the filter, and how a row is shown. */
export type Shown<Name extends ListName> = {
  readonly list: Name;
  readonly filter: Loose<ListFilters[Name]>;
  readonly turn: Turn;
  readonly head: readonly string[];
  readonly cells: (row: Rows[Name]) => readonly string[];
  /** A row as --json shows it; without this function the row itself is shown. */
  readonly document?: (row: Rows[Name]) => unknown;
  /** Reads what cells and documents need beside the rows. */
  readonly prepare?: (rows: readonly Rows[Name][]) => Promise<void>;
  /** The columns of --csv; without them those of the table. */
  readonly csv?: readonly (readonly [head: string, cell: (row: Rows[Name]) => string])[];
};

/**
 * Reads the rows that were asked for and shows them, with the cursor when further rows follow.
 * Returns exit code 0.
 */
export async function showList<Name extends ListName>(
  ledger: Ledger,
  output: Output,
  given: ListOptions,
  shown: Shown<Name>,
): Promise<number> {
  const { list, filter, turn, head, cells, document = (row) => row } = shown;
  const { page } = createListing(ledger);
  const progress = output.progress(list, 0);
  const { rows, next, total } = await readAll(
    mostOf(given),
    given[turn],
    (at: PageOf) => page(list, filter, at),
    (done, of) => progress.update(done, of ?? undefined),
  ).finally(() => progress.stop());
  await shown.prepare?.(rows);
  if (given.csv === true) {
    const { csv } = shown;
    const lines =
      csv === undefined
        ? [head.map((each) => each.toLowerCase()), ...rows.map(cells)]
        : [csv.map(([name]) => name), ...rows.map((row) => csv.map(([, cell]) => cell(row)))];
    output.result({ [list]: rows.map(document), next, total }, lines.map(csvLine));
    return 0;
  }
  const of = total === null ? `more than ${COUNTED_MOST}` : String(total);
  output.result({ [list]: rows.map(document), next, total }, [
    ...table([head, ...rows.map(cells)]),
    ...(next === null
      ? []
      : [
          `${counted(rows.length, `of ${of} is`, `of ${of} are`)} shown. Go on with --${turn} ${next}, or take all with --all.`,
        ]),
  ]);
  return 0;
}
