// Segments: executes a transaction in which a stand-in takes the place of a compiled program. The
// instructions between those of the stand-in run in LiteSVM as transactions that a helper key pays
// for, so that fees do not change the transaction's accounts.
import { getTransactionDecoder } from '@solana/kit';
import {
  Keypair,
  PublicKey,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js';
import { FailedTransactionMetadata, type LiteSVM, type TransactionMetadata } from 'litesvm';
import { base58Text } from '../../core/ids.ts';
import { type Account, type Accounts, SYSTEM_PROGRAM } from './account.ts';
import type { Execution, InnerInstruction } from './bank.ts';
import { failureOf, ProgramFailure } from './failure.ts';
import type { ResolvedInstruction, ResolvedMessage } from './message.ts';

/** The means of a stand-in program while it executes one instruction. */
export type ProgramContext = {
  readonly slot: bigint;
  readonly unixTime: bigint;
  get(address: string): Account | null;
  set(address: string, account: Account): void;
  log(line: string): void;
  /**
   * Calls another program, with any of the stand-in's own addresses as signers. Throws
   * ProgramFailure.
   */
  call(instruction: TransactionInstruction): void;
};
export type StandIn = {
  readonly programId: string;
  /**
   * Executes an instruction, or throws ProgramFailure. Returns the compute units that it would have
   * used.
   */
  execute(instruction: ResolvedInstruction, context: ProgramContext): number;
};

/** The part of an execution that running the instructions determines. */
export type Ran = Pick<Execution, 'error' | 'logs' | 'inner' | 'units'>;

const decoder = getTransactionDecoder();

/** Inner instructions with indexes into the keys of the whole transaction, `lift` levels deeper. */
export function innerOf(
  keys: readonly string[],
  meta: TransactionMetadata,
  segmentKeys: readonly string[],
  lift: number,
): InnerInstruction[][] {
  return meta.innerInstructions().map((calls) =>
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
}

/** Prepares the helper key. Returns a function that executes a message with the stand-ins. */
export function createSegments(
  svm: LiteSVM,
  accounts: Accounts,
  programs: readonly StandIn[],
): (message: ResolvedMessage) => Ran {
  const helper = Keypair.generate();
  const { get, set } = accounts;
  set(helper.publicKey.toBase58(), {
    lamports: 10n ** 18n,
    owner: SYSTEM_PROGRAM,
    data: new Uint8Array(),
    executable: false,
  });

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
    const keys = message.accountKeys.map((key) => key.toBase58());
    accounts.written(keys.filter((_, index) => message.isAccountWritable(index)));
    return { failure: failed ? failureOf(result) : null, meta, keys };
  };

  return (message) => {
    const clock = svm.getClock();
    const logs: string[] = [];
    const inner: { index: number; instructions: InnerInstruction[] }[] = [];
    let units = 0;
    const call = (index: number, instruction: TransactionInstruction, lift: number): void => {
      const ran = runSegment([instruction]);
      units += Number(ran.meta.computeUnitsConsumed());
      logs.push(
        ...ran.meta
          .logs()
          .map((line) =>
            lift === 0
              ? line
              : line.replace(/invoke \[(\d+)\]/, (_, depth) => `invoke [${Number(depth) + lift}]`),
          ),
      );
      const deeper = innerOf(message.keys, ran.meta, ran.keys, lift)[0] ?? [];
      const own: InnerInstruction[] =
        lift === 0
          ? []
          : [
              {
                programIdIndex: message.keys.indexOf(instruction.programId.toBase58()),
                accounts: instruction.keys.map(({ pubkey }) =>
                  message.keys.indexOf(pubkey.toBase58()),
                ),
                data: base58Text(instruction.data),
                stackHeight: 2,
              },
            ];
      const found = inner.find((each) => each.index === index);
      if (found) found.instructions.push(...own, ...deeper);
      else if (own.length + deeper.length > 0)
        inner.push({ index, instructions: [...own, ...deeper] });
      if (ran.failure === null) return;
      if (typeof ran.failure === 'object' && 'InstructionError' in ran.failure)
        throw new ProgramFailure(ran.failure.InstructionError[1]);
      throw new ProgramFailure(typeof ran.failure === 'string' ? ran.failure : 'GenericError');
    };
    for (const [index, instruction] of message.instructions.entries()) {
      const program = programs.find((each) => each.programId === instruction.program);
      try {
        if (program === undefined) {
          const keys = instruction.accounts.map(({ address, isSigner, isWritable }) => ({
            pubkey: new PublicKey(address),
            isSigner,
            isWritable,
          }));
          call(
            index,
            new TransactionInstruction({
              programId: new PublicKey(instruction.program),
              keys,
              data: Buffer.from(instruction.data),
            }),
            0,
          );
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
          logs.push(
            `Program ${program.programId} consumed ${own} of ${message.computeLimit} compute units`,
          );
          logs.push(`Program ${program.programId} success`);
        }
        if (units > message.computeLimit) throw new ProgramFailure('ComputationalBudgetExceeded');
      } catch (thrown) {
        if (!(thrown instanceof ProgramFailure)) throw thrown;
        if (program !== undefined) {
          const code =
            typeof thrown.failure === 'object'
              ? `custom program error: 0x${thrown.failure.Custom.toString(16)}`
              : thrown.failure;
          logs.push(`Program ${program.programId} failed: ${code}`);
        }
        return { error: { InstructionError: [index, thrown.failure] }, logs, inner, units };
      }
    }
    return { error: null, logs, inner, units };
  };
}
