// Bank: executes transactions on LiteSVM and keeps what a real node would report about them: logs, inner
// instructions, balances, fees. Where the compiled venue program is absent, a stand-in executes its instructions: the
// stretches between them run in LiteSVM, and everything is put back if any part fails, so a transaction stays atomic.
import { createPublicKey, verify } from 'node:crypto';
import { address as kitAddress, getTransactionDecoder } from '@solana/kit';
import {
  Keypair,
  PublicKey,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js';
import { FailedTransactionMetadata, LiteSVM, type TransactionMetadata } from 'litesvm';
import { base58Text } from '../../core/ids.ts';
import { type Account, readAccount, SYSTEM_PROGRAM, TOKEN_PROGRAM, writeAccount } from './account.ts';
import { failureOf, ProgramFailure, type TransactionFailure } from './failure.ts';
import { type ResolvedInstruction, type ResolvedMessage, resolveMessage } from './message.ts';

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
  /** What every writable account was before; puts the bank back when written. */
  readonly before: ReadonlyMap<string, Account | null>;
};

/** What a stand-in program may do while it executes one instruction. */
export type ProgramContext = {
  readonly slot: bigint;
  readonly unixTime: bigint;
  get(address: string): Account | null;
  set(address: string, account: Account): void;
  log(line: string): void;
  /** Calls another program, with any of the program's own addresses as signers. Throws ProgramFailure. */
  call(instruction: TransactionInstruction): void;
};
export type StandIn = {
  readonly programId: string;
  /** Executes or throws ProgramFailure. Returns the compute units that it would have used. */
  execute(instruction: ResolvedInstruction, context: ProgramContext): number;
};

export type Bank = {
  get(address: string): Account | null;
  set(address: string, account: Account | null): void;
  owned(program: string): { address: string; account: Account }[];
  setTime(slot: bigint, unixTime: bigint): void;
  minimumBalance(bytes: number): bigint;
  /** Executes and commits. A string is a transaction error that kept it from executing at all. */
  execute(transaction: VersionedTransaction, options: { verify: boolean }): Execution | string;
  restore(before: ReadonlyMap<string, Account | null>): void;
};

const LOG_BYTES = 10_000;
const decoder = getTransactionDecoder();
const ED25519_DER = Buffer.from('302a300506032b6570032100', 'hex');

function signaturesHold(transaction: VersionedTransaction): boolean {
  const message = transaction.message.serialize();
  return transaction.signatures.every((signature, index) => {
    const key = transaction.message.staticAccountKeys[index];
    if (key === undefined) return false;
    const der = Buffer.concat([ED25519_DER, key.toBytes()]);
    const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
    return verify(null, message, publicKey, signature);
  });
}

/** The runtime's log collector: past 10,000 bytes a line is dropped, later shorter ones may still fit. */
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

