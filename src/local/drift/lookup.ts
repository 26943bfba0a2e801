// Lookup: the venue's address lookup table, at the same address as on mainnet. It holds the
// addresses that every trader's transactions name, for as many perp markets as one account can
// hold.

import { TOKEN_PROGRAM_ID } from '@solana/spl-token';
import { PublicKey, SystemProgram } from '@solana/web3.js';
import type { Account } from '../chain/account.ts';
import {
  DRIFT_SIGNER,
  oracleAddress,
  perpMarketAddress,
  STATE,
  spotMarketAddress,
  USDC,
  vaultAddress,
} from './addresses.ts';

export const LOOKUP_TABLE = new PublicKey('Fpys8GRa5RBWfyeN7AaDUwFGD1zkDCA4z3t4CJLV8dfL');
const TABLE_PROGRAM = 'AddressLookupTab1e1111111111111111111111111';
const HEADER_BYTES = 56;
const PERP_MARKETS = 8;

/** An active table that was last extended long ago, in the layout of the lookup table program. */
function tableAccount(addresses: readonly PublicKey[]): Account {
  const data = Buffer.alloc(HEADER_BYTES + 32 * addresses.length);
  data.writeUInt32LE(1, 0);
  data.writeBigUInt64LE(2n ** 64n - 1n, 4);
  for (const [at, address] of addresses.entries())
    data.set(address.toBytes(), HEADER_BYTES + 32 * at);
  return {
    lamports: 20_000_000n,
    owner: TABLE_PROGRAM,
    data: new Uint8Array(data),
    executable: false,
  };
}

/** The venue's own table. */
export function venueTable(): Account {
  const perps = Array.from({ length: PERP_MARKETS }, (_, index) => index);
  return tableAccount([
    STATE,
    DRIFT_SIGNER,
    USDC,
    SystemProgram.programId,
    TOKEN_PROGRAM_ID,
    ...[0, 1].flatMap((index) => [spotMarketAddress(index), vaultAddress(index)]),
    ...perps.flatMap((index) => [perpMarketAddress(index), oracleAddress(index)]),
  ]);
}
