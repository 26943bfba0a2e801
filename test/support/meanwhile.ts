// Meanwhile: lets something happen between two statements of a transaction, as when another daemon
// commits at that moment.
import type { Sql, Transaction } from '../../src/ledger/database.ts';

/** The same pool, on which `act` runs, once, before the first statement with this text. */
export function meanwhile(sql: Sql, text: string, act: () => Promise<unknown>): Sql {
  let done = false;
  const watched = (tx: Transaction): Transaction =>
    new Proxy(tx, {
      apply(target, self, given: [TemplateStringsArray, ...unknown[]]) {
        const ask = () => Reflect.apply(target, self, given);
        if (done || !given[0].join('').includes(text)) return ask();
        done = true;
        return act().then(ask);
      },
    });
  return new Proxy(sql, {
    get: (target, name) =>
      name === 'begin'
        ? (work: (tx: Transaction) => Promise<unknown>) => target.begin((tx) => work(watched(tx)))
        : Reflect.get(target, name),
  });
}
