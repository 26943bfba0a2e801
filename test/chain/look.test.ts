// Look: a transaction counts as final only by the word of the node that its block is; an absence
// counts up to the height that was read, at finalized commitment, before it was asked for.
import type { Connection } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { lookAt } from '../../src/chain/look.ts';
import type { Status } from '../../src/chain/statuses.ts';
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

test('what a node does not call finalized is not final, also where it names no commitment', async () => {
  const { connection, asked } = node(90);
  const finality = async (status: Partial<Status>) => {
    const told = { slot: 7, err: null, ...status };
    const look = await lookAt(connection, async () => told, SIGNATURE);
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
  expect(await lookAt(whole.connection, absent, SIGNATURE)).toEqual({
    seen: 'absent',
    finalizedBlockHeight: 80,
  });
  expect(whole.asked).toEqual([
    'finalized',
    { searchTransactionHistory: true, minContextSlot: 90 },
  ]);
  const behind = await lookAt(node(89).connection, absent, SIGNATURE);
  expect(behind).toEqual({ seen: 'nothing', why: expect.stringContaining('behind') });
  const landed = node(90, { slot: 88, err: null, confirmationStatus: 'confirmed' });
  expect(await lookAt(landed.connection, absent, SIGNATURE)).toMatchObject({
    seen: 'executed',
    finality: 'confirmed',
  });
});
