// Meanwhile: lets something happen between two statements of a transaction, as when another daemon
// commits at that moment.
import { expect } from 'vitest';
import type { Sql, Transaction } from '../../src/ledger/database.ts';

/**
 * The same pool, on which `act` runs, once, before the first statement whose text has this part.
 * That statement, and those that are sent after it, wait until `act` has ended.
 */
export function meanwhile(sql: Sql, part: string, act: () => Promise<unknown>): Sql {
  let acting: Promise<unknown> | null = null;
  const watched = (tx: Transaction): Transaction =>
    new Proxy(tx, {
      apply(target, self, given: [TemplateStringsArray, ...unknown[]]) {
        const statement = Reflect.apply(target, self, given);
        // A fragment is never sent itself.
        const send = statement.handle?.bind(statement);
        statement.handle = async () => {
          if (acting === null && given[0].join('').includes(part)) acting = act();
          await acting;
          return send?.();
        };
        return statement;
      },
    });
  return new Proxy(sql, {
    get: (target, name) =>
      name === 'begin'
        ? (work: (tx: Transaction) => Promise<unknown>) => target.begin((tx) => work(watched(tx)))
        : Reflect.get(target, name),
  });
}

/** Begins an act, and waits until it has ended or waits for a lock. Returns the end of the act. */
export function beside(sql: Sql, act: () => Promise<unknown>) {
  const ends: Promise<unknown>[] = [];
  const begin = async () => {
    let ended = false;
    ends.push(act().finally(() => (ended = true)));
    const waits = async () =>
      ended ||
      (
        await sql`
          select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      ).length > 0;
    await expect.poll(waits).toBe(true);
  };
  return { begin, ended: () => Promise.all(ends) };
}
