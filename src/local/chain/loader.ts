// Loader: the accounts in which the upgradeable loader keeps a program: the program account names a
// data account, which holds the slot of the last deployment, the authority that may upgrade the
// program, and its bytes.
import { PublicKey } from '@solana/web3.js';
import { type Account, isSame } from './account.ts';
import type { Cluster } from './cluster.ts';

const UPGRADEABLE_LOADER = 'BPFLoaderUpgradeab1e11111111111111111111111';

/** The address of the account in which the loader keeps the bytes of a program. */
export const programDataAddress = (programId: string): string =>
  PublicKey.findProgramAddressSync(
    [new PublicKey(programId).toBytes()],
    new PublicKey(UPGRADEABLE_LOADER),
  )[0].toBase58();

/**
 * The two accounts of a program that was deployed in this slot and that has no upgrade authority.
 * The data account comes first, because the runtime loads the program when the other one is
 * written.
 */
export function programAccounts(
  programId: string,
  bytes: Uint8Array,
  slot: bigint,
): { readonly address: string; readonly account: Account }[] {
  const address = programDataAddress(programId);
  const head = Buffer.alloc(45);
  head.writeUInt32LE(3, 0);
  head.writeBigUInt64LE(slot, 4);
  const account = (data: Uint8Array, executable: boolean): Account => ({
    lamports: 1_000_000_000n + BigInt(data.length) * 6_960n,
    owner: UPGRADEABLE_LOADER,
    data,
    executable,
  });
  const named = Buffer.concat([Buffer.from([2, 0, 0, 0]), new PublicKey(address).toBytes()]);
  return [
    { address, account: account(new Uint8Array(Buffer.concat([head, bytes])), false) },
    { address: programId, account: account(new Uint8Array(named), true) },
  ];
}

/**
 * Deploys a program on a chain. Where it is there to the byte already, nothing is written: the
 * runtime would load it again.
 */
export function deployProgram(
  { bank, put }: Pick<Cluster, 'bank' | 'put'>,
  programId: string,
  bytes: Uint8Array,
  slot: bigint,
): void {
  const wanted = programAccounts(programId, bytes, slot);
  if (wanted.every(({ address, account }) => isSame(bank.peek(address), account))) return;
  for (const { address, account } of wanted) put(address, account);
}
