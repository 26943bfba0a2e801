// Look: a transaction counts as final only by the word of the node that its block is; an absence
// counts up to the height that was read, at finalized commitment, before it was asked for.
import type { Connection } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import { type LookSources, lookAt } from '../../src/chain/look.ts';
import { openConnection } from '../../src/chain/rpc.ts';
import type { Status, Statuses } from '../../src/chain/statuses.ts';
import { Fault } from '../../src/core/fault.ts';
import { signatureOf } from '../support/ledger.ts';

const SIGNATURE = signatureOf(1);
const FINALIZED = { absoluteSlot: 90, blockHeight: 80 };
const CONFIRMED = { absoluteSlot: 120, blockHeight: 110 };

/** A node whose statuses are of this slot; `asked` are its questions in their order. */
function node(contextSlot: number, later: Status | null = null) {
  const asked: unknown[] = [];
  const connection = {
    async getEpochInfo(commitment: string) {
      asked.push(commitment);
      return commitment === 'finalized' ? FINALIZED : CONFIRMED;
    },
    async getSignatureStatuses(_: unknown, config: object) {
      asked.push(config);
      return { context: { slot: contextSlot }, value: [later] };
    },
  } as unknown as Connection;
  return { connection, asked };
}

const alone = (connection: Connection, statusOf: Statuses): LookSources => ({
  connection,
  statusOf,
  first: { connection, statusOf },
  second: null,
});

test('what a node does not call finalized is not final, also where it names no commitment', async () => {
  const { connection, asked } = node(90);
  const finality = async (status: Partial<Status>) => {
    const told = { slot: 7, err: null, ...status };
    const look = await lookAt(
      alone(connection, async () => told),
      SIGNATURE,
    );
    expect(look).toMatchObject({ seen: 'executed', slot: 7, error: null });
    return look.seen === 'executed' ? look.finality : null;
  };
  expect(await finality({})).toBe('processed');
  expect(await finality({ confirmationStatus: null })).toBe('processed');
  expect(await finality({ confirmationStatus: 'processed' })).toBe('processed');
  expect(await finality({ confirmationStatus: 'confirmed' })).toBe('confirmed');
  expect(await finality({ confirmationStatus: 'finalized' })).toBe('finalized');
  expect(asked).toEqual([]);
});

test('an absence is asked for once more, after the finalized height up to which it counts', async () => {
  const absent = async () => null;
  const whole = node(90);
  expect(await lookAt(alone(whole.connection, absent), SIGNATURE)).toEqual({
    seen: 'absent',
    finalizedSlot: 90,
    finalizedBlockHeight: 80,
  });
  expect(whole.asked).toEqual([
    'finalized',
    { searchTransactionHistory: true, minContextSlot: 90 },
  ]);
  const behind = await lookAt(alone(node(89).connection, absent), SIGNATURE);
  expect(behind).toEqual({ seen: 'nothing', why: expect.stringContaining('behind') });
  const landed = node(90, { slot: 88, err: null, confirmationStatus: 'confirmed' });
  expect(await lookAt(alone(landed.connection, absent), SIGNATURE)).toMatchObject({
    seen: 'executed',
    finality: 'confirmed',
  });
});

describe('an end', () => {
  const landed: Status = { slot: 7, err: null, confirmationStatus: 'finalized' };
  const failed: Status = { ...landed, err: { InstructionError: [3, { Custom: 1 }] } };
  /** A node that gives a transaction; null for none. */
  const showing = (transaction: { slot: number; err: unknown } | null) => {
    const asked: string[] = [];
    const fetched: typeof fetch = async (_, init) => {
      const { id, method } = JSON.parse(String(init?.body)) as { id: unknown; method: string };
      asked.push(method);
      const { slot, err } = transaction ?? {};
      const balances = {
        preTokenBalances: [],
        postTokenBalances: [],
        preBalances: [],
        postBalances: [],
      };
      const meta = { err, fee: 5_000, innerInstructions: [], logMessages: [], ...balances };
      const message = { accountKeys: [], header: { numRequiredSignatures: 0 }, instructions: [] };
      const result = transaction && { slot, meta, transaction: { signatures: [], message } };
      return Response.json({ jsonrpc: '2.0', id, result });
    };
    return { asked, connection: openConnection('http://127.0.0.1:1', null, fetched) };
  };
  /** A node whose blocks begin with this slot. */
  const keeping = (firstBlock: number) =>
    ({ getFirstAvailableBlock: async () => firstBlock }) as unknown as Connection;
  const down: Statuses = async () => {
    throw new Fault('rpc_unavailable', 'it is down');
  };
  const look = async (
    status: Status,
    second: Statuses | null,
    { connection } = showing(null),
    again: Status | null = status,
    firstBlock = 1,
  ) => {
    let nth = 0;
    const statusOf = async () => (nth++ === 0 ? status : again);
    const provider = second && { connection: keeping(firstBlock), statusOf: second };
    const first = { connection, statusOf };
    const found = await lookAt({ ...first, first, second: provider }, SIGNATURE);
    return found.seen === 'executed' ? found.finality : found.seen;
  };

  test('of which the second provider knows nothing, or something else, is not final', async () => {
    for (const status of [landed, failed]) {
      expect(await look(status, async () => status)).toBe('finalized');
      for (const other of [
        null,
        { ...status, confirmationStatus: 'confirmed' as const },
        { ...status, slot: 8 },
        status === landed ? failed : landed,
      ])
        expect(await look(status, async () => other)).toBe('confirmed');
    }
  });

  test('is shown by the transaction while the second provider is down; a failure waits for it', async () => {
    expect(await look(landed, down, showing({ slot: 7, err: null }))).toBe('finalized');
    expect(await look(landed, down, showing(null))).toBe('confirmed');
    await expect(look(failed, down, showing({ slot: 7, err: failed.err }))).rejects.toThrow('down');
  });

  test('is shown by the transaction where the blocks of the second provider begin later', async () => {
    const forgotten = async () => null;
    for (const status of [landed, failed]) {
      const shown = showing({ slot: 7, err: status.err });
      expect(await look(status, forgotten, shown, status, 8)).toBe('finalized');
      expect(await look(status, forgotten, showing(null), status, 8)).toBe('confirmed');
      expect(await look(status, forgotten, shown, status, 7)).toBe('confirmed');
    }
  });

  test('of a lone provider needs a second answer; a failure needs the transaction itself', async () => {
    expect(await look(landed, null)).toBe('finalized');
    expect(await look(landed, null, showing(null), null)).toBe('confirmed');
    expect(await look(landed, null, showing(null), failed)).toBe('confirmed');
    const node = showing({ slot: 7, err: failed.err });
    expect(await look(failed, null, node)).toBe('finalized');
    expect(node.asked).toEqual(['getTransaction']);
    expect(await look(failed, null, showing({ slot: 7, err: null }))).toBe('confirmed');
    expect(await look(failed, null, showing(null))).toBe('confirmed');
  });
});
