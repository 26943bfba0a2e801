// Watched: the watch-list in memory, so that a transaction that touches no watched account costs a
// few look-ups and no query. The list in memory is that of the ledger at one revision; the ledger
// refuses facts that were read with an older list.

import type { Address } from '../core/ids.ts';
import type { Watched, WatchList } from '../core/watch-ports.ts';

export type WatchedAccounts = {
  readonly map: ReadonlyMap<string, Watched>;
  /** The ledger's revision of the list that the map holds. */
  readonly revision: number;
  /** Whether any of these keys is watched. */
  touches(keys: Iterable<string>): boolean;
  addresses(): Address[];
  /**
   * Adds accounts that joined and removes those that left before this call, through this daemon or
   * another. True when the list changed.
   */
  refresh(): Promise<boolean>;
  /**
   * Reads the whole list anew after the database went back, because the revision that this daemon
   * holds may now name another list. When the reading fails, the next `refresh` reads the whole
   * list.
   */
  reload(): Promise<boolean>;
  /**
   * Calls the listener whenever the list has changed. Every part of this daemon that refreshes the
   * list causes the call.
   */
  onMoved(listener: () => void): void;
};

/**
 * Removes what is kept under the address of an account that is not watched any more, from each of
 * these maps and sets.
 */
export function dropLeft(
  { map }: Pick<WatchedAccounts, 'map'>,
  ...kept: readonly Pick<Set<Address>, 'keys' | 'delete'>[]
): void {
  for (const each of kept)
    for (const address of each.keys()) if (!map.has(address)) each.delete(address);
}

/** Reads the whole watch-list of the ledger. */
export async function loadWatched(list: Pick<WatchList, 'since'>): Promise<WatchedAccounts> {
  const map = new Map<string, Watched>();
  let revision = -1;
  const listeners: (() => void)[] = [];
  const read = async (whole: boolean): Promise<boolean> => {
    const news = await list.since(whole ? -1 : revision);
    if (!whole && news.revision === revision) return false;
    // A lower revision shows by itself that the database went back.
    if (!whole && news.revision < revision) return read(true);
    if (whole) map.clear();
    const left = new Set(news.left);
    for (const each of left.size === 0 ? [] : map.values())
      if (left.has(each.subscriberId)) map.delete(each.address);
    for (const each of news.joined) map.set(each.address, each);
    revision = news.revision;
    for (const each of listeners) each();
    return true;
  };
  // One refresh reads at a time; calls made while one waits for its turn share it.
  let reading: Promise<unknown> = Promise.resolve();
  let next: Promise<boolean> | null = null;
  let wentBack = false;
  const refresh = (): Promise<boolean> => {
    if (next !== null) return next;
    const turn = reading.then(async () => {
      next = null;
      const whole = wentBack;
      wentBack = false;
      try {
        return await read(whole);
      } catch (thrown) {
        wentBack ||= whole;
        throw thrown;
      }
    });
    next = turn;
    reading = turn.catch(() => {});
    return turn;
  };
  await refresh();
  return {
    map,
    get revision() {
      return revision;
    },
    refresh,
    reload() {
      wentBack = true;
      return refresh();
    },
    onMoved: (listener) => void listeners.push(listener),
    addresses: () => [...map.values()].map((each) => each.address),
    touches(keys) {
      for (const key of keys) if (map.has(key)) return true;
      return false;
    },
  };
}
