// Outflow sums: what several parts of one transaction come to in the judgement.

import { expect, test } from 'vitest';
import type { Outflow } from '../../src/core/fact.ts';
import type { Address, Signature } from '../../src/core/ids.ts';
import { type HeardOutflow, leftEvents } from '../../src/core/outflow.ts';
import { classifyOutflows, QUOTES, WITHDRAWAL } from '../support/classes.ts';

const heard = (key: string, given: Partial<Outflow>, slot = 10, signature = 'sig') => ({
  key,
  signature: signature as Signature,
  slot,
  ours: false,
  body: { ...WITHDRAWAL, ...given },
  at: { slot, blockIndex: 0, ordinal: 0 },
});
const nobody = { creators: new Set<string>(), appointed: new Set<string>() };
const amounts = (...outflows: ReturnType<typeof heard>[]) =>
  leftEvents(outflows, [], QUOTES, nobody).map((each) => 'amount' in each && each.amount);

test('parts of one token in one transaction are told as their sum, others by themselves', () => {
  expect(amounts(heard('a', {}), heard('b', { amount: 7n }))).toEqual([107n, 107n]);
  expect(amounts(heard('a', {}), heard('b', {}, 11))).toEqual([100n, 100n]);
  expect(amounts(heard('a', {}), heard('b', {}, 10, 'other'))).toEqual([100n, 100n]);
  const mint = 'another' as Address;
  expect(amounts(heard('a', {}), heard('b', { mint, amount: 7n }))).toEqual([100n, 7n]);
  const sol = { mint: null, decimals: 9, amount: 9n } as const;
  expect(amounts(heard('a', sol), heard('b', { mint, amount: 7n }))).toEqual([9n, 7n]);
});

test('a token that is not told is no SOL, unless SOL itself was sent', () => {
  const large = 10n ** 12n;
  const what = (given: Partial<Outflow>) =>
    leftEvents([heard('a', { amount: large, ...given })], [], QUOTES, nobody).map(
      (each) => 'what' in each && each.what,
    );
  const untold = { mint: null, decimals: null } as const;
  expect(what(untold)).toEqual(['1000000000000 base units of an unknown token']);
  expect(what({ ...untold, route: 'sol_transfer' })).toEqual(['1000.000000000 SOL']);
  expect(what({ mint: 'another' as Address, decimals: 9 })).toEqual(['1000.000000000 another']);
});

test('a swap for SOL is the daemon’s only in the quote token', () => {
  const topUp = { amountMost: 100n, lamportsLeast: 5n, everySlots: 10 };
  const classOf = (given: Partial<Outflow>) => {
    const swap: HeardOutflow = heard('a', { route: 'token_transfer', brought: 5n, ...given });
    return classifyOutflows([swap], [], QUOTES, { ...nobody, topUp }).get('a');
  };
  expect(classOf({})).toBe('ours');
  expect(classOf({ mint: 'another' as Address })).toBe('outflow');
});

test('of swaps in one slot the first by signature is the daemon’s, in whatever order they were heard', () => {
  const topUp = { amountMost: 100n, lamportsLeast: 5n, everySlots: 10 };
  const swaps = ['s1', 's2'].map((signature) =>
    heard(signature, { route: 'token_transfer', brought: 5n, amount: 100n }, 10, signature),
  );
  for (const order of [swaps, swaps.toReversed()]) {
    const classes = classifyOutflows(order, [], QUOTES, { ...nobody, topUp });
    expect(classes.get('s1')).toBe('ours');
    expect(classes.get('s2')).not.toBe('ours');
  }
});
