// Statuses and fees: the calls that a burst of payments makes at once are sent in few requests.
import { setImmediate as turn } from 'node:timers/promises';
import type { Connection } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { createFeeMarket } from '../../src/chain/fees.ts';
import { carryWith } from '../../src/chain/rpc.ts';
import { createStatuses } from '../../src/chain/statuses.ts';
import type { Signature } from '../../src/core/ids.ts';
import { signatureOf } from '../support/ledger.ts';

type Asked = { readonly signatures: readonly string[]; readonly answer: (value: unknown) => void };

/** A node whose answers are given by hand, each the slot that the signature's place stands for. */
function node() {
  const asked: Asked[] = [];
  const connection = {} as Connection;
  carryWith(connection, (body) => {
    const { params } = JSON.parse(body) as { params: [string[], object] };
    expect(params[1]).toEqual({ searchTransactionHistory: true });
    return new Promise((resolve) =>
      asked.push({
        signatures: params[0],
        answer: (result) => resolve(Response.json({ jsonrpc: '2.0', id: 1, result })),
      }),
    );
  });
  const answer = (at: number, value?: unknown[]) => {
    const { signatures, answer: give } = asked[at] ?? expect.fail('no such request');
    give({ value: value ?? signatures.map((each) => ({ slot: each.length })) });
  };
  return { connection, asked, answer };
}

test('a status says slot, error and commitment; one without a slot is no answer', async () => {
  const { connection, answer } = node();
  const statusOf = createStatuses(connection);
  const ask = async (value: unknown, at: number) => {
    const asked = statusOf(signatureOf(1));
    await turn();
    answer(at, [value]);
    return asked;
  };
  const error = { InstructionError: [3, { Custom: 6_000 }] };
  expect(await ask(null, 0)).toBeNull();
  expect(await ask({ slot: 7, err: error, confirmationStatus: 'finalized' }, 1)).toEqual({
    slot: 7,
    err: error,
    confirmationStatus: 'finalized',
  });
  expect(await ask({ slot: 7, confirmations: 3, err: null }, 2)).toEqual({
    slot: 7,
    err: null,
    confirmationStatus: null,
  });
  for (const [at, bad] of [
    { err: null },
    { slot: -1 },
    { slot: 7, confirmationStatus: 'x' },
    7,
  ].entries())
    await expect(ask(bad, 3 + at)).rejects.toMatchObject({ code: 'rpc_unavailable' });
});

test('1,000 questions of one moment take four requests, and each gets its own answer', async () => {
  const { connection, asked, answer } = node();
  const statusOf = createStatuses(connection);
  const known = Array.from({ length: 1_000 }, (_, index) => `s${index}` as Signature);
  const answers = Promise.all(known.map((each) => statusOf(each)));
  for (let at = 0; at < 4; at++) {
    await expect.poll(() => asked.length).toBeGreaterThan(at);
    const { signatures } = asked[at] ?? expect.fail('no such request');
    answer(
      at,
      signatures.map((each) => ({ slot: known.indexOf(each as Signature) })),
    );
  }
  expect((await answers).map((each) => each?.slot)).toEqual(known.map((_, index) => index));
  expect(asked.map((each) => each.signatures.length)).toEqual([256, 256, 256, 232]);
});

test('a single question is asked at once; those that come while two are under way share the next', async () => {
  const { connection, asked, answer } = node();
  const statusOf = createStatuses(connection);
  const all = [statusOf(signatureOf(1))];
  await turn();
  all.push(statusOf(signatureOf(2)));
  await turn();
  all.push(statusOf(signatureOf(3)), statusOf(signatureOf(4)));
  await turn();
  expect(asked.map((each) => each.signatures.length)).toEqual([1, 1]);
  answer(0);
  await expect.poll(() => asked.length).toBe(3);
  expect(asked[2]?.signatures).toEqual([signatureOf(3), signatureOf(4)]);
  answer(1);
  answer(2);
  expect(await Promise.all(all)).toHaveLength(4);
});

test('an answer with fewer values than questions is no answer', async () => {
  const { connection, answer } = node();
  const statusOf = createStatuses(connection);
  const both = Promise.allSettled([statusOf(signatureOf(1)), statusOf(signatureOf(2))]);
  await turn();
  answer(0, [{ slot: 1 }]);
  expect(await both).toMatchObject([
    { status: 'rejected', reason: { code: 'rpc_unavailable' } },
    { status: 'rejected', reason: { code: 'rpc_unavailable' } },
  ]);
});

test('fees that many payments ask for at once are asked for once, and an error is not remembered', async () => {
  const calls: string[] = [];
  let failing = true;
  const connection = {
    getMinimumBalanceForRentExemption: async () => {
      calls.push('rent');
      return 2_039_280;
    },
  } as unknown as Connection;
  carryWith(connection, async () => {
    calls.push('fees');
    if (failing) throw new Error('behind');
    return new Response('{"result":[{"slot":1,"prioritizationFee":7}]}');
  });
  const market = createFeeMarket(connection, {
    priorityFeeMost: 1_000_000n,
    everyMs: 1_000,
    elapsedMs: () => 0,
  });
  const refused = await Promise.allSettled([market.microLamports(), market.microLamports()]);
  expect(refused.map((each) => each.status)).toEqual(['rejected', 'rejected']);
  failing = false;
  const many = Array.from({ length: 50 });
  expect(await Promise.all(many.map(() => market.microLamports()))).toEqual(many.map(() => 7n));
  expect(await Promise.all(many.map(() => market.tokenAccountRent()))).toHaveLength(50);
  expect(calls).toEqual(['fees', 'fees', 'rent']);
});
