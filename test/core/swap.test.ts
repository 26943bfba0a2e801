// Swap: what the mandate of a swap lets pass, to the unit, and each thing that it does not.
import { describe, expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import { COMPUTE_UNITS_MOST } from '../../src/core/payment-rules.ts';

import { type SwapEffect, type SwapMandate, swapObjections } from '../../src/core/swap.ts';

const address = (name: string) => name as Address;
const mandate: SwapMandate = {
  agent: address('agent'),
  source: address('usdc'),
  wrapped: address('wrapped'),
  wrappedMint: address('sol'),
  amount: 100n,
  amountMost: 100n,
  slippageBpsMost: 50,
  lamportsLeast: 995n,
  priorityFeeMost: 1_000n,
};
const swap = {
  effect: 'swap',
  authority: mandate.agent,
  source: mandate.source,
  destination: mandate.wrapped,
  destinationMint: mandate.wrappedMint,
  amountIn: 100n,
  quotedOut: 1_000n,
  slippageBps: 50,
  platformFeeBps: 0,
} as const satisfies SwapEffect;
const close = {
  effect: 'close_account',
  account: mandate.wrapped,
  destination: mandate.agent,
  authority: mandate.agent,
} as const satisfies SwapEffect;
const create = {
  effect: 'create_token_account',
  payer: mandate.agent,
  account: mandate.wrapped,
  owner: mandate.agent,
  mint: mandate.wrappedMint,
} as const satisfies SwapEffect;
const limit = (units: number) => ({ effect: 'compute_limit', units }) as const;
const price = (microLamports: bigint) => ({ effect: 'compute_price', microLamports }) as const;
const objections = (...effects: SwapEffect[]) => swapObjections(mandate.agent, effects, mandate);
const beside = (effect: SwapEffect) => objections(effect, swap, close);
const thief = address('thief');

test('the planned swap passes, up to every limit', () => {
  expect(objections(limit(COMPUTE_UNITS_MOST), price(714n), create, swap, close)).toEqual([]);
});

test('a compute limit, or a fee, beyond the most', () => {
  expect(beside(limit(COMPUTE_UNITS_MOST + 1))).toEqual([
    `compute limit ${COMPUTE_UNITS_MOST + 1}`,
  ]);
  // Of 1,400,000 units at 715 micro-lamports the fee is 1,001 lamports.
  expect(COMPUTE_UNITS_MOST).toBe(1_400_000);
  expect(beside(price(715n))).toEqual(['priority fee could reach 1001 lamports']);
});

test('a fee of exactly the most passes', () => {
  const exact = { ...mandate, priorityFeeMost: 1_001n };
  expect(swapObjections(mandate.agent, [price(715n), swap, close], exact)).toEqual([]);
});

describe('an account', () => {
  test.each<[string, Partial<typeof create>]>([
    ['elsewhere', { account: thief as never }],
    ['of somebody else', { owner: thief as never }],
    ['of another mint', { mint: thief as never }],
  ])('%s is not created', (_, change) => {
    const made = { ...create, ...change };
    expect(beside(made)).toEqual([`creates an account of ${made.owner}`]);
  });
  test('is not created at the cost of somebody else', () =>
    expect(beside({ ...create, payer: thief })).toEqual(['rent is charged to thief']));
  test.each<[Partial<typeof close>, RegExp]>([
    [{ account: thief as never }, /^closes thief/],
    [{ destination: thief as never }, /^sends the SOL to thief/],
    [{ authority: thief as never }, /^sends the SOL to agent/],
  ])('is closed as planned', (change, why) =>
    expect(objections(swap, { ...close, ...change })).toEqual([expect.stringMatching(why)]),
  );
});

test.each<[Partial<SwapEffect & { effect: 'swap' }>, string]>([
  [{ authority: thief }, 'swaps by authority of thief'],
  [{ source: thief }, 'swaps out of thief'],
  [{ destination: thief }, 'swaps into thief'],
  [{ destinationMint: thief }, 'swaps for thief'],
  [{ amountIn: 99n }, 'swaps 99, not 100'],
  [{ amountIn: 101n }, 'swaps 101, not 100'],
  [{ platformFeeBps: 1 }, 'pays a platform fee of 1 bps'],
  [{ slippageBps: 51, quotedOut: 2_000n }, 'slippage of 51 bps'],
  [{ quotedOut: 999n }, 'may bring only 994 lamports'],
])('%o is refused', (change, why) =>
  expect(objections({ ...swap, ...change } as SwapEffect, close)).toEqual([why]),
);

test('effects of a payment have no place in a swap', () => {
  const effects = [
    'transfer',
    'create_seeded_account',
    'initialize_token_account',
    'close_token_account',
    'memo',
    'settle',
    'withdraw',
  ] as const;
  for (const effect of effects)
    expect(beside({ effect: effect } as SwapEffect)).toEqual([`does a ${effect}`]);
  expect(beside({ effect: 'unknown', program: thief } as SwapEffect)).toEqual([
    'calls program thief',
  ]);
});

test('one swap, one closing, and each preparation once', () => {
  expect(objections(close)).toEqual(['has 0 swaps, exactly one is due']);
  expect(objections(swap, swap, close)).toEqual(['has 2 swaps, exactly one is due']);
  for (const closings of [[], [close, close]])
    expect(objections(swap, ...closings)).toEqual([expect.stringMatching(/stays open/)]);
  for (const twice of [limit(1), price(1n), create])
    expect(objections(twice, twice, swap, close)).toEqual([`has more than one ${twice.effect}`]);
});

test('the agent pays the fee', () =>
  expect(swapObjections(thief, [swap, close], mandate)).toEqual(['fee payer is thief']));
