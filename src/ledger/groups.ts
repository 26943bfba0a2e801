// Groups: conditions on many ids in one query, and rows grouped by what they belong to.
import { afterEvents, createGatherer, type GatherBounds, upTo } from '../core/gather.ts';
import { type Fragment, isOfOne, type Sql, type Transaction } from './database.ts';

/** A text as an element of an array literal of Postgres. */
const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
/** These texts as an array literal of Postgres. */
const arrayOf = (texts: readonly string[]): string => `{${texts.map(quoted).join(',')}}`;

/** The array of these texts. */
export const array = (sql: Sql | Transaction, texts: readonly string[]): Fragment =>
  sql`${arrayOf(texts)}::text[]`;

/**
 * These texts as a subquery, for which Postgres assumes ten elements. Of an array parameter
 * Postgres counts the elements, and then plans the statement anew for each execution, because a
 * plan for the values looks cheaper.
 */
const unseen = (sql: Sql | Transaction, texts: readonly string[]): Fragment =>
  sql`(select ${array(sql, texts)})`;

/**
 * Any of these texts, for `=`: the rows of each text are found by an index. `in` with a subquery
 * would be a join, whose order Postgres may reverse: it would then read the whole table first when
 * it believes that the table is small.
 */
export const among = (sql: Sql | Transaction, texts: readonly string[]): Fragment =>
  sql`any(${unseen(sql, texts)}::text[])`;

/**
 * The ids as the table `asked(id)`, each once, for `cross join lateral (… offset 0)`. `offset 0`
 * keeps Postgres from joining in another order, so the rows of each id are found by an index, also
 * where Postgres believes that the table is nearly empty.
 */
export const askedIds = (sql: Sql | Transaction, ids: readonly string[]): Fragment =>
  sql`unnest(${unseen(sql, [...new Set(ids)])}) as asked(id)`;

/** The most questions that one statement answers. */
const READ_TOGETHER = 64;

/**
 * Creates a function whose callers share statements, which are sent once the handlers of all events
 * that have come are done. `ask` answers several questions, in their order. Where that fails, each
 * question is asked by itself. At most two statements, or transactions, of the function are under
 * way at once.
 */
export const together = <Q, A>(
  ask: (questions: readonly Q[]) => Promise<readonly A[]>,
  bounds: Pick<GatherBounds<Q>, 'count' | 'ahead'> & { readonly atOnce?: number },
): ((question: Q) => Promise<A>) =>
  createGatherer(ask, { atOnce: 2, ...bounds, apart: isOfOne, when: afterEvents });

/**
 * Creates a read whose callers share statements. One statement of the read is under way at a time;
 * the questions that come meanwhile share the next one. A second statement at the same time would
 * gain little, because reads wait for no lock.
 */
export const readTogether = <Q, A>(
  ask: (questions: readonly Q[]) => Promise<readonly A[]>,
): ((question: Q) => Promise<A>) => together(ask, { count: upTo(READ_TOGETHER), atOnce: 1 });

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
