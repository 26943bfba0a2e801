// History chain: a told history as the chain up to a slot, by the port of RPC.
import type { Chain } from '../../src/core/chain-ports.ts';
import { Fault } from '../../src/core/fault.ts';
import type { Address } from '../../src/core/ids.ts';
import type { History } from './history.ts';

/** The number of slots after which a transaction of the history is final. */
export const FINAL_AFTER = 8;

/** The chain up to the present slot, as the port gives it; it fails when the test says so. */
export function chainOf(
  history: History,
  now: { slot: number; finalAfter?: number; failing: () => boolean; cutting: () => boolean },
): Chain {
  const upTo = (commitment: 'confirmed' | 'finalized') =>
    commitment === 'confirmed' ? now.slot : now.slot - (now.finalAfter ?? FINAL_AFTER);
  const asked = () => {
    if (now.failing()) throw new Fault('rpc_unavailable', 'the node is away');
  };
  return {
    async slot(commitment: 'confirmed' | 'finalized') {
      asked();
      return upTo(commitment);
    },
    async transaction(signature: string, commitment: 'confirmed' | 'finalized') {
      asked();
      const found = history.happened.find((each) => each.transaction.signature === signature);
      if (!found || found.transaction.slot > upTo(commitment)) return null;
      // One of the provider's nodes keeps no logs.
      return now.cutting() ? { ...found.transaction, logs: ['Log truncated'] } : found.transaction;
    },
    async finalizedAbsence(signature: string) {
      asked();
      return !history.happened.some((each) => each.transaction.signature === signature);
    },
    async signatures(
      account: Address,
      after: number,
      _: number,
      commitment: 'confirmed' | 'finalized',
    ) {
      asked();
      return history.happened
        .filter((each) => each.transaction.keys.includes(account))
        .map(({ transaction: { signature, slot, blockIndex } }) => ({
          signature,
          slot,
          blockIndex,
          memo: null,
        }))
        .filter(({ slot }) => slot > after && slot <= upTo(commitment));
    },
    async slices(
      addresses: readonly Address[],
      slice: { offset: number; length: number } | null,
      commitment: 'confirmed' | 'finalized',
    ) {
      asked();
      const slot = upTo(commitment);
      const accounts = addresses.map((address) => {
        const account = history.at(address, slot);
        if (account === null || slice === null) return account;
        return {
          ...account,
          data: account.data.subarray(slice.offset, slice.offset + slice.length),
        };
      });
      return { slot, accounts };
    },
    async accounts(addresses: readonly Address[]) {
      asked();
      const slot = upTo('confirmed');
      return { slot, accounts: addresses.map((address) => history.at(address, slot)) };
    },
    witnessed: <T>(read: () => Promise<T>) => read(),
  } as unknown as Chain;
}
