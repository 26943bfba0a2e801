// Continuity world: a database and a node in memory, as the check of continuity reads them.
import type { DatabaseState } from '../../src/core/continuity.ts';
import { Fault } from '../../src/core/fault.ts';
import { createContinuity } from '../../src/flows/continuity.ts';
import { silentLog } from '../../src/system/log.ts';

/** A state of a database that tells its timeline. */
export const told = (identity: string, position: bigint): DatabaseState => ({
  told: true,
  identity,
  position,
});

/**
 * A database in memory and a node at block height 1,000, whose slot is 7 above it; the test changes
 * both in `world`. `silent`: the node tells no slot.
 */
export function openContinuity(first: DatabaseState, trusted: string | null, isEmpty = true) {
  const slot = null as number | null;
  const world = { state: first, trusted, slot, height: 1_000, went: 0, isEmpty, silent: false };
  const continuity = createContinuity({
    databaseStates: {
      read: async () => world.state,
      trusted: async () =>
        world.trusted === null ? null : { identity: world.trusted, slot: world.slot },
      trust: async (state, slot) => {
        world.trusted = state.told ? state.identity : 'untold';
        world.slot = slot;
      },
      isEmpty: async () => world.isEmpty,
    },
    chain: {
      witnessed: (read) => read(),
      finalizedHeight: async () => world.height,
      async slot() {
        if (world.silent) throw new Fault('rpc_unavailable', 'no answer');
        return world.height + 7;
      },
    },
    log: silentLog,
    onWentBack: () => world.went++,
  });
  return { world, continuity };
}
