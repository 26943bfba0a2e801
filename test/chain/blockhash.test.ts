// Blockhash: a node that names a blockhash that is none gave no answer, and a long one takes no
// time.
import { expect, test } from 'vitest';
import { readBlockhashBefore } from '../../src/chain/blocks.ts';
import { createFeeMarket } from '../../src/chain/fees.ts';
import { openConnection } from '../../src/chain/rpc.ts';
import { askLatest } from '../../src/chain/simulation.ts';
import { base58Text } from '../../src/core/ids.ts';

const LONG = 'z'.repeat(10_000);
const GOOD = base58Text(new Uint8Array(32).fill(7));
const HEAD = { parentSlot: 8, blockHeight: 7, blockTime: null };
/** A node with one blockhash, wherever it is asked for. */
const naming = (blockhash: string) =>
  openConnection('http://127.0.0.1:1', null, async (_, init) => {
    const { id, method } = JSON.parse(String(init?.body)) as { id: unknown; method: string };
    const context = { slot: 9 };
    const result =
      method === 'getBlock'
        ? { blockhash: GOOD, previousBlockhash: blockhash, ...HEAD }
        : method === 'getFeeForMessage'
          ? { context, value: 5_000 }
          : { context, value: { blockhash, lastValidBlockHeight: 9 } };
    return Response.json({ jsonrpc: '2.0', id, result });
  });

test('a blockhash of another length is refused', async () => {
  expect(await readBlockhashBefore(naming(GOOD), 9)).toBe(GOOD);
  expect(await askLatest(naming(GOOD))).toMatchObject({ blockhash: GOOD });
  for (const text of ['', `${GOOD}z`, 'no base58 at all', LONG]) {
    const refusal = { code: 'rpc_unavailable' };
    await expect(readBlockhashBefore(naming(text), 9)).rejects.toMatchObject(refusal);
    await expect(askLatest(naming(text))).rejects.toMatchObject(refusal);
  }
});

test('the fee of a message is not asked for with a blockhash of another length', async () => {
  const feesOf = (blockhash: string) =>
    createFeeMarket(naming(blockhash), { priorityFeeMost: 1n, everyMs: 0, elapsedMs: () => 0 });
  expect(await feesOf(GOOD).lamportsPerSignature()).toBe(5_000n);
  await expect(feesOf(LONG).lamportsPerSignature()).rejects.toThrow(
    'getLatestBlockhash: the blockhash has not 32 bytes',
  );
});
