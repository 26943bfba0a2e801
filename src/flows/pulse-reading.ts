// Pulse reading: reads the pulses of watched accounts from a node, a hundred accounts of one kind
// with each call.
import type { Chain, ChainAccount } from '../core/chain-ports.ts';
import type { Commitment } from '../core/fact.ts';
import type { Slot } from '../core/ids.ts';
import { type Venues, venueOf } from '../core/venue.ts';
import { type Pulse, WATCH_ROLES, type Watched } from '../core/watch-ports.ts';

/** The role and the venue of an account; they decide which of its bytes are compared. */
export type AccountKind = Pick<Watched, 'role' | 'venue'>;
export type PulsePorts = { readonly chain: Pick<Chain, 'slices'>; readonly venues: Venues };

const BATCH = 100;

/**
 * The pulse of an account. Data that is no longer than the slice is taken for the slice: a node may
 * send either, and every account with a pulse has further bytes.
 */
export function pulseOf(venues: Venues, kind: AccountKind, account: ChainAccount | null): string {
  if (account === null) return '';
  const { offset, length } = venueOf(venues, kind).pulseSlice(kind.role);
  if (length === 0) return String(account.lamports);
  const { data } = account;
  const bytes = data.length > length ? data.subarray(offset, offset + length) : data;
  return Buffer.from(bytes).toString('latin1');
}

/**
 * Reads the pulses of these accounts. `onRead` takes those of each answer with its slot. Ends early
 * once the signal is aborted; rejects when an answer fails.
 */
export async function readPulses(
  { chain, venues }: PulsePorts,
  accounts: readonly Watched[],
  commitment: Commitment,
  signal: AbortSignal,
  onRead: (pulses: readonly Pulse[], slot: Slot) => void,
): Promise<void> {
  const kinds = WATCH_ROLES.flatMap((role): AccountKind[] =>
    role !== 'drift_user' ? [{ role }] : venues.all.map(({ name: venue }) => ({ role, venue })),
  );
  for (const kind of kinds) {
    const mine = accounts
      .filter((each) => each.role === kind.role)
      .filter((each) => kind.venue === undefined || venueOf(venues, each).name === kind.venue)
      .map((each) => each.address);
    const slice = venueOf(venues, kind).pulseSlice(kind.role);
    for (let from = 0; from < mine.length && !signal.aborted; from += BATCH) {
      const batch = mine.slice(from, from + BATCH);
      const { slot, accounts: read } = await chain.slices(batch, slice, commitment);
      onRead(
        batch.map((address, index) => ({
          address,
          slot,
          pulse: pulseOf(venues, kind, read[index] ?? null),
        })),
        slot,
      );
    }
  }
}
