// Accrual parts: which openings a close or a reckoning falls under when terms have changed, and
// that parts add up to the whole.
import { describe, expect, test } from 'vitest';
import { type Agreement, bookingsOf } from '../../src/core/accrual.ts';
import type { Close } from '../../src/core/fact.ts';
import type { Movement } from '../../src/core/lot.ts';
import { madeClose } from '../support/made-close.ts';
import { agreed, termsOf } from '../support/terms.ts';

const A = termsOf(10, 'a', 1_000);
const B = termsOf(50, 'b', 2_000);
const C = termsOf(70, 'c', 3_000);
const opened = (slot: number, base: bigint, quote: bigint | null, more: object = {}): Movement =>
  ({ kind: 'open', slot, market: 0, position: 'long', base, quote, fee: 0n, ...more }) as Movement;
const close = (base: bigint, proceeds: bigint, entry: bigint, fee = 0n): Close =>
  madeClose(proceeds - entry - fee, {
    baseFilled: base,
    baseClosed: base,
    proceeds,
    entry,
    grossPnl: proceeds - entry,
    fee,
  });
const told = (agreement: Agreement, realised: Close, ...history: Movement[]) =>
  bookingsOf(realised, 90, agreement, history).map((each) => [
    each.terms?.creatorWallet ?? null,
    each.base,
    each.entry,
    each.netPnl,
  ]);

describe('a close', () => {
  test('of three openings under three terms: each its own, rounded so that all add up', () => {
    const history = [opened(20, 1n, 100n), opened(60, 1n, 110n), opened(80, 1n, 120n)];
    // 1,000 in three parts are 333, 333 and 334; a fee of 10 is 3, 3 and 4.
    const parts = told(agreed([A, B, C]), close(3n, 1_000n, 330n, 10n), ...history);
    expect(parts).toEqual([
      ['a', 1n, 100n, 333n - 100n - 3n],
      ['b', 1n, 110n, 333n - 110n - 3n],
      ['c', 1n, 120n, 334n - 120n - 4n],
    ]);
  });
  test('lots of other markets, and of the other direction, mix nothing into it', () => {
    const own = opened(20, 1n, 100n);
    const elsewhere = opened(60, 1n, 999n, { market: 1 });
    expect(told(agreed([A, B]), close(1n, 150n, 100n), own, elsewhere)).toEqual([
      ['a', 1n, null, 50n],
    ]);
    const short = opened(20, 1n, 999n, { position: 'short' });
    expect(told(agreed([A, B]), close(1n, 150n, 100n), short)).toEqual([['b', 1n, null, 50n]]);
  });
  test('a position opened unseen falls under the dearest terms between the first and the last unread', () => {
    const unread = (slot: number): Movement => ({ kind: 'unknown', slot });
    const of = (...slots: number[]) =>
      told(agreed([A, B, C]), close(1n, 150n, 100n), ...slots.map(unread))[0]?.[0];
    expect(of(20)).toBe('a');
    expect(of(20, 60)).toBe('b');
    expect(of(20, 30)).toBe('a');
    expect(of()).toBe('c');
  });
  test('a part from before the terms is booked, also when it earned nothing', () => {
    const agreement: Agreement = {
      ...agreed([A]),
      held: { slot: 9, positions: [{ market: 0, base: 1n, entry: 50n }] },
    };
    // Half of 100 for each; the old part cost 50, the copied one 30.
    expect(told(agreement, close(2n, 100n, 80n), opened(20, 1n, 30n))).toEqual([
      [null, 1n, 50n, 0n],
      ['a', 1n, 30n, 20n],
    ]);
  });
  test('parts from before the terms and from after the end are one, with one entry', () => {
    const ended = termsOf(50, 'a', 1_000, { ended: true });
    const agreement = (entry: bigint | null): Agreement => ({
      ...agreed([A, ended]),
      held: { slot: 9, positions: [{ market: 0, base: 1n, entry }] },
    });
    const history = [opened(20, 1n, 30n), opened(60, 1n, 70n)];
    const realised = close(3n, 300n, 150n);
    expect(told(agreement(50n), realised, ...history)[0]).toEqual([null, 2n, 120n, 80n]);
    // Where one entry is not told, both together have their share of the venue's.
    expect(told(agreement(null), realised, ...history)[0]?.[2]).toBe(100n);
  });
});

describe('a reckoning', () => {
  const reckoned = (held: { market: number; base: bigint; entry: bigint | null }[] | null) =>
    bookingsOf(
      { kind: 'reckoning', netPnl: 1_000n, afterSlot: 80, uptoSlot: 95, held },
      90,
      agreed([termsOf(10, 'dear', 3_000), termsOf(50, 'cheap', 1_000)]),
      [opened(20, 2n, 200n), opened(60, 1n, 100n)],
    ).map((each) => each.terms?.creatorWallet);

  test('falls under the terms of what was closed, where those are dearer', () => {
    expect(reckoned([])).toEqual(['dear']);
    expect(reckoned([{ market: 0, base: 2n, entry: 200n }])).toEqual(['cheap']);
    expect(reckoned([{ market: 0, base: 1n, entry: 100n }])).toEqual(['dear']);
  });
  test('falls under the terms of everything that is open, where the state does not tell', () =>
    expect(reckoned(null)).toEqual(['dear']));
});
