// Groups: conditions on many ids in one query, and rows grouped by what they belong to.
import { createGatherer, upTo } from '../core/gather.ts';
import { type Fragment, isOfOne, type Sql, type Transaction } from './database.ts';

/** A text as an element of an array literal of Postgres. */
const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

/**
 * The list of these texts, for `in`. It is one parameter for any number of texts, so that Postgres
 * prepares the statement once, and an array, because Postgres counts its elements when it plans: of
 * the elements of a JSON list it assumes 100, for which it read whole tables.
 */
export const among = (sql: Sql | Transaction, texts: readonly string[]): Fragment =>
  sql`(select unnest(${`{${texts.map(quoted).join(',')}}`}::text[]))`;

/** The most questions that one statement answers. */
const READ_TOGETHER = 64;

/**
 * Creates a read whose callers share statements. `ask` answers several questions, in their order.
 * Where a statement fails, each question is asked in one of its own.
 */
export const readTogether = <Q, A>(
  ask: (questions: readonly Q[]) => Promise<readonly A[]>,
): ((question: Q) => Promise<A>) =>
  createGatherer(ask, { count: upTo(READ_TOGETHER), atOnce: 2, apart: isOfOne });

/** The rows by key, each group in the order of the rows. */
export function grouped<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
): ReadonlyMap<string, readonly Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const group = found.get(keyOf(row));
    if (group === undefined) found.set(keyOf(row), [row]);
    else group.push(row);
  }
  return found;
}
