// Bookable: which final closes are booked at once, and which wait for account state.
import { describe, expect, test } from 'vitest';
import type { Agreement } from '../../src/core/accrual.ts';
import { isBookable, isPlain, isVouched } from '../../src/core/bookable.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

const PLAIN: Agreement = { terms: [termsOf(10, 'a', 1_000)], held: NOTHING_HELD, tabs: {} };
const MARKED: Agreement = {
  ...PLAIN,
  terms: [termsOf(10, 'a', 1_000, { basis: 'high_water_mark' })],
};

test('terms are plain when there is one, per close, uncapped, and nothing was held before', () => {
  expect(isPlain(PLAIN)).toBe(true);
  expect(isPlain(MARKED)).toBe(false);
  expect(isPlain({ ...PLAIN, terms: [...PLAIN.terms, termsOf(50, 'a', 500)] })).toBe(false);
  expect(isPlain({ ...PLAIN, terms: [] })).toBe(false);
  const capped = termsOf(10, 'a', 1_000, { capPerPeriod: 5n, periodSlots: 100 });
  expect(isPlain({ ...PLAIN, terms: [capped] })).toBe(false);
  const held = { slot: 9, positions: [{ market: 0, base: 1n, entry: 1n }] };
  expect(isPlain({ ...PLAIN, held })).toBe(false);
  expect(isPlain({ ...PLAIN, held: { ...NOTHING_HELD, open: 'from_slot' } })).toBe(false);
});

describe('a close', () => {
  test('under plain terms is booked before its account was read', () => {
    expect(isBookable(PLAIN, 20, null)).toBe(true);
    expect(isBookable(PLAIN, 20, 19)).toBe(true);
  });
  test('under other terms waits for the slot up to which its account is proven', () => {
    expect(isBookable(MARKED, 20, null)).toBe(false);
    expect(isBookable(MARKED, 20, 19)).toBe(false);
    expect(isBookable(MARKED, 20, 20)).toBe(true);
  });
  test('between the first terms and later ones is booked', () => {
    const changed = { ...PLAIN, terms: [...PLAIN.terms, termsOf(50, 'a', 500)] };
    expect(isBookable(changed, 20, 20)).toBe(true);
  });
  test('before the first terms, or before the books begin, is not booked', () => {
    expect(isBookable(PLAIN, 9, 50)).toBe(false);
    expect(isBookable(PLAIN, 10, 50)).toBe(true);
    expect(isBookable({ ...PLAIN, booksFrom: 30 }, 29, 50)).toBe(false);
    expect(isBookable({ ...PLAIN, booksFrom: 30 }, 30, 50)).toBe(true);
  });
  test('is vouched for by a state of its slot or later, and where no state was read', () => {
    expect([null, 19, 20].map((proven) => isVouched(20, proven))).toEqual([true, false, true]);
  });
});
