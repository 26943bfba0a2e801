// Watched: the watch-list in memory, so that an irrelevant transaction costs a few look-ups and no query.

import type { Watched, WatchList } from '../core/hearing-ports.ts';
import type { Address } from '../core/ids.ts';

export type WatchedAccounts = {
  readonly map: ReadonlyMap<string, Watched>;
  /** Whether any of these keys is watched. */
  touches(keys: Iterable<string>): boolean;
  addresses(): Address[];
  /** Reads the list again, or one subscriber's part of it; who is on it stays watched meanwhile. */
  refresh(subscriberId?: string): Promise<void>;
};

export async function loadWatched(list: WatchList): Promise<WatchedAccounts> {
  const map = new Map<string, Watched>();
  const readAll = async (): Promise<void> => {
    const all = await list.all();
    for (const each of all) map.set(each.address, each);
    if (map.size === all.length) return;
    // Somebody has left. Until here they were watched still.
    const left = new Set<string>(all.map((each) => each.address));
    for (const address of map.keys()) if (!left.has(address)) map.delete(address);
  };
  /** Accounts of a subscriber come one by one and leave all at once. */
  const readOf = async (subscriberId: string): Promise<void> => {
    const own = await list.all(subscriberId);
    for (const each of own) map.set(each.address, each);
    if (own.length > 0) return;
    for (const each of map.values())
      if (each.subscriberId === subscriberId) map.delete(each.address);
  };
  // One reads at a time: an older list that comes late would drop who has joined.
  let reading: Promise<void> = Promise.resolve();
  const inTurn = (read: () => Promise<void>): Promise<void> => {
    const turn = reading.then(read);
    reading = turn.catch(() => {});
    return turn;
  };
  // The whole list is long: whoever asks for it while a turn is waiting shares that one.
  let next: Promise<void> | null = null;
  const refresh = (subscriberId?: string): Promise<void> => {
    if (subscriberId !== undefined) return inTurn(() => readOf(subscriberId));
    next ??= inTurn(() => {
      next = null;
      return readAll();
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
