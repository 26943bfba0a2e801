// Shown again: the end of a transaction counts when a second answer shows the same slot, the same
// blockhash and the same result.
import { expect, test } from 'vitest';
import { isShownAgain, type LookSources } from '../../src/chain/look.ts';
import { openConnection } from '../../src/chain/rpc.ts';
import type { Statuses } from '../../src/chain/statuses.ts';
import type { ChainTransaction } from '../../src/core/transaction.ts';
import { signatureOf } from '../support/ledger.ts';

const ERROR = { InstructionError: [3, { Custom: 1 }] };
const LANDED = { slot: 7, blockhash: 'v1', error: null as unknown };
const FAILED = { ...LANDED, error: ERROR as unknown };
type Told = typeof LANDED;

const statusOf: Statuses = async () => {
  throw new Error('no status is asked for');
};

/** Nodes that give a transaction; null for none. Their blocks begin with slot `first`. */
const provider = (told: Told | null | 'down', first = 1) => {
  const fetched: typeof fetch = async (_, init) => {
    if (told === 'down') return new Response('down', { status: 503 });
    const { id, method } = JSON.parse(String(init?.body)) as { id: unknown; method: string };
    if (method === 'getFirstAvailableBlock')
      return Response.json({ jsonrpc: '2.0', id, result: first });
    const balances = {
      preTokenBalances: [],
      postTokenBalances: [],
      preBalances: [],
      postBalances: [],
    };
    const meta = { fee: 5_000, innerInstructions: [], logMessages: [], ...balances };
    const message = { accountKeys: [], header: { numRequiredSignatures: 0 }, instructions: [] };
    const result = told && {
      slot: told.slot,
      meta: { ...meta, err: told.error },
      transaction: { signatures: [], message: { ...message, recentBlockhash: told.blockhash } },
    };
    return Response.json({ jsonrpc: '2.0', id, result });
  };
  return { connection: openConnection('http://127.0.0.1:1', null, fetched), statusOf };
};

const shown = (
  told: Told,
  again: Told | null,
  second: ReturnType<typeof provider> | null,
): Promise<boolean> => {
  const first = provider(again);
  const sources: LookSources = { ...first, first, second };
  const transaction = { signature: signatureOf(1), ...told };
  return isShownAgain(sources, transaction as unknown as ChainTransaction);
};

test('the second provider tells; the first one is not asked again', async () => {
  for (const told of [LANDED, FAILED]) {
    expect(await shown(told, null, provider(told))).toBe(true);
    const others = [
      null,
      { ...told, slot: 8 },
      { ...told, blockhash: 'v2' },
      told === LANDED ? FAILED : LANDED,
    ];
    for (const other of others) expect(await shown(told, told, provider(other))).toBe(false);
  }
});

test('one provider alone is asked again', async () => {
  for (const told of [LANDED, FAILED]) {
    expect(await shown(told, told, null)).toBe(true);
    for (const again of [null, told === LANDED ? FAILED : LANDED])
      expect(await shown(told, again, null)).toBe(false);
  }
});

test('the first one is asked again where the blocks of the second begin later', async () => {
  for (const told of [LANDED, FAILED]) {
    expect(await shown(told, told, provider(null, 8))).toBe(true);
    expect(await shown(told, null, provider(null, 8))).toBe(false);
    expect(await shown(told, told, provider(null, 7))).toBe(false);
  }
});

test('while the second one is down, what landed is shown by the first; a failure waits', async () => {
  expect(await shown(LANDED, LANDED, provider('down'))).toBe(true);
  expect(await shown(LANDED, FAILED, provider('down'))).toBe(false);
  await expect(shown(FAILED, FAILED, provider('down'))).rejects.toMatchObject({
    code: 'rpc_unavailable',
  });
});
