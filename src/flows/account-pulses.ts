// Account pulses: keeps of each watched account the bytes by which a change is noticed, its pulse,
// and tells whether a new reading differs from the last one.
import type { Slice } from '../core/chain-ports.ts';
import { SLOTS_APART_MOST } from '../core/continuity.ts';
import type { Address, Slot } from '../core/ids.ts';
import { type Venues, venueOf } from '../core/venue.ts';
import type { Pulse } from '../core/watch-ports.ts';
import type { WatchedAccounts } from './watched.ts';

/**
 * Where a pulse comes from. `swept`: the daemon read the account, else it was notified of the
 * account. `trusting`: a backfill scans the account's past, so a first pulse is no change.
 */
export type PulseOrigin = { readonly swept: boolean; readonly trusting: boolean };

export type AccountPulses = {
  /** The bytes of a watched account that are compared; null when it is not watched. */
  sliceOf(address: Address): Slice | null;
  /**
   * Takes a pulse that the ledger kept. Of several pulses of an account the one of the latest slot
   * is kept. A pulse of another length than the venue's slice was written by a release that
   * compared other bytes; the account would appear changed, so that pulse is left out. Pulses of
   * wallets have any length, and an absent account has an empty one.
   */
  remember(pulse: Pulse): void;
  /**
   * Takes a pulse that was read or notified. Returns null when the account has not changed, else
   * the pulse before, which is null for a first one. A pulse of an earlier slot than the last one
   * is left out, unless it was read and the last one was notified with a slot far above it.
   */
  take(
    address: Address,
    slot: Slot,
    pulse: string,
    from: PulseOrigin,
  ): { readonly before: string | null } | null;
  /**
   * The last pulse of each account. `told`: a notification brought it, whose slot nothing has
   * confirmed.
   */
  readonly known: Map<Address, { slot: Slot; pulse: string; told: boolean }>;
};

/** Creates the memory of pulses, which knows none yet. */
export function createAccountPulses(venues: Venues, watched: WatchedAccounts): AccountPulses {
  const known: AccountPulses['known'] = new Map();
  const sliceOf = (address: Address): Slice | null => {
    const watch = watched.map.get(address);
    return watch === undefined ? null : venueOf(venues, watch).pulseSlice(watch.role);
  };
  return {
    sliceOf,
    remember({ address, slot, pulse }) {
      const length = sliceOf(address)?.length;
      if (length !== 0 && pulse !== '' && pulse.length !== length) return;
      if (slot >= (known.get(address)?.slot ?? 0)) known.set(address, { slot, pulse, told: false });
    },
    take(address, slot, pulse, { swept, trusting }) {
      const last = known.get(address);
      // A reading far below the known slot shows that the known slot was wrong, so the reading is
      // used.
      const overstated = last?.told === true && swept && last.slot - slot > SLOTS_APART_MOST;
      if (last !== undefined && slot < last.slot && !overstated) return null;
      known.set(address, { slot, pulse, told: !swept });
      if (last === undefined) return trusting ? null : { before: null };
      return last.pulse === pulse ? null : { before: last.pulse };
    },
    known,
  };
}
