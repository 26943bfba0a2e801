// Brought: a second account of the subscriber of a test ledger, whose subscription an import
// writes.
import type { HeldAtStart } from '../../src/core/held.ts';
import type { Prepared, RowOutcome } from '../../src/core/import-ports.ts';
import type { Terms } from '../../src/core/terms.ts';
import { createImports } from '../../src/ledger/imports.ts';
import { addressOf, CREATOR, createTestLedger, type TestLedger } from './ledger.ts';
import { termsOf } from './terms.ts';

export const BROUGHT = addressOf(44);

export type BroughtRows = {
  readonly held: HeldAtStart;
  readonly booksFrom: number;
  readonly terms?: Partial<Terms>;
  /** Debts by their ids in the other system. */
  readonly debts?: Readonly<Record<string, bigint>>;
};

/** Writes the subscription ana-7 and its debts by an import. Returns the outcome of each row. */
export function bring(
  { sql }: Pick<TestLedger, 'sql'>,
  { held, booksFrom, terms: more = {}, debts = {} }: BroughtRows,
): Promise<RowOutcome[]> {
  const terms = termsOf(held.slot + 1, CREATOR, 1_000, more);
  const subscription = {
    line: 1,
    account: BROUGHT,
    terms,
    held,
    booksFrom,
    deficit: 0n,
    row: {
      ...terms,
      kind: 'subscription',
      id: 'ana-7',
      subscriber: 'ana',
      subAccountId: 7,
      open: held.open ?? 'free',
    },
  };
  const prepared = {
    subscriberId: 'ana',
    subscriber: null,
    slot: booksFrom - 1,
    subscriptions: [subscription],
    debts: Object.entries(debts).map(([id, amount], nth) => ({
      line: 2 + nth,
      row: { kind: 'debt', id, subscriber: 'ana', subscription: 'ana-7', amount },
    })),
  } as unknown as Prepared;
  return createImports(sql, false).apply([prepared], false);
}

/** A test ledger that watches the second account, with the rows brought into it. */
export async function broughtLedger(rows: BroughtRows): Promise<TestLedger> {
  const made = await createTestLedger();
  await made.ledger.watchList.adopt({
    address: BROUGHT,
    subscriberId: 'ana',
    subAccountId: 7,
    fromSlot: 1,
    nowMs: 0,
  });
  const problems = (await bring(made, rows)).filter(({ outcome }) => outcome !== 'new');
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return made;
}
