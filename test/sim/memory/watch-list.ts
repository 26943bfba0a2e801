// Watch list: the watched accounts and how far each history was scanned, in memory.
import type { Sightings } from '../../../src/core/hearing-ports.ts';
import type { Watched, WatchList } from '../../../src/core/watch-ports.ts';
import type { AccountRow, State } from './state.ts';

const watchedOf = ({ address, subscriberId, role, venue }: AccountRow): Watched => ({
  address,
  subscriberId,
  role,
  ...(venue === undefined ? {} : { venue }),
});

export function createMemoryWatchList(state: State, note: Sightings['note']): WatchList {
  return {
    all: async (of) =>
      [...state.accounts.values()]
        .filter((each) => of === undefined || each.subscriberId === of)
        .map(watchedOf),
    since: async (revision) => ({
      revision: state.listRevision,
      joined: [...state.accounts.values()]
        .filter((each) => each.listedRevision > revision)
        .map(watchedOf),
      left: [],
    }),
    ofSubscriber: () => Promise.reject(new RangeError('nobody asks for this in memory')),
    cursors: async (addresses) =>
      [...state.accounts.values()]
        .filter((each) => addresses === undefined || addresses.includes(each.address))
        .sort((a, b) => a.cursorSlot - b.cursorSlot)
        .map(({ address, cursorSlot, listedRevision }) => ({
          address,
          slot: cursorSlot,
          listedRevision,
        })),
    openAccounts: async (subscriberId, role) =>
      [...state.accounts.values()].filter(
        (each) => each.subscriberId === subscriberId && each.role === role,
      ).length,
    async scanned(address, { from, upto, walked }, rumours, naming) {
      const row = state.accounts.get(address);
      if (row === undefined || row.cursorSlot < from) return false;
      await note(rumours, naming);
      row.cursorSlot = Math.max(row.cursorSlot, upto);
      if (walked !== undefined) row.walked = walked;
      return true;
    },
    walked: async () =>
      [...state.accounts.values()].flatMap(({ walked }) => (walked === null ? [] : [walked])),
    async adopt({ address, subscriberId, subAccountId, fromSlot, venue }) {
      if (state.accounts.has(address)) return false;
      state.accounts.set(address, {
        address,
        subscriberId,
        role: subAccountId === null ? 'agent_token_account' : 'drift_user',
        subAccountId,
        ...(venue == null ? {} : { venue }),
        cursorSlot: fromSlot,
        walked: null,
        listedRevision: ++state.listRevision,
      });
      return true;
    },
  };
}
