// Segments: executes a transaction in which a stand-in takes the place of a compiled program. The
// instructions between those of the stand-in run in LiteSVM as transactions that a helper key pays
// for, so that fees do not change the transaction's accounts.
import { Keypair, type TransactionInstruction } from '@solana/web3.js';
import {
  FailedTransactionMetadata,
  type LiteSvm,
  type TransactionMetadata,
} from 'litesvm/dist/internal.js';
import { base58Text } from '../../core/ids.ts';
import { type Account, type Accounts, SYSTEM_PROGRAM } from './account.ts';
import type { Execution, InnerInstruction } from './execution.ts';
import { failureOf, ProgramFailure } from './failure.ts';
import { loneTransaction } from './lone.ts';
import {
  COMPUTE_BUDGET,
  keyText,
  type ResolvedInstruction,
  type ResolvedMessage,
} from './message.ts';

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

/** The compute units of an instruction to the compute budget. */
const BUDGET_UNITS = 150;
/** The length of each of its instructions that the local chain knows, by their first byte. */
const BUDGET_BYTES: Readonly<Record<number, number>> = { 2: 5, 3: 9 };

/** Whether an instruction sets the limit of compute units or their price, and does nothing else. */
const setsBudget = ({ program, data }: ResolvedInstruction): boolean =>
  program === COMPUTE_BUDGET && data.length === BUDGET_BYTES[data[0] ?? 0];

/** The part of an execution that running the instructions determines. */
export type Ran = Pick<Execution, 'error' | 'logs' | 'inner' | 'units'>;

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

/** An instruction that a stand-in calls, in the form of a message's own. */
const resolved = ({ programId, keys, data }: TransactionInstruction): ResolvedInstruction => ({
  program: keyText(programId),
  accounts: keys.map(({ pubkey, ...flags }) => ({ address: keyText(pubkey), ...flags })),
  data,
});

/** Prepares the helper key. Returns a function that executes a message with the stand-ins. */
export function createSegments(
  svm: LiteSvm,
  accounts: Accounts,
  programs: readonly StandIn[],
): (message: ResolvedMessage) => Ran {
  const helper = Keypair.generate().publicKey.toBase58();
  const { get, set } = accounts;
  set(helper, {
    lamports: 10n ** 18n,
    owner: SYSTEM_PROGRAM,
    data: new Uint8Array(),
    executable: false,
  });

  const runSegment = (instruction: ResolvedInstruction) => {
    const { bytes, keys, writable } = loneTransaction(helper, instruction);
    accounts.handOver(keys);
    const result = svm.sendLegacyTransaction(bytes);
    const failed = result instanceof FailedTransactionMetadata;
    const meta = failed ? result.meta() : result;
    accounts.written(keys.filter((_, index) => writable[index]));
    return { failure: failed ? failureOf(result) : null, meta, keys };
  };

  return (message) => {
    const clock = svm.getClock();
    const logs: string[] = [];
    const inner: { index: number; instructions: InnerInstruction[] }[] = [];
    let units = 0;
    const call = (index: number, instruction: ResolvedInstruction, lift: number): void => {
      const ran = runSegment(instruction);
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
                programIdIndex: message.keys.indexOf(instruction.program),
                accounts: instruction.accounts.map(({ address }) => message.keys.indexOf(address)),
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
        if (setsBudget(instruction)) {
          // The instructions of the compute-budget program were read before the message ran, so
          // LiteSVM would do nothing with one here.
          units += BUDGET_UNITS;
          logs.push(`Program ${COMPUTE_BUDGET} invoke [1]`, `Program ${COMPUTE_BUDGET} success`);
        } else if (program === undefined) {
          call(index, instruction, 0);
        } else {
          logs.push(`Program ${program.programId} invoke [1]`);
          const own = program.execute(instruction, {
            slot: clock.slot,
            unixTime: clock.unixTimestamp,
            get,
            set,
            log: (line) => logs.push(line),
            call: (called) => call(index, resolved(called), 1),
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
