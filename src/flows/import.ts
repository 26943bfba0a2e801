// Import: brings subscribers, subscriptions and unpaid debts from another system. The import reads
// wallets, creators and open positions from the chain, seals the keys, and writes chunk after
// chunk; a chunk is one transaction. Chunks that were written stay, and importing the same rows
// again changes nothing, so an import that was broken off is simply run again.

import { messageOf } from '../core/fault.ts';
import type {
  ImportCounts,
  ImportReport,
  Imports,
  OpenPosition,
  OwedTo,
  Prepared,
  RowOutcome,
} from '../core/import-ports.ts';
import type { AnyLined, Bundle, Bundled, RowKind, RowProblem } from '../core/import-rows.ts';
import { createImportReading, type ReadingPorts, type Refuse } from './import-reading.ts';

export type ImportOptions = {
  readonly dryRun: boolean;
  /** Subscribers that are done, and of how many. */
  readonly onProgress?: (done: number, of: number) => void;
};

/** The number of subscribers that one database transaction writes. */
const CHUNK = 200;

/**
 * Creates the import. A row that cannot be imported is refused in the report. A fault of a node, of
 * a signing service, of the master key or of Postgres is thrown, and ends the import.
 */
export function createImport(ports: ReadingPorts & { readonly imports: Imports }) {
  const { imports } = ports;
  const prepare = createImportReading(ports);
  return async (
    { rows, bundles, refused: unread }: Bundled,
    { dryRun, onProgress = () => {} }: ImportOptions,
  ): Promise<ImportReport> => {
    const refused: RowProblem[] = [...unread];
    const open: OpenPosition[] = [];
    const owed: OwedTo[] = [];
    const outcomes = new Map<number, RowOutcome['outcome']>();
    const refuse: Refuse = (each, problem) => {
      outcomes.set(each.line, { problem });
      refused.push({ line: each.line, kind: each.row.kind, id: each.row.id, problem });
    };
    for (let from = 0; from < bundles.length; from += CHUNK) {
      onProgress(from, bundles.length);
      const chunk = bundles.slice(from, from + CHUNK);
      const found = await prepare(chunk, refuse);
      const lines = new Map(linesOf(chunk).map((each) => [each.line, each]));
      for (const { line, outcome, owed: debt } of await applied(imports, found.prepared, dryRun)) {
        if (debt !== undefined) owed.push(debt);
        const each = lines.get(line);
        if (each === undefined) continue;
        if (typeof outcome === 'string') outcomes.set(line, outcome);
        else refuse(each, outcome.problem);
      }
      open.push(...found.open.filter(({ line }) => outcomes.get(line) === 'new'));
    }
    onProgress(bundles.length, bundles.length);
    const counted = (kind: RowKind): ImportCounts => {
      const of = bundles
        .flatMap((each) => linesOf([each]))
        .filter((each) => each.row.kind === kind);
      const count = (wanted: string) =>
        of.filter(({ line }) => outcomes.get(line) === wanted).length;
      const bad = refused.filter((each) => each.kind === kind).length;
      return { added: count('new'), known: count('known'), refused: bad };
    };
    return {
      dryRun,
      rows,
      subscribers: counted('subscriber'),
      subscriptions: counted('subscription'),
      debts: counted('debt'),
      owed: sumsOf(owed),
      open,
      refused: refused.sort((a, b) => a.line - b.line),
    };
  };
}

const linesOf = (bundles: readonly Bundle[]): AnyLined[] =>
  bundles.flatMap(({ subscriber, subscriptions, debts }): AnyLined[] => [
    ...(subscriber === null ? [] : [subscriber]),
    ...subscriptions,
    ...debts,
  ]);

/**
 * Writes a chunk. When Postgres refuses it as a whole, because a row came in meanwhile by another
 * way, each subscriber is written alone, and the one that is refused says why.
 */
async function applied(
  imports: Imports,
  prepared: readonly Prepared[],
  dry: boolean,
): Promise<RowOutcome[]> {
  try {
    return await imports.apply(prepared, dry);
  } catch (thrown) {
    if (!imports.isOfRow(thrown)) throw thrown;
    if (prepared.length > 1) {
      const found: RowOutcome[] = [];
      for (const each of prepared) found.push(...(await applied(imports, [each], dry)));
      return found;
    }
    const problem = `The ledger refuses the rows of this subscriber: ${messageOf(thrown)}. Import the file again.`;
    return prepared.flatMap(({ subscriber, subscriptions, debts }) =>
      [...(subscriber === null ? [] : [subscriber]), ...subscriptions, ...debts].map(
        ({ line }) => ({
          line,
          outcome: { problem },
        }),
      ),
    );
  }
}

/** The sums by token and creator: tokens in the order of their mints, the largest sums first. */
function sumsOf(owed: readonly OwedTo[]): OwedTo[] {
  const sums = new Map<string, OwedTo>();
  for (const each of owed) {
    const key = `${each.token.mint} ${each.creatorWallet}`;
    sums.set(key, { ...each, amount: (sums.get(key)?.amount ?? 0n) + each.amount });
  }
  return [...sums.values()].sort((a, b) =>
    a.token.mint === b.token.mint
      ? Number(b.amount - a.amount)
      : Number(a.token.mint > b.token.mint) * 2 - 1,
  );
}
