// Velocity tape: what the compiled program did in a test's transactions, in their order. With the
// program present, the test runs on it, and the bytes of 2026-07 must do what the tape holds.
// Without it, the tape answers: each transaction has the error, log, balances and accounts that
// were recorded, and must be the recorded one. npm run record-fixtures writes the tapes.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { VersionedTransaction } from '@solana/web3.js';
import { afterAll, expect } from 'vitest';
import { deployedHash } from '../../src/chain/program.ts';
import type { Account } from '../../src/local/chain/account.ts';
import type { Cluster, Landed } from '../../src/local/chain/cluster.ts';
import type { Execution } from '../../src/local/chain/execution.ts';
import { type ResolvedMessage, resolveMessage } from '../../src/local/chain/message.ts';
import { PROGRAM } from '../../src/local/velocity/genesis.ts';
import { createVelocityWorld } from '../../src/local/velocity/world.ts';
import { createManualClock } from './clock.ts';
import { velocityProgram } from './programs.ts';
import { readRecording, seededKeys, writeRecording } from './recording.ts';
import { openVelocityStage, type Stage } from './velocity-scenarios.ts';

/** One transaction that was included: what was asked of the program, and what came of it. */
type Taped = Pick<
  Execution,
  | 'error'
  | 'fee'
  | 'logs'
  | 'inner'
  | 'units'
  | 'preBalances'
  | 'postBalances'
  | 'preTokens'
  | 'postTokens'
> & {
  /** The first 16 hex characters of a hash over its instructions, but for the compute budget. */
  readonly asked: string;
  /** The accounts that it changed, as it left them; null where it closed one. */
  readonly wrote: readonly { readonly address: string; readonly account: Account | null }[];
};

export type Tape = {
  /** Where the test runs, for its title. */
  readonly where: 'on the compiled program' | 'on a recording of the program';
  /** A stage with the two accounts that every test begins with, and keys of its own. */
  stage(): Stage;
};

const VENUE = PROGRAM.toBase58();
const RECORDING = process.env.BAILIFF_RECORD_TAPES === 'yes';

function askedOf({ instructions }: ResolvedMessage): string {
  const hash = createHash('sha256');
  for (const { program, accounts, data } of instructions)
    if (!program.startsWith('ComputeBudget'))
      hash.update([program, ...accounts.map((each) => each.address), ''].join()).update(data);
  return hash.digest('hex').slice(0, 16);
}

const same = (a: Account | null, b: Account | null): boolean =>
  a === b ||
  (a !== null &&
    b !== null &&
    a.lamports === b.lamports &&
    a.owner === b.owner &&
    Buffer.compare(a.data, b.data) === 0);

function tapedOf(cluster: Cluster, { execution }: Landed): Taped {
  const { message, before, ...rest } = execution;
  const wrote = [...before].flatMap(([address, was]) => {
    const account = cluster.bank.get(address);
    return same(was, account) ? [] : [{ address, account }];
  });
  const { error, fee, logs, inner, units, preBalances, postBalances, preTokens, postTokens } = rest;
  return {
    asked: askedOf(message),
    error,
    fee,
    logs,
    inner,
    units,
    preBalances,
    postBalances,
    preTokens,
    postTokens,
    wrote,
  };
}

/** Lets a tape answer the transactions that call the venue. The runtime executes the others. */
function playBack(cluster: Cluster, name: string, tape: readonly Taped[]): void {
  const submit = cluster.submit.bind(cluster);
  let at = 0;
  const answer = (transaction: VersionedTransaction, bytes: Uint8Array): Landed | string => {
    const message = resolveMessage(transaction, cluster.bank.get);
    if (!message.instructions.some(({ program }) => program === VENUE))
      return submit(transaction, bytes);
    const taped = tape[at++];
    if (taped?.asked !== askedOf(message))
      throw new Error(
        `${name}: transaction ${at} is not the recorded one; npm run record-fixtures, with the program present`,
      );
    const { asked: _, wrote, ...told } = taped;
    const before = new Map(
      message.keys.flatMap((key, index): [string, Account | null][] =>
        message.writable[index] ? [[key, cluster.bank.get(key)]] : [],
      ),
    );
    for (const { address, account } of wrote) cluster.put(address, account);
    return {
      signature: `taped-${name}-${at}`,
      transaction,
      bytes,
      execution: { ...told, message, before },
      slot: cluster.slot('processed'),
      index: at,
      blockTime: 0,
    };
  };
  Object.assign(cluster, { submit: answer });
}

/** Keeps what the program does, and holds it against the tape where there is one. */
function keep(cluster: Cluster, name: string, kept: Taped[], tape: readonly Taped[] | null): void {
  const submit = cluster.submit.bind(cluster);
  const keeping = (...given: Parameters<typeof submit>): Landed | string => {
    const landed = submit(...given);
    if (typeof landed === 'string' || !landed.execution.message.keys.includes(VENUE)) return landed;
    const taped = tapedOf(cluster, landed);
    kept.push(taped);
    if (tape !== null) {
      const at = kept.length - 1;
      assert.deepEqual(taped, tape[at], `${name}: transaction ${at + 1} is not what was recorded`);
    }
    return landed;
  };
  Object.assign(cluster, { submit: keeping });
}

/**
 * Opens the tape of a test file: `name` is that of a file in test/fixtures. Keys come from the
 * name of the stage, so that each run asks the same of the program.
 */
export function openTape(name: string): Tape {
  const file = path.join(import.meta.dirname, '../fixtures', name);
  const recorded =
    existsSync(file) && !RECORDING ? readRecording<Taped>(readFileSync(file, 'utf8')) : null;
  const build = velocityProgram === null ? null : deployedHash(readFileSync(velocityProgram));
  // Other bytes may log and count otherwise; the test judges them by itself.
  const held = recorded !== null && recorded.build === build ? recorded : null;
  const histories: Record<string, Taped[]> = {};
  if (RECORDING && build !== null)
    afterAll(() => writeFileSync(file, writeRecording({ build, histories })));
  return {
    where: build === null ? 'on a recording of the program' : 'on the compiled program',
    stage() {
      const title = expect.getState().currentTestName?.split(' > ').at(-1) ?? '';
      const newKey = seededKeys(createHash('sha256').update(title).digest().readUInt32LE());
      const clock = createManualClock();
      const world = createVelocityWorld({ programFile: velocityProgram, clock, newKey });
      if (build === null) playBack(world.cluster, title, recorded?.histories[title] ?? []);
      else {
        histories[title] = [];
        keep(world.cluster, title, histories[title], held?.histories[title] ?? (held && []));
      }
      return openVelocityStage(world);
    },
  };
}
