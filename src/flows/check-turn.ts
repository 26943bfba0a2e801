// Check turn: one turn of the check loop: account states, wallets touched by transactions that
// no node gives, and token accounts that are not followed yet.
import type { Address, Slot } from '../core/ids.ts';
import { checkAccounts } from './account-checks.ts';
import { type AdoptPorts, createUnfollowedLook } from './adopt.ts';
import { createUnread } from './unread.ts';
import { dropLeft } from './watched.ts';

export type Turn = {
  /** The subscribers for whom profit was reckoned. */
  readonly reckoned: readonly string[];
  /** The number of transactions that were noted. */
  readonly noted: number;
  /** More accounts may wait for their first state. */
  readonly more: boolean;
};

/**
 * Creates the turn. `changed` maps each account that was seen changed to the slot of the change.
 */
export function createChecking(
  ports: AdoptPorts,
  changed: Map<Address, Slot>,
): (signal: AbortSignal) => Promise<Turn> {
  const proveUnread = createUnread(ports);
  const lookAtUnfollowed = createUnfollowedLook(ports);
  const rescanned = new Map<Address, number>();
  return async (signal) => {
    dropLeft(ports.watched, rescanned);
    const checked = await checkAccounts({ ...ports, rescanned }, changed, signal);
    // Neither of these two checks belongs to a part of a shared hearing, so the daemon that holds
    // part 0 makes them.
    if (ports.share?.parts()?.includes(0) !== false) {
      await proveUnread(signal);
      await lookAtUnfollowed();
    }
    return checked;
  };
}
