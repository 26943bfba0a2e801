// Nonce: what became of a payment under a nonce, and the price of another variant.
import { describe, expect, test } from 'vitest';
import type { Address, Signature } from '../../src/core/ids.ts';
import {
  nextPrice,
  outcomeOf,
  routePrice,
  showsClosed,
  type Variant,
} from '../../src/core/nonce.ts';

const named = (name: string) => name as Signature;
const variant = (name: string, more: Partial<Variant> = {}): Variant => ({
  purpose: 'payment',
  signature: named(name),
  microLamports: 1_000n,
  signedAtMs: 0,
  ...more,
});

test('a transaction shows a nonce account closed when the account has nothing before or after it', () => {
  const [nonce, other] = ['nonce', 'other'] as [Address, Address];
  const seen = (before: bigint, after: bigint, more = {}) =>
    showsClosed(
      {
        error: null,
        keys: [other, nonce],
        lamports: { before: [0n, before], after: [0n, after] },
        ...more,
      },
      nonce,
    );
  expect([seen(9n, 0n), seen(0n, 9n), seen(9n, 9n), seen(9n, 1n)]).toEqual([
    true,
    true,
    false,
    false,
  ]);
  // A transaction that failed closed nothing; a node may tell no balances, or other accounts.
  expect(seen(9n, 0n, { error: 'x' })).toBe(false);
  expect(seen(9n, 0n, { lamports: null })).toBe(false);
  expect(seen(9n, 0n, { keys: [other] })).toBe(false);
});

describe('what became of a payment whose nonce has moved', () => {
  const both = [variant('a'), variant('b')];
  const moved = (name: string, error: unknown = null) => ({
    signature: named(name),
    slot: 9,
    error,
  });

  test('the variant that was executed tells, whichever it is', () => {
    expect(outcomeOf(both, moved('b'))).toEqual({ became: 'paid', signature: 'b', slot: 9 });
    const error = { InstructionError: [3, { Custom: 1 }] };
    expect(outcomeOf(both, moved('a', error))).toEqual({
      became: 'failed',
      signature: 'a',
      slot: 9,
      error,
    });
    const cancelled = [variant('a'), variant('c', { purpose: 'cancel' })];
    expect(outcomeOf(cancelled, moved('c'))).toMatchObject({ became: 'cancelled' });
    expect(outcomeOf(cancelled, moved('c', error))).toMatchObject({ became: 'cancelled' });
  });
  test('while no node shows what moved it, nothing is concluded', () => {
    expect(outcomeOf(both, null)).toMatchObject({ became: 'untold' });
  });
  test('another transaction under the value ends every variant', () => {
    expect(outcomeOf(both, moved('x'))).toEqual({ became: 'overtaken', signature: 'x', slot: 9 });
  });
});

describe('the price of another variant', () => {
  const policy = {
    afterMs: 8_000,
    riseBps: 5_000n,
    microLamportsMost: 5_000n,
    variantsMost: 3,
    routesMost: 1,
  };
  const price = (variants: Variant[], nowMs: number, market = 100n) =>
    nextPrice(variants, nowMs, market, policy);
  test('rises by half after eight seconds, or to the market, up to the cap', () => {
    expect(price([], 0)).toBe(100n);
    expect(price([], 0, 9_000n)).toBe(5_000n);
    expect(price([variant('a')], 7_999)).toBeNull();
    expect(price([variant('a')], 8_000)).toBe(1_500n);
    // The time counts from the last variant.
    expect(price([variant('a', { signedAtMs: 4_000 })], 11_999)).toBeNull();
    expect(price([variant('a', { signedAtMs: 4_000 })], 12_000)).toBe(1_500n);
    expect(price([variant('a')], 8_000, 4_000n)).toBe(4_000n);
    expect(price([variant('a', { microLamports: 4_000n })], 8_000)).toBe(5_000n);
    expect(price([variant('a', { microLamports: 1_001n })], 8_000)).toBe(1_502n);
  });
  test('there is none at the cap, after the last one, and beside a cancellation', () => {
    expect(price([variant('a', { microLamports: 5_000n })], 8_000)).toBeNull();
    expect(price([variant('a'), variant('b'), variant('c')], 99_000)).toBeNull();
    expect(price([variant('a'), variant('c', { purpose: 'cancel' })], 99_000)).toBeNull();
  });
  test('another route is signed at the last price, once more than the price may rise', () => {
    const route = (variants: Variant[], nowMs: number) => routePrice(variants, nowMs, policy);
    const full = [variant('a'), variant('b'), variant('c', { microLamports: 5_000n })];
    expect(route([], 0)).toBeNull();
    expect(route(full, 7_999)).toBeNull();
    expect(route(full, 8_000)).toBe(5_000n);
    expect(route([...full, variant('d')], 99_000)).toBeNull();
    expect(route([variant('a'), variant('c', { purpose: 'cancel' })], 99_000)).toBeNull();
  });
});
