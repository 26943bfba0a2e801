// Program: reads the bytes of an upgradeable program from a node, with the slot in which they were
// deployed.
import { createHash } from 'node:crypto';
import { type AccountInfo, type Connection, PublicKey } from '@solana/web3.js';
import type { ProgramReader } from '../core/conformance.ts';
import { Fault } from '../core/fault.ts';
import { base58Text } from '../core/ids.ts';
import { asking } from './rpc.ts';

const LOADER = new PublicKey('BPFLoaderUpgradeab1e11111111111111111111111');
/**
 * Bytes of a program data account before the program itself: state, slot, and the upgrade
 * authority.
 */
const PROGRAM_DATA_HEAD = 45;
const IS_PROGRAM_DATA = 3;

/** The hash of a program on chain: SHA-256 of its bytes up to the last one that is not zero. */
export function deployedHash(bytes: Uint8Array): string {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return createHash('sha256').update(bytes.subarray(0, end)).digest('hex');
}

/**
 * Creates the reader of a program. Its functions throw `account_unreadable` when the program is not
 * an upgradeable one, and `rpc_unavailable` or `rpc_refused`.
 */
export function createProgramReader(connection: Connection, programId: string): ProgramReader {
  const [address] = PublicKey.findProgramAddressSync([new PublicKey(programId).toBytes()], LOADER);
  const ask = async (length: number | null): Promise<Buffer> => {
    const account: AccountInfo<Buffer> | null = await asking('getAccountInfo', () =>
      connection.getAccountInfo(address, {
        commitment: 'confirmed',
        ...(length === null ? {} : { dataSlice: { offset: 0, length } }),
      }),
    );
    if (
      account === null ||
      !account.owner.equals(LOADER) ||
      account.data.length < PROGRAM_DATA_HEAD ||
      account.data.readUInt32LE(0) !== IS_PROGRAM_DATA
    )
      throw new Fault(
        'account_unreadable',
        `The chain has no upgradeable program ${programId}: ${address.toBase58()} holds no program data.`,
      );
    return account.data;
  };
  const slotOf = (data: Buffer): number => Number(data.readBigUInt64LE(4));
  return {
    async deployedIn() {
      return slotOf(await ask(PROGRAM_DATA_HEAD));
    },
    async read() {
      const data = await ask(null);
      const bytes = new Uint8Array(data.subarray(PROGRAM_DATA_HEAD));
      return {
        hash: deployedHash(bytes),
        slot: slotOf(data),
        authority: data[12] === 1 ? base58Text(data.subarray(13, 45)) : null,
        bytes,
      };
    },
  };
}
