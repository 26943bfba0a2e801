// Bank: executes transactions on LiteSVM and keeps what a real node reports about them: logs, inner
// instructions, balances, fees. When the compiled venue program is absent, a stand-in executes its
// instructions; the instructions between them run in LiteSVM, and all accounts are put back if any
// part fails, so a transaction stays atomic.
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { VersionedTransaction } from '@solana/web3.js';
import { FailedTransactionMetadata, LiteSvm } from 'litesvm/dist/internal.js';
import { base58Text } from '../../core/ids.ts';
import {
  type Account,
  bufferOf,
  createAccounts,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from './account.ts';
import { failureOf, type TransactionFailure } from './failure.ts';
import { keyText, type ResolvedMessage, resolveMessage } from './message.ts';
import { createSegments, innerOf, type Ran, type StandIn } from './segments.ts';

export type InnerInstruction = {
  readonly programIdIndex: number;
  readonly accounts: readonly number[];
  readonly data: string;
  readonly stackHeight: number;
};
export type TokenBalanceRow = {
  readonly accountIndex: number;
  readonly mint: string;
  readonly owner: string;
  readonly amount: bigint;
  readonly decimals: number;
  /** The token program that owns the account. */
  readonly program: string;
};
export type Execution = {
  readonly message: ResolvedMessage;
  readonly error: TransactionFailure | null;
  readonly fee: bigint;
  readonly logs: readonly string[];
  readonly inner: readonly { index: number; instructions: readonly InnerInstruction[] }[];
  readonly units: number;
  readonly preBalances: readonly bigint[];
  readonly postBalances: readonly bigint[];
  readonly preTokens: readonly TokenBalanceRow[];
  readonly postTokens: readonly TokenBalanceRow[];
  /**
   * The state of every writable account before; `restore` puts the bank back to it. The bytes must
   * stay as they are. The cluster empties this map once the block is final.
   */
  readonly before: Map<string, Account | null>;
};

export type Bank = {
  get(address: string): Account | null;
  /** The same without a copy of its bytes, which the caller must leave as they are. */
  peek(address: string): Account | null;
  set(address: string, account: Account | null): void;
  owned(program: string): { address: string; account: Account }[];
  setTime(slot: bigint, unixTime: bigint): void;
  minimumBalance(bytes: number): bigint;
  /**
   * Executes and commits. Returns a text when a transaction error kept it from being executed at
   * all.
   */
  execute(transaction: VersionedTransaction, options: { verify: boolean }): Execution | string;
  restore(before: ReadonlyMap<string, Account | null>): void;
  /**
   * Leaves LiteSVM to the next bank of this process with the same runtime. Its programs stay, since
   * to load one takes 0.25 s of CPU; every other account is put back to what it was. Nothing may
   * use this bank afterwards: what does throws.
   */
  release(): void;
};

/** What a bank loads: a name, and the addresses of the accounts of its programs. */
export type Runtime = { readonly name: string; readonly programs: readonly string[] };

/** Each LiteSVM that a bank has left, by the name of the runtime. */
const left = new Map<string, LiteSvm[]>();

function newRuntime(): LiteSvm {
  const svm = new LiteSvm();
  svm.setBlockhashCheck(false);
  svm.setSigverify(false);
  svm.setTransactionHistory(0n);
  svm.setLogBytesLimit(undefined);
  return svm;
}

const MINT_DECIMALS_AT = 44;
const TOKEN_ACCOUNT_BYTES = 165;
/** Token-2022 writes the kind of an account with extensions right behind the classic layout. */
const TOKEN_2022_IS_ACCOUNT = 2;

function isTokenAccount({ owner, data }: Account): boolean {
  if (owner === TOKEN_PROGRAM) return data.length === TOKEN_ACCOUNT_BYTES;
  if (owner !== TOKEN_2022_PROGRAM) return false;
  return (
    data.length === TOKEN_ACCOUNT_BYTES ||
    (data.length > TOKEN_ACCOUNT_BYTES && data[TOKEN_ACCOUNT_BYTES] === TOKEN_2022_IS_ACCOUNT)
  );
}

const LOG_BYTES = 10_000;
const ED25519_DER = Buffer.from('302a300506032b6570032100', 'hex');

/** The keys that signed last, by their texts: to make a key object takes 25 µs. */
const signers = new Map<string, KeyObject>();
const MOST_SIGNERS = 65_536;

function signerOf(bytes: Uint8Array): KeyObject {
  const text = base58Text(bytes);
  const found = signers.get(text);
  if (found !== undefined) return found;
  const der = Buffer.concat([ED25519_DER, bytes]);
  const made = createPublicKey({ key: der, format: 'der', type: 'spki' });
  if (signers.size >= MOST_SIGNERS) signers.clear();
  signers.set(text, made);
  return made;
}

function signaturesHold(transaction: VersionedTransaction): boolean {
  const message = transaction.message.serialize();
  return transaction.signatures.every((signature, index) => {
    const key = transaction.message.staticAccountKeys[index];
    return key !== undefined && verify(null, message, signerOf(key.toBytes()), signature);
  });
}

/**
 * The log lines that the runtime keeps: past 10,000 bytes a line is dropped, and later shorter
 * lines may still fit.
 */
function collectLogs(lines: readonly string[]): string[] {
  const kept: string[] = [];
  let bytes = 0;
  let truncated = false;
  for (const line of lines) {
    if (bytes + line.length < LOG_BYTES) {
      bytes += line.length;
      kept.push(line);
    } else if (!truncated) {
      truncated = true;
      kept.push('Log truncated');
    }
  }
  return kept;
}

/** Creates an empty bank. `standIns` execute in place of the programs that they name. */
export function createBank(options: {
  standIns: readonly StandIn[];
  /**
   * Translates the log that an older build of the program wrote. `before` and `after` read the
   * accounts at both ends of the transaction; `after` is null when it failed.
   */
  translate?: (
    logs: readonly string[],
    before: (address: string) => Account | null,
    after: ((address: string) => Account | null) | null,
  ) => string[];
  /** Without one, LiteSVM is new and is left to no other bank. */
  runtime?: Runtime;
}): Bank {
  const { standIns, runtime } = options;
  const svm = (runtime && left.get(runtime.name)?.pop()) ?? newRuntime();
  let released = false;
  const stoodIn = new Set(standIns.map((each) => each.programId));

  const accounts = createAccounts(svm, () => released);
  // A program with a stand-in is marked executable here; the runtime must not try to load it.
  const marked = (address: string, account: Account | null, executable: boolean): Account | null =>
    account !== null && stoodIn.has(address) ? { ...account, executable } : account;
  const get = (address: string): Account | null => marked(address, accounts.get(address), true);
  const peek = (address: string): Account | null => marked(address, accounts.peek(address), true);
  const set = (address: string, account: Account | null): void =>
    accounts.set(address, marked(address, account, false));
  const executeSegments = createSegments(svm, accounts, standIns);
  const restore = (before: ReadonlyMap<string, Account | null>): void => {
    for (const [address, account] of before)
      accounts.putBack(address, marked(address, account, false));
  };
  const lamportsOf = (keys: readonly string[]): bigint[] =>
    keys.map((key) => accounts.peek(key)?.lamports ?? 0n);
  const tokensOf = (keys: readonly string[]): TokenBalanceRow[] =>
    keys.flatMap((key, accountIndex) => {
      const account = accounts.peek(key);
      if (account === null || !isTokenAccount(account)) return [];
      const data = bufferOf(account.data);
      const mint = base58Text(data.subarray(0, 32));
      return [
        {
          accountIndex,
          mint,
          owner: base58Text(data.subarray(32, 64)),
          amount: data.readBigUInt64LE(64),
          decimals: accounts.peek(mint)?.data[MINT_DECIMALS_AT] ?? 0,
          program: account.owner,
        },
      ];
    });
  const executeWhole = (transaction: VersionedTransaction, message: ResolvedMessage): Ran => {
    const bytes = transaction.serialize();
    // The tables by which the message names accounts are not among its keys.
    const tables = transaction.message.addressTableLookups.map((each) => keyText(each.accountKey));
    accounts.handOver([...message.keys, ...tables]);
    const result =
      transaction.version === 'legacy'
        ? svm.sendLegacyTransaction(bytes)
        : svm.sendVersionedTransaction(bytes);
    accounts.written(message.keys.filter((_, index) => message.writable[index]));
    const failed = result instanceof FailedTransactionMetadata;
    const meta = failed ? result.meta() : result;
    const inner = innerOf(message.keys, meta, message.keys, 0)
      .map((instructions, index) => ({ index, instructions }))
      .filter((each) => each.instructions.length > 0);
    return {
      error: failed ? failureOf(result) : null,
      logs: meta.logs(),
      inner,
      units: Number(meta.computeUnitsConsumed()),
    };
  };

  return {
    get,
    peek,
    set,
    restore,
    release() {
      if (released || runtime === undefined) return;
      accounts.putAllBack(new Set(runtime.programs));
      released = true;
      left.set(runtime.name, [...(left.get(runtime.name) ?? []), svm]);
    },
    owned: (program) =>
      accounts
        .owned(program)
        .map((address) => ({ address, account: get(address) }))
        .filter((each): each is { address: string; account: Account } => each.account !== null),
    setTime(slot, unixTime) {
      if (released) throw new Error('this chain was released');
      const clock = svm.getClock();
      clock.slot = slot;
      clock.unixTimestamp = unixTime;
      svm.setClock(clock);
    },
    minimumBalance: (bytes) => svm.minimumBalanceForRentExemption(BigInt(bytes)),
    execute(transaction, { verify: check }) {
      let message: ResolvedMessage;
      try {
        message = resolveMessage(transaction, get);
      } catch (thrown) {
        return thrown instanceof Error && /^Address/.test(thrown.message)
          ? thrown.message
          : 'SanitizeFailure';
      }
      if (check && !signaturesHold(transaction)) return 'SignatureFailure';
      const payer = message.keys[0] ?? '';
      const payerBefore = peek(payer);
      if (payerBefore === null) return 'AccountNotFound';
      if (payerBefore.lamports < message.fee) return 'InsufficientFundsForFee';
      const before = new Map<string, Account | null>();
      for (const [index, key] of message.keys.entries())
        if (message.writable[index]) before.set(key, peek(key));
      const preBalances = lamportsOf(message.keys);
      const preTokens = tokensOf(message.keys);
      const standsIn = message.instructions.some(({ program }) =>
        standIns.some((each) => each.programId === program),
      );
      if (standsIn) set(payer, { ...payerBefore, lamports: payerBefore.lamports - message.fee });
      const ran = standsIn ? executeSegments(message) : executeWhole(transaction, message);
      if (standsIn && ran.error !== null) {
        restore(before);
        set(payer, { ...payerBefore, lamports: payerBefore.lamports - message.fee });
      }
      const was = (address: string) => before.get(address) ?? null;
      const logs = options.translate?.(ran.logs, was, ran.error === null ? get : null) ?? ran.logs;
      return {
        ...ran,
        message,
        fee: message.fee,
        logs: collectLogs(logs),
        preBalances,
        preTokens,
        postBalances: lamportsOf(message.keys),
        postTokens: tokensOf(message.keys),
        before,
      };
    },
  };
}
