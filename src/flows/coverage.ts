// Coverage: counts the calls of finalized transactions by how well this release understands them.
// The counts are kept in memory and written together, so that reading never waits for a row that
// every daemon updates; a daemon that dies loses the counts that it had not written.
import type { Coverage } from '../core/coverage.ts';
import type { Fact } from '../core/fact.ts';
import type { Address } from '../core/ids.ts';
import type { Ledger } from '../core/ports.ts';
import type { ChainTransaction } from '../core/transaction.ts';
import type { Venue } from '../core/venue.ts';
import type { WatchedAccounts } from './watched.ts';

export type CoverageCounter = {
  /**
   * Counts a finalized transaction that was read, for the first time or again, and its new facts.
   */
  heard(facts: readonly Fact[], transaction: ChainTransaction): void;
  /**
   * Writes the counts since the last call. Counts that cannot be written are kept for the next
   * call.
   */
  flush(): Promise<void>;
};

/** Creates the counter, with no counts. */
export function createCoverageCounter(
  ports: {
    readonly ledger: Pick<Ledger, 'coverage'>;
    readonly venues: { readonly all: readonly Pick<Venue, 'cover' | 'programId'>[] };
    readonly watched: Pick<WatchedAccounts, 'map'>;
  },
  metrics: {
    facts(facts: readonly Fact[]): void;
    covered(program: Address, counted: Coverage): void;
  },
): CoverageCounter {
  const counts = new Map<Address, Coverage>();
  const add = (program: Address, more: Coverage): void => {
    const known = counts.get(program) ?? { understood: 0, neutral: 0, unknown: 0 };
    counts.set(program, {
      understood: known.understood + more.understood,
      neutral: known.neutral + more.neutral,
      unknown: known.unknown + more.unknown,
    });
  };
  return {
    heard(facts, transaction) {
      metrics.facts(facts);
      const { all } = ports.venues;
      for (const [index, venue] of all.entries())
        for (const [program, counted] of venue.cover(transaction, ports.watched.map)) {
          // A venue judges its own calls; every other program is counted once, by the first venue.
          const judged = all.find((each) => each.programId === program) ?? all[0];
          if (judged !== all[index]) continue;
          add(program, counted);
          metrics.covered(program, counted);
        }
    },
    async flush() {
      if (counts.size === 0) return;
      const rows = [...counts].map(([program, counted]) => ({ program, ...counted }));
      counts.clear();
      try {
        await ports.ledger.coverage.add(rows);
      } catch (thrown) {
        for (const { program, ...counted } of rows) add(program, counted);
        throw thrown;
      }
    },
  };
}
