// Bring: an import through the API. The accounts that it brought are followed, subscribers with
// debts are judged, and their lanes are woken at once, as after a registration.
import type { Address } from '../core/ids.ts';
import type { ImportReport } from '../core/import-ports.ts';
import type { Bundled } from '../core/import-rows.ts';
import type { Ledger } from '../core/ports.ts';
import type { createImport } from './import.ts';
import type { WatchedAccounts } from './watched.ts';

export type BringPorts = {
  /**
   * Creates the import of one request. An import asks once whether a creator can be paid, and
   * remembers the answer, which another request must not get.
   */
  readonly begin: () => ReturnType<typeof createImport>;
  readonly ledger: { readonly subscribers: Pick<Ledger['subscribers'], 'find'> };
  readonly watched: Pick<WatchedAccounts, 'map' | 'refresh'>;
  /**
   * Called with the accounts of the import, also those that this daemon already watches. Starts
   * every source for the accounts that have none yet.
   */
  readonly onWatched: (addresses: readonly Address[]) => Promise<void>;
  readonly judgeAll: (ids: readonly string[]) => Promise<void>;
  readonly nudge: (subscriberId: string) => void;
};

/** Creates the import of the API. */
export const createBring =
  ({ begin, ledger, watched, onWatched, judgeAll, nudge }: BringPorts) =>
  async (rows: Bundled, dryRun: boolean): Promise<ImportReport> => {
    const report = await begin()(rows, { dryRun });
    if (dryRun) return report;
    await watched.refresh();
    // Postgres notifies of accounts that join, so this daemon may have added some to its watch-list
    // before the import ended. So the accounts are all those of the imported subscribers, and not
    // only those that the refresh added.
    const ids = new Set(rows.bundles.map((each) => each.subscriberId));
    const brought = [...watched.map.values()].filter((each) => ids.has(each.subscriberId));
    if (brought.length > 0) await onWatched(brought.map((each) => each.address));
    const owing = rows.bundles.flatMap((each) => (each.debts.length > 0 ? each.subscriberId : []));
    const known: string[] = [];
    for (const id of owing) if ((await ledger.subscribers.find(id)) !== null) known.push(id);
    await judgeAll(known);
    for (const id of known) nudge(id);
    return report;
  };
