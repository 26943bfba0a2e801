// Import wiring: an import through the API. New accounts are watched, subscribers with debts are
// judged, and their lanes are woken at once, as after a registration.
import type { Address } from './core/ids.ts';
import type { ImportReport } from './core/import-ports.ts';
import type { Bundled } from './core/import-rows.ts';
import type { Parts } from './daemon-parts.ts';
import { createImport } from './flows/import.ts';
import { createPayable } from './flows/payable.ts';
import type { WatchedAccounts } from './flows/watched.ts';

export type ImportWiring = {
  readonly parts: Parts;
  readonly watched: WatchedAccounts;
  readonly onWatched: (addresses: readonly Address[]) => Promise<void>;
  readonly judgeAll: (ids: readonly string[]) => Promise<void>;
  readonly nudge: (subscriberId: string) => void;
};

/** Creates the import of the API. */
export const createBring =
  ({ parts, watched, onWatched, judgeAll, nudge }: ImportWiring) =>
  async (rows: Bundled, dryRun: boolean): Promise<ImportReport> => {
    const bring = createImport({ ...parts, payable: createPayable(parts) });
    const report = await bring(rows, { dryRun });
    if (dryRun) return report;
    const before = new Set<string>(watched.addresses());
    await watched.refresh();
    const joined = watched.addresses().filter((each) => !before.has(each));
    if (joined.length > 0) await onWatched(joined);
    const owing = rows.bundles.flatMap((each) => (each.debts.length > 0 ? each.subscriberId : []));
    const known: string[] = [];
    for (const id of owing) if ((await parts.ledger.subscribers.find(id)) !== null) known.push(id);
    await judgeAll(known);
    for (const id of known) nudge(id);
    return report;
  };
