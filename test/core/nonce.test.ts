// Nonce: the rule of a lane whose payments are signed under a durable nonce.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Signature } from '../../src/core/ids.ts';
import {
  type LaneRecord,
  laneStep,
  nextPrice,
  outcomeOf,
  routePrice,
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
const holds = (value: string) => ({ seen: 'value', value }) as const;

describe('the next step of a lane', () => {
  const live = { value: 'n1', variants: [variant('a')] };
  test.each<[string, LaneRecord, Parameters<typeof laneStep>[1], object]>([
    [
      'nothing signed, no account',
      { noted: null, live: null },
      { seen: 'absent' },
      { do: 'create' },
    ],
    ['the noted value', { noted: 'n1', live: null }, holds('n1'), { do: 'plan', under: 'n1' }],
    ['a live payment, and its value', { noted: 'n1', live }, holds('n1'), { do: 'send' }],
    ['a live payment, another value', { noted: 'n1', live }, holds('n2'), { do: 'tell' }],
    [
      'another value, and nothing that moved it',
      { noted: 'n1', live: null },
      holds('n2'),
      { do: 'compare', value: 'n2' },
    ],
    [
      'an account of a ledger that was lost',
      { noted: null, live: null },
      holds('n7'),
      { do: 'compare', value: 'n7' },
    ],
  ])('%s', (_, record, reading, step) => expect(laneStep(record, reading)).toEqual(step));

  test('an account that is gone, or that the authority cannot use, is for a person', () => {
    for (const record of [
      { noted: 'n1', live: null },
      { noted: null, live },
    ])
      expect(laneStep(record, { seen: 'absent' })).toMatchObject({ do: 'stop' });
    const why = 'The nonce account has the authority another.';
    expect(laneStep({ noted: 'n1', live }, { seen: 'unusable', why })).toEqual({ do: 'stop', why });
  });
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
    ...{ afterMs: 8_000, riseBps: 5_000n, microLamportsMost: 5_000n },
    ...{ variantsMost: 3, routesMost: 1 },
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

/** A nonce on chain: the first transaction that names its value is executed, and moves it. */
function createChain() {
  let moves = 0;
  const executed: Signature[] = [];
  return {
    value: () => `n${moves}`,
    executed,
    /** Whether the chain executed the transaction. */
    submit(signature: Signature, under: string): boolean {
      if (under !== `n${moves}` || executed.includes(signature)) return false;
      moves++;
      executed.push(signature);
      return true;
    },
  };
}

test('whatever is lost, delayed or restored, no debt is paid by two transactions', () => {
  type Act = 'work' | 'variant' | 'arrive' | 'copy' | 'restore';
  const act = fc.constantFrom<Act>(
    'work',
    'work',
    'variant',
    'arrive',
    'arrive',
    'copy',
    'restore',
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(act, fc.nat(20)), { maxLength: 120 }), (acts) => {
      const chain = createChain();
      /**
       * Every transaction that was ever signed, with its nonce value and the debt it pays: each may
       * still arrive.
       */
      const signed: { signature: Signature; under: string; debt: number }[] = [];
      type Books = LaneRecord & { readonly paid: number };
      let books: Books = { noted: chain.value(), live: null, paid: 0 };
      let copy = books;
      const sign = (under: string): Variant => {
        const one = variant(`tx${signed.length}`);
        signed.push({ signature: one.signature, under, debt: books.paid });
        return one;
      };
      const debtOf = (signature: Signature) =>
        signed.find((each) => each.signature === signature)?.debt ?? -1;
      for (const [what, which] of acts) {
        if (what === 'copy') copy = books;
        if (what === 'restore') books = copy;
        if (what === 'arrive') {
          const sent = signed[which % Math.max(1, signed.length)];
          if (sent !== undefined) chain.submit(sent.signature, sent.under);
        }
        const step = laneStep(books, holds(chain.value()));
        const { live } = books;
        if (what === 'variant' && step.do === 'send' && live !== null)
          books = { ...books, live: { ...live, variants: [...live.variants, sign(live.value)] } };
        if (what !== 'work') continue;
        if (step.do === 'plan')
          books = { ...books, live: { value: step.under, variants: [sign(step.under)] } };
        if (step.do === 'compare') {
          // The chain's history shows every debt that was paid.
          const paid = Math.max(-1, ...chain.executed.map(debtOf)) + 1;
          books = { noted: step.value, live: null, paid: Math.max(books.paid, paid) };
        }
        if (step.do !== 'tell' || live === null) continue;
        const mover = signed.find(
          ({ signature, under }) => under === live.value && chain.executed.includes(signature),
        );
        const told = outcomeOf(
          live.variants,
          mover === undefined ? null : { signature: mover.signature, slot: 1, error: null },
        );
        if (told.became === 'paid')
          books = { noted: chain.value(), live: null, paid: debtOf(told.signature) + 1 };
        // The nonce was moved by a variant that the restored copy lacks: the history shows which
        // debt it paid.
        else books = { noted: null, live: null, paid: books.paid };
      }
      const debts = chain.executed.map(debtOf);
      expect(new Set(debts).size, `paid: ${debts.join()}`).toBe(debts.length);
    }),
    { numRuns: 400 },
  );
});
