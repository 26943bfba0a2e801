// Watched: the watch-list in memory, so that an irrelevant transaction costs a few look-ups and no query.

import type { Watched, WatchList } from '../core/hearing-ports.ts';
import type { Address } from '../core/ids.ts';

export type WatchedAccounts = {
  readonly map: ReadonlyMap<string, Watched>;
  /** Whether any of these keys is watched. */
  touches(keys: Iterable<string>): boolean;
  addresses(): Address[];
  /** Reads the list again; everything that was watched stays watched meanwhile. */
  refresh(): Promise<void>;
};

export async function loadWatched(list: WatchList): Promise<WatchedAccounts> {
  const map = new Map<string, Watched>();
  const refresh = async (): Promise<void> => {
    for (const each of await list.all()) map.set(each.address, each);
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
