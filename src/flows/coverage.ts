// Coverage: counts the calls of finalized transactions by how well they are understood. Counts are
// kept in memory and written together, so that reading never waits for a row that every daemon adds
// to; a daemon that dies loses what it had not written.
import type { Coverage } from '../core/coverage.ts';
import type { Fact } from '../core/fact.ts';
import type { Address } from '../core/ids.ts';
import type { Ledger } from '../core/ports.ts';
import type { ChainTransaction } from '../core/transaction.ts';
import type { Venue } from '../core/venue.ts';
import type { WatchedAccounts } from './watched.ts';

export type CoverageCounter = {
  /**
   * A finalized transaction was read, for the first time or again, and these facts of it are new.
   */
  heard(facts: readonly Fact[], transaction: ChainTransaction): void;
  /**
   * Writes what was counted since the last time. What cannot be written is kept for the next time.
   */
  flush(): Promise<void>;
};

export function createCoverageCounter(
  ports: {
    readonly ledger: Pick<Ledger, 'coverage'>;
    readonly venue: Pick<Venue, 'cover'>;
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
      for (const [program, counted] of ports.venue.cover(transaction, ports.watched.map)) {
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
