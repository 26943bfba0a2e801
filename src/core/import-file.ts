// Import file: reads the rows of a file as JSON lines or as CSV (RFC 4180). No message contains a
// part of the text, because a line may hold a secret key.
import type { GivenRow } from './import-rows.ts';

/** The fields whose CSV cell is a whole number. */
const NUMBERS = new Set([
  'subAccountId',
  'shareBps',
  'expiresAfterMs',
  'periodSlots',
  'freeBeforeSlot',
  'fromSlot',
  'booksFrom',
]);
const FLAGS: Readonly<Record<string, boolean>> = { true: true, false: false };

/** The value of a cell that holds JSON; its text when it does not. */
function jsonOr(cell: string): unknown {
  try {
    return JSON.parse(cell) as unknown;
  } catch {
    return cell;
  }
}

function fieldValue(field: string, cell: string): unknown {
  if (field === 'subAccountIds')
    return cell.split(/[\s;]+/).map((each) => (/^\d+$/.test(each) ? Number(each) : each));
  if (NUMBERS.has(field)) return /^\d+$/.test(cell) ? Number(cell) : cell;
  if (field === 'offCurve' || field === 'ended') return FLAGS[cell] ?? cell;
  if (field === 'splits') return jsonOr(cell);
  return cell;
}

type CsvRecord = { readonly line: number; readonly cells: readonly string[] };

/**
 * The records of a CSV text, each with the line on which it begins. When a quote is never closed,
 * only the line on which that quote opens.
 */
export function csvRecords(text: string): CsvRecord[] | { readonly openQuoteAt: number } {
  const records: CsvRecord[] = [];
  let cells: string[] = [];
  let cell = '';
  let line = 1;
  let begins = 1;
  /** The line of the quote that is open; null outside of quotes. */
  let quoted: number | null = null;
  const endRecord = (): void => {
    if (cells.length > 0 || cell !== '') records.push({ line: begins, cells: [...cells, cell] });
    cells = [];
    cell = '';
    begins = line;
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '\n') line++;
    if (quoted !== null) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') {
        cell += '"';
        at++;
      } else quoted = null;
    } else if (character === '"' && cell === '') quoted = line;
    else if (character === ',') {
      cells.push(cell);
      cell = '';
    } else if (character === '\n') endRecord();
    else if (character !== '\r') cell += character;
  }
  if (quoted !== null) return { openQuoteAt: quoted };
  endRecord();
  return records;
}

/** The records as objects by the names of the first record; empty cells are absent. */
function csvObjects(text: string): (GivenRow & { readonly line: number })[] {
  const records = csvRecords(text);
  if ('openQuoteAt' in records)
    return [
      { line: records.openQuoteAt, problem: 'A quote opens on this line and is never closed.' },
    ];
  const [head, ...rest] = records;
  if (head === undefined) return [];
  const names = head.cells.map((each) => each.trim());
  const twice = names.findIndex((each, index) => each !== '' && names.indexOf(each) < index);
  if (twice >= 0)
    return [
      {
        line: head.line,
        problem: `The first line names the columns ${names.indexOf(names[twice] ?? '') + 1} and ${twice + 1} alike. Leave one of them out.`,
      },
    ];
  return rest.map(({ line, cells }): GivenRow => {
    if (cells.length > names.length)
      return {
        line,
        problem: `It has ${cells.length} cells, and the first line names ${names.length} columns.`,
      };
    const filled = cells.flatMap((cell, index) => {
      const name = names[index] ?? '';
      return cell === '' ? [] : [[name, cell] as const];
    });
    return { line, value: Object.fromEntries(filled) };
  });
}

const csvRows = (text: string): GivenRow[] =>
  csvObjects(text).map((each) =>
    'problem' in each
      ? each
      : {
          line: each.line,
          value: Object.fromEntries(
            Object.entries(each.value as Record<string, string>).map(([name, cell]) => [
              name,
              fieldValue(name, cell),
            ]),
          ),
        },
  );

const jsonRows = (text: string): GivenRow[] =>
  text.split('\n').flatMap((each, index): GivenRow[] => {
    const line = index + 1;
    if (each.trim() === '') return [];
    try {
      return [{ line, value: JSON.parse(each) as unknown }];
    } catch {
      return [{ line, problem: 'The line is not one JSON object. Write one object on one line.' }];
    }
  });

/**
 * The rows of a file: JSON lines when its first character but white space is a brace, none when it
 * is the bracket of a JSON array, else CSV.
 */
export function rowsIn(text: string): GivenRow[] {
  const plain = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const begins = plain.trimStart();
  if (begins.startsWith('[')) return [];
  return begins.startsWith('{') ? jsonRows(plain) : csvRows(plain);
}
