// Account: an account of the local chain, and its translation from LiteSVM's form and back.
import { type Address as KitAddress, lamports as kitLamports } from '@solana/kit';
import type { LiteSVM } from 'litesvm';

export type Account = {
  readonly lamports: bigint;
  readonly owner: string;
  readonly data: Uint8Array;
  readonly executable: boolean;
};

/**
 * Addresses here come from keys that were parsed already. Checking each again would take half of
 * the time.
 */
const kitAddress = (address: string): KitAddress => address as KitAddress;

export const SYSTEM_PROGRAM = '11111111111111111111111111111111';
export const TOKEN_PROGRAM = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';
export const TOKEN_2022_PROGRAM = 'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb';

/** Reads an account; null when it does not exist. An account without lamports does not exist. */
export function readAccount(svm: LiteSVM, address: string): Account | null {
  const found = svm.getAccount(kitAddress(address));
  if (!found.exists || found.lamports === 0n) return null;
  return {
    lamports: found.lamports,
    owner: found.programAddress,
    data: new Uint8Array(found.data),
    executable: found.executable,
  };
}

/** Writes an account; null removes it. */
export function writeAccount(svm: LiteSVM, address: string, account: Account | null): void {
  const data = account?.data ?? new Uint8Array();
  svm.setAccount({
    address: kitAddress(address),
    lamports: kitLamports(account?.lamports ?? 0n),
    data: new Uint8Array(data),
    programAddress: kitAddress(account?.owner ?? SYSTEM_PROGRAM),
    executable: account?.executable ?? false,
    space: BigInt(data.length),
  });
}
