// Error rows: one row for each program error, with its meaning for a payment, and the notation in
// which tables of rows are written.
import type { ErrorClass } from '../core/trouble.ts';

export type ErrorRow = {
  readonly number: number;
  readonly name: string;
  readonly class: ErrorClass;
  /** Why the program ends in this error, as a whole sentence. */
  readonly reason: string;
};

/** Rows by class. The key of a row is `number name`, its value the reason. */
export type ErrorRows = Partial<Record<ErrorClass, Readonly<Record<string, string>>>>;

/** The rows of all tables, by number. A row of a later table replaces one of an earlier table. */
export const errorTable = (...tables: readonly ErrorRows[]): ReadonlyMap<number, ErrorRow> =>
  new Map(
    tables.flatMap((rows) =>
      Object.entries(rows).flatMap(([kind, each]) =>
        Object.entries(each).map(([key, reason]) => {
          const [number = '', name = ''] = key.split(' ');
          const found = { number: Number(number), name, class: kind as ErrorClass, reason };
          return [found.number, found] as const;
        }),
      ),
    ),
  );
