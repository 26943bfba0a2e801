// Clearance: which outflows a permission covers, and what a subscriber is told otherwise.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Clearance,
  type ClearedOutflow,
  clearedAmounts,
  clearedOutflows,
  whyBlocked,
} from '../../src/core/clearance.ts';
import { ERROR_CLASSES } from '../../src/core/payment.ts';

const clearance = (
  id: string,
  grantedSlot: number,
  amount: bigint | null,
  untilSlot = grantedSlot + 10,
): Clearance => ({
  id,
  purpose: amount === null ? 'close' : 'withdraw',
  amount,
  grantedSlot,
  untilSlot,
  tradedSlot: null,
});
const outflow = (key: string, slot: number, amount: bigint, isQuote = true): ClearedOutflow => ({
  key,
  slot,
  amount,
  isQuote,
});

test('covers what was asked for, in its time, once', () => {
  const given = [clearance('a', 10, 100n)];
  expect([...clearedOutflows(given, [outflow('x', 10, 60n), outflow('y', 20, 40n)])]).toEqual([
    'x',
    'y',
  ]);
  expect([...clearedOutflows(given, [outflow('x', 10, 60n), outflow('y', 11, 41n)])]).toEqual([
    'x',
  ]);
  expect([...clearedOutflows(given, [outflow('x', 9, 1n), outflow('y', 21, 1n)])]).toEqual([]);
  expect([...clearedOutflows(given, [outflow('x', 12, 1n, false)])]).toEqual([]);
});

test('one for closing covers everything in its time, in any token', () => {
  const given = [clearance('a', 10, null)];
  expect([
    ...clearedOutflows(given, [outflow('x', 12, 10n ** 12n), outflow('y', 13, 5n, false)]),
  ]).toEqual(['x', 'y']);
});

test('covers an outflow up to its amount, and the excess is judged', () => {
  const given = [clearance('a', 10, 100n), clearance('b', 11, 20n)];
  const left = [outflow('x', 12, 90n), outflow('y', 13, 50n)];
  expect([...clearedAmounts(given, left)]).toEqual([
    ['x', 90n],
    ['y', 30n],
  ]);
});

test('one for closing covers nothing after the subscriber has traded again', () => {
  const given = [{ ...clearance('a', 10, null), tradedSlot: 13 }];
  const left = [outflow('x', 13, 5n), outflow('y', 14, 5n)];
  expect([...clearedOutflows(given, left)]).toEqual(['x']);
});

test('does not depend on the order in which anything was heard, and never covers more than was granted', () => {
  const grants = fc.uniqueArray(
    fc.record({
      id: fc.string({ minLength: 1 }),
      slot: fc.integer({ min: 0, max: 30 }),
      amount: fc.bigInt({ min: 1n, max: 50n }),
    }),
    { maxLength: 5, selector: (each) => each.id },
  );
  const flows = fc.uniqueArray(
    fc.record({
      key: fc.string({ minLength: 1 }),
      slot: fc.integer({ min: 0, max: 40 }),
      amount: fc.bigInt({ min: 1n, max: 50n }),
    }),
    { maxLength: 8, selector: (each) => each.key },
  );
  fc.assert(
    fc.property(grants, flows, (some, others) => {
      const given = some.map((each) => clearance(each.id, each.slot, each.amount));
      const left = others.map((each) => outflow(each.key, each.slot, each.amount));
      const cleared = clearedOutflows(given, left);
      expect(clearedOutflows([...given].reverse(), [...left].reverse())).toEqual(cleared);
      const total = left
        .filter((each) => cleared.has(each.key))
        .reduce((sum, each) => sum + each.amount, 0n);
      expect(total <= given.reduce((sum, each) => sum + (each.amount ?? 0n), 0n)).toBe(true);
    }),
  );
});

test('every kind of trouble is a sentence that says what to do', () => {
  for (const each of [...ERROR_CLASSES, null]) {
    const said = whyBlocked(
      4_454_983n,
      each === null ? null : { class: each, code: 'some_code', detail: '' },
    );
    expect(said).toContain('4.454983 USDC');
    expect(said).toMatch(/(ask again|Ask again|Contact your platform)/);
  }
});

test("the venue's own limit is no reason to close positions", () => {
  const limited = whyBlocked(5_000_000n, {
    class: 'venue_limited',
    code: 'venue_6128',
    detail: '',
  });
  expect(limited).toContain('Drift lets nobody withdraw more just now');
  expect(limited).not.toMatch(/Close or reduce a position/);
});
