// Bank: executes transactions on LiteSVM and keeps what a real node reports about them: logs, inner
// instructions, balances, fees. When the compiled venue program is absent, a stand-in executes its
// instructions; the instructions between them run in LiteSVM, and all accounts are put back if any
// part fails, so a transaction stays atomic.
import type { VersionedTransaction } from '@solana/web3.js';
import { FailedTransactionMetadata, LiteSvm } from 'litesvm/dist/internal.js';
import { type Account, createAccounts, SYSTEM_PROGRAM } from './account.ts';
import { createBalances, type TokenBalanceRow } from './balances.ts';
import type { Execution } from './execution.ts';
import { failureOf } from './failure.ts';
import { keyText, type ResolvedMessage, resolveMessage } from './message.ts';
import { createSegments, innerOf, type Ran, type StandIn } from './segments.ts';
import { signaturesHold } from './signatures.ts';

/** A simulation reports no balances, which would be read from all accounts twice. */
export type Simulation = Pick<Execution, 'error' | 'logs' | 'units'>;

export type Bank = {
  get(address: string): Account | null;
  /** The same without a copy of its bytes, which the caller must leave as they are. */
  peek(address: string): Account | null;
  set(address: string, account: Account | null): void;
  owned(program: string): { address: string; account: Account }[];
  setTime(slot: bigint, unixTime: bigint): void;
  /**
   * Tells the blockhash of the block before the open one, with which transactions are executed: a
   * nonce account that moved in a block cannot be closed in it.
   */
  setBlockhash(hash: string): void;
  minimumBalance(bytes: number): bigint;
  /**
   * Executes and commits a transaction with these bytes. Returns a text when a transaction error
   * kept it from being executed at all.
   */
  execute(transaction: VersionedTransaction, bytes: Uint8Array): Execution | string;
  /**
   * Executes without checking signatures, and puts everything back. `after` holds the named
   * accounts as they would have become.
   */
  simulate(
    transaction: VersionedTransaction,
    addresses: readonly string[],
  ): { readonly execution: Simulation | string; readonly after: (Account | null)[] };
  restore(before: ReadonlyMap<string, Account | null>): void;
  /**
   * Leaves LiteSVM to the next bank of this process with the same runtime. Its programs stay, since
   * to load one takes 0.25 s of CPU; every other account is put back to what it was. Every later
   * use of this bank throws.
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

const NONCE_BYTES = 80;
/** Whether the runtime takes fees from an account: a wallet without data, or a nonce account. */
const mayPayFees = ({ owner, data }: Account): boolean =>
  owner === SYSTEM_PROGRAM && (data.length === 0 || data.length === NONCE_BYTES);

const LOG_BYTES = 10_000;
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
  const { lamportsOf, tokensOf } = createBalances(accounts);
  let blockhash: string | null = null;
  /**
   * The bytes of a transaction with another blockhash, or its own. LiteSVM takes the blockhash of a
   * transaction for that of the bank, and its signatures are not checked there.
   */
  const bytesUnder = (transaction: VersionedTransaction, hash: string | null): Uint8Array => {
    const { message } = transaction;
    const own = message.recentBlockhash;
    message.recentBlockhash = hash ?? own;
    const bytes = transaction.serialize();
    message.recentBlockhash = own;
    return bytes;
  };
  const executeWhole = (
    transaction: VersionedTransaction,
    message: ResolvedMessage,
    under: string | null,
  ): Ran => {
    const bytes = bytesUnder(transaction, under);
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
  /**
   * Executes a transaction, and commits it. Its signatures are checked against `bytes`; null: they
   * are not checked. `ready` is called before any account has changed. Returns a text when a
   * transaction error kept it from being executed at all.
   */
  const perform = (
    transaction: VersionedTransaction,
    bytes: Uint8Array | null,
    ready: (message: ResolvedMessage) => void,
  ): (Ran & Pick<Execution, 'message' | 'before'>) | string => {
    let message: ResolvedMessage;
    try {
      message = resolveMessage(transaction, get);
    } catch (thrown) {
      return thrown instanceof Error && /^Address/.test(thrown.message)
        ? thrown.message
        : 'SanitizeFailure';
    }
    if (bytes !== null && !signaturesHold(transaction, bytes)) return 'SignatureFailure';
    const payer = message.keys[0] ?? '';
    const payerBefore = peek(payer);
    if (payerBefore === null) return 'AccountNotFound';
    if (!mayPayFees(payerBefore)) return 'InvalidAccountForFee';
    if (payerBefore.lamports < message.fee) return 'InsufficientFundsForFee';
    const before = new Map<string, Account | null>();
    for (const [index, key] of message.keys.entries())
      if (message.writable[index]) before.set(key, peek(key));
    ready(message);
    const standsIn = message.instructions.some(({ program }) =>
      standIns.some((each) => each.programId === program),
    );
    const paid = { ...payerBefore, lamports: payerBefore.lamports - message.fee };
    if (standsIn) set(payer, paid);
    const ran = standsIn
      ? executeSegments(message)
      : // A simulation is executed in no block.
        executeWhole(transaction, message, bytes === null ? null : blockhash);
    if (standsIn && ran.error !== null) {
      restore(before);
      set(payer, paid);
    }
    const was = (address: string) => before.get(address) ?? null;
    const logs = options.translate?.(ran.logs, was, ran.error === null ? get : null) ?? ran.logs;
    return { ...ran, message, before, logs: collectLogs(logs) };
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
    setBlockhash(hash) {
      blockhash = hash;
    },
    minimumBalance: (bytes) => svm.minimumBalanceForRentExemption(BigInt(bytes)),
    execute(transaction, bytes) {
      let [preBalances, preTokens]: [bigint[], TokenBalanceRow[]] = [[], []];
      const done = perform(transaction, bytes, ({ keys }) => {
        [preBalances, preTokens] = [lamportsOf(keys), tokensOf(keys)];
      });
      if (typeof done === 'string') return done;
      const { keys } = done.message;
      return {
        ...done,
        fee: done.message.fee,
        preBalances,
        preTokens,
        postBalances: lamportsOf(keys),
        postTokens: tokensOf(keys),
      };
    },
    simulate(transaction, addresses) {
      const done = perform(transaction, null, () => {});
      const after = addresses.map(get);
      if (typeof done === 'string') return { execution: done, after };
      restore(done.before);
      return { execution: done, after };
    },
  };
}
