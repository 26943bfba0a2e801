// Rescan: a stretch of an account's history is read again, however often it was read before. Facts
// that are on record as final stay as they are, and what was missed is added.
import { Fault } from '../core/fault.ts';
import type { Address, Slot } from '../core/ids.ts';
import type { Chain, SignatureRow } from '../core/outside.ts';
import type { Clock, Ledger } from '../core/ports.ts';
import type { WatchedAccounts } from './watched.ts';

export type RescanPorts = { readonly ledger: Ledger; readonly chain: Chain; readonly clock: Clock };

/**
 * Has everything read again that happened to an account above a slot, however often it was read
 * before. `uptoSlot` is one that the node must have seen. Returns how many transactions that is.
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
 * An operator's wish: from this slot to the present. Throws `not_found` for an account that nobody
 * watches.
 */
export function createRescan(
  ports: RescanPorts & { watched: WatchedAccounts; onNoted: () => void },
): (address: string, fromSlot: Slot) => Promise<number> {
  return async (address, fromSlot) => {
    const account = ports.watched.map.get(address);
    if (account === undefined)
      throw new Fault('not_found', `Nobody watches ${address}. Register its subscriber first.`);
    const tip = await ports.chain.slot('finalized');
    const noted = await rescan(ports, account.address, fromSlot - 1, tip);
    ports.onNoted();
    return noted;
  };
}
