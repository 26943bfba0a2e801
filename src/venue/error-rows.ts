// Error rows: what an error of a program means for a payment, and how tables of them are written
// down.
import type { ErrorClass } from '../core/payment.ts';

export type ErrorRow = {
  readonly number: number;
  readonly name: string;
  readonly class: ErrorClass;
  /** Why the program says so, as a whole sentence. */
  readonly reason: string;
};

/** Rows by class; each is `number name` and the reason. */
export type ErrorRows = Partial<Record<ErrorClass, Readonly<Record<string, string>>>>;

/** The rows by number. A later table replaces what an earlier one says of a number. */
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
