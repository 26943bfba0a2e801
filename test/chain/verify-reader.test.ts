// Verify reader: a node cannot hold the verifier with more instruction data than a transaction has,
// and an answer without the calls or balances of a transaction is no answer.
import { expect, test } from 'vitest';
import type { Signature } from '../../src/core/ids.ts';
import { openNode } from '../../src/verify/verify.ts';

const SIGNATURE = '1'.repeat(64) as Signature;
/** The reading of a transaction whose instruction and the calls in it have this data. */
const read = (own: string, ...calls: string[]) => readWith({}, own, ...calls);
/** The same with other members of the metadata. */
const readWith = (more: object, own: string, ...calls: string[]) => readOf({}, more, own, ...calls);
/** The same with other members of the message, too. */
const readOf = (message: object, more: object, own: string, ...calls: string[]) => {
  const of = (data: string) => ({ programIdIndex: 0, accounts: [], data });
  const result = {
    slot: 5,
    transaction: {
      message: {
        accountKeys: ['program'],
        header: { numRequiredSignatures: 0 },
        instructions: [of(own)],
        ...message,
      },
    },
    meta: {
      err: null,
      fee: 5_000,
      preBalances: [1],
      postBalances: [1],
      innerInstructions: [{ index: 0, instructions: calls.map(of) }],
      ...more,
    },
  };
  const send = async () => Response.json({ jsonrpc: '2.0', id: 1, result });
  return openNode('http://node', async () => {}, send).transaction(SIGNATURE);
};

test('instruction data of a length that a transaction can have is read', async () => {
  const found = await read('1'.repeat(1_000), '11');
  expect(found?.instructions[0]?.data).toHaveLength(1_000);
  expect(found?.instructions[0]?.inner[0]?.data).toHaveLength(2);
});

test.each([
  ['an instruction', ['1'.repeat(14_001)]],
  ['a call', ['1', '1'.repeat(14_001)]],
  ['all together', ['1', ...Array.from({ length: 65 }, () => '1'.repeat(14_000))]],
])('longer data of %s is no answer', async (_, [own = '', ...calls]) => {
  await expect(read(own, ...calls)).rejects.toThrow('longer than a transaction can have');
});

test('a successful transaction without its calls or balances is no answer', async () => {
  for (const name of ['innerInstructions', 'preTokenBalances', 'postTokenBalances']) {
    await expect(readWith({ [name]: null }, '1')).rejects.toThrow('did not record');
    const failed = await readWith({ [name]: null, err: 'AccountNotFound' }, '1');
    expect(failed).toMatchObject({ error: 'AccountNotFound', fee: 5_000n });
  }
});

test('a successful transaction without all of its accounts is no answer', async () => {
  const lookups = [{ accountKey: 'table', writableIndexes: [7], readonlyIndexes: [3, 9] }];
  const four = { preBalances: [1, 1, 1, 1], postBalances: [1, 1, 1, 1] };
  const loaded = { writable: ['a'], readonly: ['b', 'c'] };
  const whole = { ...four, loadedAddresses: loaded };
  const readAll = (more: object) =>
    readOf({ addressTableLookups: lookups }, { ...whole, ...more }, '1');
  expect((await readAll({}))?.keys).toEqual(['program', 'a', 'b', 'c']);
  for (const more of [
    { loadedAddresses: null },
    { loadedAddresses: { writable: [], readonly: ['a', 'b', 'c'] } },
    { loadedAddresses: { writable: ['a'], readonly: ['b'] } },
    { preBalances: null },
    { postBalances: [1, 1, 1] },
  ]) {
    await expect(readAll(more)).rejects.toThrow('did not record all of its accounts');
    expect(await readAll({ ...more, err: 'AccountNotFound' })).toMatchObject({ fee: 5_000n });
  }
  await expect(readWith({ preBalances: [] }, '1')).rejects.toThrow('did not record all');
});

test('a successful transaction that points past its accounts is no answer', async () => {
  const balance = { accountIndex: 1, mint: 'mint', uiTokenAmount: { amount: '1', decimals: 6 } };
  const call = (told: object) => [{ index: 0, instructions: [{ data: '1', ...told }] }];
  for (const more of [
    { preTokenBalances: [balance] },
    { postTokenBalances: [balance] },
    { innerInstructions: call({ programIdIndex: 1, accounts: [0] }) },
    { innerInstructions: call({ programIdIndex: 0, accounts: [0, 1] }) },
  ]) {
    await expect(readWith(more, '1')).rejects.toThrow('points past the accounts');
    expect(await readWith({ ...more, err: 'AccountNotFound' }, '1')).toMatchObject({ fee: 5_000n });
  }
});
