// Lists: how commands show lists in pages. A list with further rows says how many rows there are
// and how to go on.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { COUNTED_MOST, type ListFilters, type ListName } from '../core/lists.ts';
import type { Ledger } from '../core/ports.ts';
import { createListing, type Loose, type PageOf, type Rows, readAll } from '../flows/lists.ts';
import type { Output } from './output.ts';
import { table } from './output.ts';

/** Rows that a list shows without --limit or --all. */
const USUAL = 100;

export type Turn = 'before' | 'after';
export type ListOptions = {
  readonly limit: number;
  readonly all?: true;
  readonly before?: string;
  readonly after?: string;
};

function countOf(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text))
    throw new InvalidArgumentError('Give a whole number of at least 1.');
  return Number(text);
}

/** Adds --limit, --all and the option that takes the cursor to a list command. */
export function listed(command: Command, turn: Turn): Command {
  return command
    .addOption(new Option('--limit <rows>', 'rows to show').argParser(countOf).default(USUAL))
    .addOption(new Option('--all', 'every row, however many there are').conflicts('limit'))
    .option(`--${turn} <cursor>`, 'continue at this cursor, as an earlier list printed it');
}

/** A list command: the name of its list, the filter, and how a row is shown. */
export type Shown<Name extends ListName> = {
  readonly list: Name;
  readonly filter: Loose<ListFilters[Name]>;
  readonly turn: Turn;
  readonly head: readonly string[];
  readonly cells: (row: Rows[Name]) => readonly string[];
  /** A row as --json shows it; without this function the row itself is shown. */
  readonly document?: (row: Rows[Name]) => unknown;
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
  const most = given.all === true ? null : given.limit;
  const { rows, next, total } = await readAll(most, given[turn], (at: PageOf) =>
    page(list, filter, at),
  );
  const of = total === null ? `more than ${COUNTED_MOST}` : String(total);
  output.result({ [list]: rows.map(document), next, total }, [
    ...table([head, ...rows.map(cells)]),
    ...(next === null
      ? []
      : [
          `${rows.length} of ${of} are shown. Go on with --${turn} ${next}, or take all with --all.`,
        ]),
  ]);
  return 0;
}
