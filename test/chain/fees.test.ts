// Fees: the price for priority is that of recent transactions that wrote the accounts in question,
// is remembered for some slots, and never exceeds the cap.
import type { Connection } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { createFeeMarket } from '../../src/chain/fees.ts';
import { carryWith } from '../../src/chain/rpc.ts';
import type { Address } from '../../src/core/ids.ts';
import { createManualClock } from '../support/clock.ts';

const A = 'a' as Address;
const B = 'b' as Address;

/** A market whose node answers with fees by the accounts that it is asked for. */
function marketOf(feesOf: Record<string, readonly number[]>, priorityFeeMost = 1_400_000n) {
  const clock = createManualClock();
  const asked: string[] = [];
  const connection = {} as Connection;
  carryWith(connection, async (body) => {
    const { params } = JSON.parse(body) as { params: [string[]] };
    const key = params[0].join();
    asked.push(key);
    const fees = feesOf[key] ?? [];
    return new Response(
      JSON.stringify({ result: fees.map((prioritizationFee) => ({ slot: 1, prioritizationFee })) }),
    );
  });
  const options = { priorityFeeMost, everyMs: 10_000, elapsedMs: clock.elapsedMs };
  return { market: createFeeMarket(connection, options), asked, clock };
}

test('the price is the 75th percentile of what was paid to write the accounts', async () => {
  const { market, asked } = marketOf({ '': [0, 0, 1], 'a,b': [40, 10, 30, 20] });
  expect(await market.microLamports(0, [B, A, B])).toBe(40n);
  expect(await market.microLamports(0, [A, B])).toBe(40n);
  expect(asked).toEqual(['a,b']);
});

test('a price by accounts lasts two seconds, one of all transactions ten', async () => {
  const fees: Record<string, readonly number[]> = { '': [5], a: [50] };
  const { market, asked, clock } = marketOf(fees);
  expect(await market.microLamports()).toBe(5n);
  expect(await market.microLamports(0, [A])).toBe(50n);
  fees.a = [60];
  clock.advance(1_999);
  expect(await market.microLamports(0, [A])).toBe(50n);
  clock.advance(1);
  expect(await market.microLamports(0, [A])).toBe(60n);
  // A caller without accounts gets the price by accounts while it is of now and higher.
  expect(await market.microLamports()).toBe(60n);
  clock.advance(10_000);
  expect(await market.microLamports()).toBe(5n);
  expect(asked).toEqual(['', 'a', 'a', '']);
});

test('the cap holds for every price, also after expiries', async () => {
  const { market } = marketOf({ a: [9e9], '': [9e9] }, 1_400n);
  expect(await market.microLamports(0, [A])).toBe(1_000n);
  expect(await market.microLamports(5, [A])).toBe(1_000n);
  expect(await market.microLamports(0)).toBe(1_000n);
});

test('an answer that is no list of fees is none', async () => {
  const connection = {} as Connection;
  carryWith(connection, async () => new Response('{"result":[{"prioritizationFee":"7"}]}'));
  const options = { priorityFeeMost: 1n, everyMs: 1, elapsedMs: () => 0 };
  const asked = createFeeMarket(connection, options).microLamports(0, [A]);
  await expect(asked).rejects.toMatchObject({ code: 'rpc_unavailable' });
});
