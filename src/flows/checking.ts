// Checking: one turn of holding accounts against what was heard of them: their states, wallets that
// transactions which no node gives touch, and token accounts that are not followed yet.
import type { Address, Slot } from '../core/ids.ts';
import { type AdoptPorts, lookAtUnfollowed } from './adopt.ts';
import { checkAccounts } from './check.ts';
import { createUnread } from './unread.ts';

export type Turn = {
  /** Subscribers for whom profit was reckoned. */
  readonly reckoned: readonly string[];
  /** Transactions that were noted. */
  readonly noted: number;
};

/** `changed` are accounts that were seen changed, and in which slot. */
export function createChecking(
  ports: AdoptPorts,
  changed: Map<Address, Slot>,
): (signal: AbortSignal) => Promise<Turn> {
  const proveUnread = createUnread(ports);
  return async (signal) => {
    const checked = await checkAccounts(ports, changed, signal);
    await proveUnread(signal);
    await lookAtUnfollowed(ports);
    return checked;
  };
}
