// Account: an account of the local chain, and its translation from LiteSVM's form and back. The
// native class of LiteSVM is used without the package's wrapper, which converts each address from
// base58 and back with codecs that take longer than LiteSVM itself.
import { type LiteSvm, Account as NativeAccount } from 'litesvm/dist/internal.js';
import { base58Bytes, base58Text } from '../../core/ids.ts';

export type Account = {
  readonly lamports: bigint;
  readonly owner: string;
  readonly data: Uint8Array;
  readonly executable: boolean;
};

export const SYSTEM_PROGRAM = '11111111111111111111111111111111';
export const TOKEN_PROGRAM = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';
export const TOKEN_2022_PROGRAM = 'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb';

/** The bytes of an account as a Buffer that shares them. */
export const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const KEY_BYTES = 32;
const MOST_LAMPORTS = 2n ** 64n - 1n;

/** The accounts of a LiteSVM. */
export type Accounts = {
  /**
   * The account, null when it does not exist; an account without lamports does not exist. The
   * caller may change the bytes that it gets.
   */
  get(address: string): Account | null;
  /** The same without a copy of the bytes, which the caller must leave as they are. */
  peek(address: string): Account | null;
  /** Writes an account; null removes it. The bytes are copied. */
  set(address: string, account: Account | null): void;
  /** Writes an account whose bytes nothing will change, so that they need not be copied. */
  putBack(address: string, account: Account | null): void;
  /** Gives LiteSVM what was written to these accounts, before it executes a transaction on them. */
  handOver(addresses: Iterable<string>): void;
  /** Tells that LiteSVM may have written these accounts in executing a transaction. */
  written(addresses: readonly string[]): void;
  /** The addresses of all accounts that a program owns. */
  owned(program: string): string[];
  /**
   * Puts every account but these back to what it was when it was first read or written here, and
   * gives all of them to LiteSVM.
   */
  putAllBack(except: ReadonlySet<string>): void;
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

/** LiteSVM loads a program when its account is written, and reads its data account then. */
const isOfProgram = (account: Account | null | undefined): boolean =>
  account?.executable === true || account?.owner.startsWith('BPFLoader') === true;

/** The bytes of an address. Throws when the text is not one. */
export function keyBytes(address: string): Uint8Array {
  const bytes = base58Bytes(address);
  if (bytes?.length !== KEY_BYTES) throw new Error(`not an address: ${address.slice(0, 60)}`);
  return bytes;
}

/**
 * Creates the accounts of a LiteSVM. To read or write an account of a trader there takes some 25
 * µs, so those that were read or written once are remembered until LiteSVM may have changed them,
 * and a written account waits here until LiteSVM executes a transaction that names it. The accounts
 * of the cluster's state and of programs, and those without lamports, are written at once. Each
 * function throws once the LiteSVM is released to another chain.
 */
export function createAccounts(svm: LiteSvm, isReleased: () => boolean): Accounts {
  /**
   * Undefined: LiteSVM may have written the account since it was read. Such an entry stays, because
   * a map of 100,000 entries is copied whole each time as many were deleted as it has room for.
   */
  const known = new Map<string, Account | null | undefined>();
  /** Addresses whose account in `known` was not given to LiteSVM yet. */
  const waiting = new Set<string>();
  /** Each account as it was first read or written here. */
  const first = new Map<string, Account | null>();
  const requireHeld = (): void => {
    if (isReleased()) throw new Error('this chain was released');
  };
  const read = (address: string): Account | null => {
    requireHeld();
    const found = svm.getAccount(keyBytes(address));
    const lamports = found?.lamports() ?? 0n;
    if (found === null || lamports === 0n) return null;
    return {
      lamports,
      owner: base58Text(found.owner()),
      data: new Uint8Array(found.data()),
      executable: found.executable(),
    };
  };
  const write = (address: string, account: Account | null): void => {
    waiting.delete(address);
    svm.setAccount(
      keyBytes(address),
      new NativeAccount(
        account?.lamports ?? 0n,
        account?.data ?? new Uint8Array(),
        keyBytes(account?.owner ?? SYSTEM_PROGRAM),
        account?.executable ?? false,
        0n,
      ),
    );
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
  /** Writes an account whose bytes nothing else changes. */
  const put = (address: string, account: Account | null): void => {
    requireHeld();
    const lamports = account?.lamports ?? 0n;
    // LiteSVM would take these lamports modulo 2^64.
    if (lamports < 0n || lamports > MOST_LAMPORTS)
      throw new Error(`${address} cannot hold ${lamports} lamports`);
    const was = first.has(address) ? known.get(address) : peek(address);
    if (isOfCluster(address)) {
      write(address, account);
      return;
    }
    if (account === was) return;
    known.set(address, lamports === 0n ? null : account);
    if (lamports === 0n || isOfProgram(was) || isOfProgram(account)) write(address, account);
    else waiting.add(address);
  };
  const handOver = (addresses: Iterable<string>): void => {
    requireHeld();
    for (const address of addresses)
      if (waiting.has(address)) write(address, known.get(address) ?? null);
  };
  return {
    peek,
    get(address) {
      const account = peek(address);
      return account === null ? null : { ...account, data: new Uint8Array(account.data) };
    },
    set: (address, account) =>
      put(address, account === null ? null : { ...account, data: new Uint8Array(account.data) }),
    putBack: put,
    handOver,
    written(addresses) {
      for (const address of addresses) if (known.has(address)) known.set(address, undefined);
    },
    owned(program) {
      handOver([...waiting]);
      return svm.getProgramAccounts(keyBytes(program)).map(({ address }) => base58Text(address));
    },
    putAllBack(except) {
      for (const [address, account] of first)
        if (!except.has(address) && !isSame(peek(address), account)) put(address, account);
      handOver([...waiting]);
    },
  };
}