/** Creates an empty bank. `program` is the compiled venue program; otherwise `standIn` executes in its place. */
export function createBank(options: {
  program?: { id: string; bytes: Uint8Array };
  standIn?: StandIn;
}): Bank {
  const svm = new LiteSVM()
    .withBlockhashCheck(false)
    .withSigverify(false)
    .withTransactionHistory(0n)
    .withLogBytesLimit(undefined);
  if (options.program) svm.addProgram(kitAddress(options.program.id), options.program.bytes);
  const { standIn } = options;
  const helper = Keypair.generate();

  const get = (address: string): Account | null => readAccount(svm, address);
  const set = (address: string, account: Account | null): void => writeAccount(svm, address, account);
  set(helper.publicKey.toBase58(), { lamports: 10n ** 18n, owner: SYSTEM_PROGRAM, data: new Uint8Array(), executable: false });
  const restore = (before: ReadonlyMap<string, Account | null>): void => {
    for (const [address, account] of before) set(address, account);
  };
  const tokensOf = (keys: readonly string[]): TokenBalanceRow[] =>
    keys.flatMap((key, accountIndex) => {
      const account = get(key);
      if (account?.owner !== TOKEN_PROGRAM || account.data.length !== 165) return [];
      const data = Buffer.from(account.data);
      const mint = base58Text(data.subarray(0, 32));
      const owner = base58Text(data.subarray(32, 64));
      return [{ accountIndex, mint, owner, amount: data.readBigUInt64LE(64) }];
    });
  const innerOf = (keys: readonly string[], meta: TransactionMetadata, segmentKeys: readonly string[], lift: number) =>
    meta.innerInstructions().map((calls) =>
      calls.map((call): InnerInstruction => {
        const compiled = call.instruction();
        const indexOf = (index: number) => keys.indexOf(segmentKeys[index] ?? '');
        return {
          programIdIndex: indexOf(compiled.programIdIndex()),
          accounts: [...compiled.accounts()].map(indexOf),
          data: base58Text(compiled.data()),
          stackHeight: call.stackHeight() + lift,
        };
      }),
    );

  /** Runs instructions in LiteSVM at the helper's expense, so that fees stay out of the transaction's accounts. */
  const runSegment = (instructions: readonly TransactionInstruction[]) => {
    const message = new TransactionMessage({
      payerKey: helper.publicKey,
      recentBlockhash: PublicKey.default.toBase58(),
      instructions: [...instructions],
    }).compileToLegacyMessage();
    const segment = new VersionedTransaction(message);
    const result = svm.sendTransaction(decoder.decode(segment.serialize()));
    const failed = result instanceof FailedTransactionMetadata;
    const meta = failed ? result.meta() : result;
    return { failure: failed ? failureOf(result) : null, meta, keys: message.accountKeys.map((key) => key.toBase58()) };
  };

  const executeSegments = (message: ResolvedMessage, program: StandIn): Pick<Execution, 'error' | 'logs' | 'inner' | 'units'> => {
    const clock = svm.getClock();
    const logs: string[] = [];
    const inner: { index: number; instructions: InnerInstruction[] }[] = [];
    let units = 0;
    const call = (index: number, instruction: TransactionInstruction, lift: number): void => {
      const ran = runSegment([instruction]);
      units += Number(ran.meta.computeUnitsConsumed());
      logs.push(...ran.meta.logs().map((line) => (lift === 0 ? line : line.replace(/invoke \[(\d+)\]/, (_, depth) => `invoke [${Number(depth) + lift}]`))));
      const deeper = innerOf(message.keys, ran.meta, ran.keys, lift)[0] ?? [];
      const own: InnerInstruction[] =
        lift === 0
          ? []
          : [{ programIdIndex: message.keys.indexOf(instruction.programId.toBase58()), accounts: instruction.keys.map(({ pubkey }) => message.keys.indexOf(pubkey.toBase58())), data: base58Text(instruction.data), stackHeight: 2 }];
      const found = inner.find((each) => each.index === index);
      if (found) found.instructions.push(...own, ...deeper);
      else if (own.length + deeper.length > 0) inner.push({ index, instructions: [...own, ...deeper] });
      if (ran.failure === null) return;
      if (typeof ran.failure === 'object' && 'InstructionError' in ran.failure) throw new ProgramFailure(ran.failure.InstructionError[1]);
      throw new ProgramFailure(typeof ran.failure === 'string' ? ran.failure : 'GenericError');
    };
    for (const [index, instruction] of message.instructions.entries()) {
      try {
        if (instruction.program !== program.programId) {
          const keys = instruction.accounts.map(({ address, isSigner, isWritable }) => ({ pubkey: new PublicKey(address), isSigner, isWritable }));
          call(index, new TransactionInstruction({ programId: new PublicKey(instruction.program), keys, data: Buffer.from(instruction.data) }), 0);
        } else {
          logs.push(`Program ${program.programId} invoke [1]`);
          const own = program.execute(instruction, {
            slot: clock.slot,
            unixTime: clock.unixTimestamp,
            get,
            set,
            log: (line) => logs.push(line),
            call: (called) => call(index, called, 1),
          });
          units += own;
          logs.push(`Program ${program.programId} consumed ${own} of ${message.computeLimit} compute units`);
          logs.push(`Program ${program.programId} success`);
        }
        if (units > message.computeLimit) throw new ProgramFailure('ComputationalBudgetExceeded');
      } catch (thrown) {
        if (!(thrown instanceof ProgramFailure)) throw thrown;
        if (instruction.program === program.programId) {
          const code = typeof thrown.failure === 'object' ? `custom program error: 0x${thrown.failure.Custom.toString(16)}` : thrown.failure;
          logs.push(`Program ${program.programId} failed: ${code}`);
        }
        return { error: { InstructionError: [index, thrown.failure] }, logs, inner, units };
      }
    }
    return { error: null, logs, inner, units };
  };

  const executeWhole = (transaction: VersionedTransaction, message: ResolvedMessage): Pick<Execution, 'error' | 'logs' | 'inner' | 'units'> => {
    const result = svm.sendTransaction(decoder.decode(transaction.serialize()));
    const failed = result instanceof FailedTransactionMetadata;
    const meta = failed ? result.meta() : result;
    const inner = innerOf(message.keys, meta, message.keys, 0)
      .map((instructions, index) => ({ index, instructions }))
      .filter((each) => each.instructions.length > 0);
    return { error: failed ? failureOf(result) : null, logs: meta.logs(), inner, units: Number(meta.computeUnitsConsumed()) };
  };

  return {
    get,
    set,
    restore,
    owned: (program) =>
      svm
        .getProgramAccounts(kitAddress(program))
        .map(({ address }) => ({ address: address as string, account: get(address) }))
        .filter((each): each is { address: string; account: Account } => each.account !== null),
    setTime(slot, unixTime) {
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
        return thrown instanceof Error && /^Address/.test(thrown.message) ? thrown.message : 'SanitizeFailure';
      }
      if (check && !signaturesHold(transaction)) return 'SignatureFailure';
      const payer = message.keys[0] ?? '';
      const payerBefore = get(payer);
      if (payerBefore === null) return 'AccountNotFound';
      if (payerBefore.lamports < message.fee) return 'InsufficientFundsForFee';
      const before = new Map<string, Account | null>();
      for (const [index, key] of message.keys.entries()) if (message.writable[index]) before.set(key, get(key));
      const preBalances = message.keys.map((key) => get(key)?.lamports ?? 0n);
      const preTokens = tokensOf(message.keys);
      const standsIn = standIn !== undefined && message.instructions.some(({ program }) => program === standIn.programId);
      if (standsIn) set(payer, { ...payerBefore, lamports: payerBefore.lamports - message.fee });
      const ran = standsIn ? executeSegments(message, standIn) : executeWhole(transaction, message);
      if (standsIn && ran.error !== null) {
        restore(before);
        set(payer, { ...payerBefore, lamports: payerBefore.lamports - message.fee });
      }
      return {
        ...ran,
        message,
        fee: message.fee,
        logs: collectLogs(ran.logs),
        preBalances,
        preTokens,
        postBalances: message.keys.map((key) => get(key)?.lamports ?? 0n),
        postTokens: tokensOf(message.keys),
        before,
      };
    },
  };
}
