// Nested: tells of statements that a transaction puts to its pool instead of to itself. Such a
// statement waits for a second connection while the first one is held; where all connections wait
// so, none goes on.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Sql } from '../../src/ledger/database.ts';

type Handled = { handle(): unknown };
const isQuery = (value: unknown): value is Handled =>
  typeof (value as Partial<Handled> | null)?.handle === 'function';

/**
 * The pool, with `found` filled by the first line of the source that put a statement, or began a
 * transaction, on the pool from within one of its transactions.
 */
export function watchNested(sql: Sql): { readonly sql: Sql; readonly found: string[] } {
  const inside = new AsyncLocalStorage<true>();
  const found: string[] = [];
  const look = (): void => {
    if (inside.getStore() !== true) return;
    const lines = (new Error('here').stack ?? '').split('\n');
    found.push(lines.find((each) => each.includes('/src/'))?.trim() ?? 'outside of src');
  };
  const watched = new Proxy(sql, {
    apply(target, self, given) {
      const made: unknown = Reflect.apply(target, self, given);
      if (!isQuery(made)) return made;
      const handle = made.handle.bind(made);
      // A part of another query is never handled by itself.
      return Object.assign(made, {
        handle: () => {
          look();
          return handle();
        },
      });
    },
    get(target, name) {
      if (name !== 'begin') return Reflect.get(target, name);
      return (...given: unknown[]) => {
        look();
        const work = given.at(-1) as (tx: unknown) => unknown;
        const rest = given.slice(0, -1);
        return Reflect.apply(target.begin, target, [
          ...rest,
          (tx: unknown) => inside.run(true, () => work(tx)),
        ]);
      };
    },
  });
  return { sql: watched, found };
}
