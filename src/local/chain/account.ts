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

/** The accounts of a LiteSVM. */
export type Accounts = {
  /**
   * The account, null when it does not exist; an account without lamports does not exist. The
   * caller may change the bytes that it gets.
   */
  get(address: string): Account | null;
  /** The same without a copy of the bytes, which the caller must leave as they are. */
  peek(address: string): Account | null;
  /** Writes an account; null removes it. */
  set(address: string, account: Account | null): void;
  /** Tells that LiteSVM may have written these accounts in executing a transaction. */
  written(addresses: readonly string[]): void;
  /** Puts every account but these back to what it was when it was first read or written here. */
  putBack(except: ReadonlySet<string>): void;
};

/** Whether two accounts are alike to the byte; null is an account that does not exist. */
export const isSame = (one: Account | null, other: Account | null): boolean =>
  one === null || other === null
    ? one === other
    : one.lamports === other.lamports &&
      one.owner === other.owner &&
      one.executable === other.executable &&
      Buffer.compare(one.data, other.data) === 0;

/** LiteSVM writes the accounts of the cluster's state by itself. */
const isOfCluster = (address: string): boolean => address.startsWith('Sysvar');

/**
 * Creates the accounts of a LiteSVM. Reading one there takes some 30 µs, most of it for the texts
 * of addresses, so those that were read or written once are remembered until LiteSVM may have
 * changed them. Throws on each use once the LiteSVM is released to another chain.
 */
export function createAccounts(svm: LiteSVM, isReleased: () => boolean): Accounts {
  const known = new Map<string, Account | null>();
  /** Each account as it was first read or written here. */
  const first = new Map<string, Account | null>();
  const read = (address: string): Account | null => {
    if (isReleased()) throw new Error('this chain was released');
    const found = svm.getAccount(kitAddress(address));
    if (!found.exists || found.lamports === 0n) return null;
    return {
      lamports: found.lamports,
      owner: found.programAddress,
      data: new Uint8Array(found.data),
      executable: found.executable,
    };
  };
  const peek = (address: string): Account | null => {
    const remembered = known.get(address);
    if (remembered !== undefined) return remembered;
    const account = read(address);
    if (isOfCluster(address)) return account;
    known.set(address, account);
    if (!first.has(address)) first.set(address, account);
    return account;
  };
  const set = (address: string, account: Account | null): void => {
    if (isReleased()) throw new Error('this chain was released');
    if (!first.has(address)) peek(address);
    const data = new Uint8Array(account?.data ?? []);
    svm.setAccount({
      address: kitAddress(address),
      lamports: kitLamports(account?.lamports ?? 0n),
      data,
      programAddress: kitAddress(account?.owner ?? SYSTEM_PROGRAM),
      executable: account?.executable ?? false,
      space: BigInt(data.length),
    });
    if (isOfCluster(address)) return;
    known.set(address, account === null || account.lamports === 0n ? null : { ...account, data });
  };
  return {
    peek,
    get(address) {
      const account = peek(address);
      return account === null ? null : { ...account, data: new Uint8Array(account.data) };
    },
    set,
    written(addresses) {
      for (const address of addresses) known.delete(address);
    },
    putBack(except) {
      for (const [address, account] of first)
        if (!except.has(address) && !isSame(peek(address), account)) set(address, account);
    },
  };
}
