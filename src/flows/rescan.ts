// Rescan: has a part of an account's history read again, however often it was read before. Facts on
// record as final stay as they are, and missing facts are added.

import type { Chain, SignatureRow } from '../core/chain-ports.ts';
import { Fault } from '../core/fault.ts';
import type { Address, Slot } from '../core/ids.ts';
import type { Clock, Ledger } from '../core/ports.ts';
import type { WatchedAccounts } from './watched.ts';

export type RescanPorts = { readonly ledger: Ledger; readonly chain: Chain; readonly clock: Clock };

/**
 * Has every transaction of an account above `afterSlot` read again. `uptoSlot` is a slot that the
 * node must have seen. Returns the number of transactions.
 */
export async function rescan(
  { ledger, chain, clock }: RescanPorts,
  address: Address,
  afterSlot: Slot,
  uptoSlot: Slot,
): Promise<number> {
  const naming = { source: 'repair', by: 'finalized', nowMs: clock.nowMs(), again: true } as const;
  let noted = 0;
  for (let after: Slot | null = afterSlot; after !== null; ) {
    const rows: SignatureRow[] = await chain.signatures(address, after, uptoSlot, 'finalized');
    const rumours = rows.map(({ signature, blockIndex, slot }) => ({
      signature,
      blockIndex,
      slot,
      accounts: [address],
    }));
    await ledger.sightings.note(rumours, naming);
    noted += rows.length;
    const last = rows.at(-1);
    after = last?.goesOn === true ? last.slot - 1 : null;
  }
  return noted;
}

/**
 * Creates the rescan that an operator asks for: from a slot to the present. It throws `not_found`
 * for an account that is not watched.
 */
export function createRescan(
  ports: RescanPorts & { watched: WatchedAccounts; onNoted: () => void },
): (address: string, fromSlot: Slot) => Promise<number> {
  return async (address, fromSlot) => {
    const account = ports.watched.map.get(address);
    if (account === undefined)
      throw new Fault('not_found', `${address} is not watched. Register its subscriber first.`);
    const tip = await ports.chain.slot('finalized');
    const noted = await rescan(ports, account.address, fromSlot - 1, tip);
    ports.onNoted();
    return noted;
  };
}
