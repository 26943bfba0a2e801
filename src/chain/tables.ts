// Tables: reads address lookup tables from the chain. A transaction that fits a packet without a
// table uses none. In a larger one an address in a table takes one byte instead of thirty-two.
import { AddressLookupTableAccount, type Connection, PublicKey } from '@solana/web3.js';
import type { Address } from '../core/ids.ts';
import type { LookupTable } from '../core/signing-ports.ts';
import { addressOf } from './keys.ts';
import { asking } from './rpc.ts';

const TABLE_PROGRAM = 'AddressLookupTab1e1111111111111111111111111';
/** Tables only grow, and seldom, so reading them every ten minutes is enough. */
const READ_EVERY_MS = 10 * 60_000;

export type Tables = {
  /**
   * The tables that exist and are active, as read within the last ten minutes. Throws
   * `rpc_unavailable` or `rpc_refused`.
   */
  read(): Promise<readonly LookupTable[]>;
};

/**
 * Creates the reader of the tables at these addresses. An address without a table, and a table that
 * is being deactivated, are left out.
 */
export function createTables(
  connection: Connection,
  addresses: readonly Address[],
  elapsedMs: () => number,
): Tables {
  let known: readonly LookupTable[] = [];
  let readAtMs = Number.NEGATIVE_INFINITY;
  return {
    async read() {
      if (addresses.length === 0 || elapsedMs() - readAtMs < READ_EVERY_MS) return known;
      const keys = addresses.map((each) => new PublicKey(each));
      const accounts = await asking('getMultipleAccounts', () =>
        connection.getMultipleAccountsInfo(keys, 'finalized'),
      );
      known = accounts.flatMap((account, at) => {
        const key = addresses[at];
        if (!account || key === undefined || addressOf(account.owner) !== TABLE_PROGRAM) return [];
        const state = AddressLookupTableAccount.deserialize(new Uint8Array(account.data));
        const table = new AddressLookupTableAccount({ key: new PublicKey(key), state });
        if (!table.isActive()) return [];
        return [{ key, addresses: state.addresses.map(addressOf) }];
      });
      readAtMs = elapsedMs();
      return known;
    },
  };
}
