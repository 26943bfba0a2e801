// Watched: the watch-list in memory, so that an irrelevant transaction costs a few look-ups and no query.

import type { Watched, WatchList } from '../core/hearing-ports.ts';
import type { Address } from '../core/ids.ts';

export type WatchedAccounts = {
  readonly map: ReadonlyMap<string, Watched>;
  /** Whether any of these keys is watched. */
  touches(keys: Iterable<string>): boolean;
  addresses(): Address[];
  /** Reads the list again; who is on it stays watched meanwhile. */
  refresh(): Promise<void>;
};

export async function loadWatched(list: WatchList): Promise<WatchedAccounts> {
  const map = new Map<string, Watched>();
  const read = async (): Promise<void> => {
    const all = await list.all();
    for (const each of all) map.set(each.address, each);
    if (map.size === all.length) return;
    // Somebody has left. Until here they were watched still.
    const left = new Set<string>(all.map((each) => each.address));
    for (const address of map.keys()) if (!left.has(address)) map.delete(address);
  };
  // One reads at a time, since an older list that comes late would drop who has joined; whoever asks meanwhile shares the next.
  let reading: Promise<void> = Promise.resolve();
  let next: Promise<void> | null = null;
  const refresh = (): Promise<void> => {
    next ??= reading.then(() => {
      next = null;
      const begun = read();
      reading = begun.catch(() => {});
      return begun;
    });
    return next;
  };
  await refresh();
  return {
    map,
    refresh,
    addresses: () => [...map.values()].map((each) => each.address),
    touches(keys) {
      for (const key of keys) if (map.has(key)) return true;
      return false;
    },
  };
}
