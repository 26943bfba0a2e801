// CSV: rows as comma separated values (RFC 4180), safe to open in a spreadsheet: a text that a
// spreadsheet would take for a formula begins with an apostrophe.

/** A plain number. It may begin with a minus sign and is no formula. */
const NUMBER = /^-?\d+(\.\d+)?$/;
/** How a text begins that a spreadsheet evaluates (OWASP, CSV injection). */
const FORMULA = /^[=+\-@\t\r\n]/;

function cellText(cell: string): string {
  const safe = FORMULA.test(cell) && !NUMBER.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** One line of CSV, without its end. */
export const csvLine = (cells: readonly string[]): string => cells.map(cellText).join(',');
