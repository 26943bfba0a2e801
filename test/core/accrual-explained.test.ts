// Accrual: whether a close's own record shows that every opening before it was heard, and what it
// leaves of the position and tabs.
import { describe, expect, test } from 'vitest';
import { accrualOf, tabsAfter } from '../../src/core/accrual.ts';
import type { Close } from '../../src/core/fact.ts';
import type { Movement } from '../../src/core/lot.ts';
import { madeClose } from '../support/made-close.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

const TERMS = [termsOf(10, 'a', 1_000)];
const AGREED = { terms: TERMS, held: NOTHING_HELD, tabs: {} };
const opened = (slot: number, base: bigint, more: object = {}): Movement =>
  ({
    kind: 'open',
    slot,
    market: 0,
    position: 'long',
    base,
    quote: base * 100n,
    fee: 0n,
    ...more,
  }) as Movement;
/** A close of so much at 150 each, with the entry that the venue's record tells. */
const close = (base: bigint, entry: bigint, more: Partial<Close> = {}): Close =>
  madeClose(150n * base - entry, {
    baseFilled: base,
    baseClosed: base,
    proceeds: 150n * base,
    entry,
    ...more,
  });
const told = (realised: Close, history: Movement[]) => {
  const { explained, flat } = accrualOf(realised, 90, AGREED, history);
  return { explained, flat };
};

describe('a close is explained', () => {
  const history = [opened(20, 3n), opened(30, 1n)];
  test('when its entry is the average of what was heard; it leaves nothing when it closes all', () => {
    expect(told(close(4n, 400n), history)).toEqual({ explained: true, flat: true });
    expect(told(close(2n, 200n), history)).toEqual({ explained: true, flat: false });
  });
  test('short positions as well', () => {
    const short = [opened(20, 4n, { position: 'short' })];
    const sold = { position: 'short' } as const;
    expect(told(close(4n, 400n, sold), short)).toEqual({ explained: true, flat: true });
    expect(told(close(2n, 200n, sold), short)).toEqual({ explained: true, flat: false });
    expect(told(close(4n, 400n), short)).toEqual({ explained: false, flat: false });
    expect(told(close(4n, 400n, sold), history)).toEqual({ explained: false, flat: false });
  });
  test('not when the entry is another, more is closed than was heard of, or nothing was', () => {
    expect(told(close(4n, 401n), history)).toEqual({ explained: false, flat: false });
    expect(told(close(5n, 500n), history)).toEqual({ explained: false, flat: false });
    expect(told(close(4n, 400n), [])).toEqual({ explained: false, flat: false });
    expect(told(close(4n, 400n, { market: 1 }), history)).toEqual({
      explained: false,
      flat: false,
    });
  });
  test('not when an opening did not tell its price', () => {
    const untold = [opened(20, 4n, { quote: null })];
    expect(told(close(4n, 400n), untold)).toEqual({ explained: false, flat: false });
  });
  test('and a reckoning never is', () => {
    const reckoning = { kind: 'reckoning', netPnl: 50n, afterSlot: 20, held: null } as never;
    expect(accrualOf(reckoning, 90, AGREED, history)).toMatchObject({
      explained: false,
      flat: false,
      bookings: [{ netPnl: 50n, amount: 5n }],
    });
  });
});

test('the tabs after a booking keep every other tab, and parts without terms leave them alone', () => {
  const other = { carry: 1n, deficit: 2n };
  const { bookings } = accrualOf(close(4n, 401n), 90, AGREED, [opened(20, 4n)]);
  expect(tabsAfter({ 99: other }, bookings)).toEqual({
    99: other,
    10: { carry: 9_000n, deficit: 0n },
  });
  const unagreed = { ...AGREED, terms: [termsOf(50, 'a', 1_000)] };
  const before = accrualOf(close(4n, 400n), 90, unagreed, [opened(20, 4n)]);
  expect(before.bookings).toMatchObject([{ terms: null, charged: 200n, amount: 0n }]);
  expect(tabsAfter({ 99: other }, before.bookings)).toEqual({ 99: other });
});

test('openings before the terms and after their end are one part, with the earliest opening', () => {
  const held = { slot: 9, positions: [{ market: 0, base: 4n, entry: 320n }] };
  const ended = [termsOf(10, 'a', 1_000), termsOf(50, 'a', 1_000, { ended: true })];
  const history = [opened(20, 3n, { fee: 7n }), opened(60, 1n, { quote: 130n, fee: 2n })];
  const { bookings } = accrualOf(
    close(8n, 750n, { fee: 8n, netPnl: 442n }),
    90,
    { terms: ended, held, tabs: {} },
    history,
  );
  // 8 are sold at 150, with a fee of 1 each: the three at 100 bring 450 - 300 - 3 - 7.
  expect(bookings.map(({ after, before, charged, ...each }) => each)).toMatchObject([
    { terms: null, base: 5n, openedSlot: 9, openingFee: 2n, netPnl: 442n - 9n - 140n, amount: 0n },
    { terms: { creatorWallet: 'a' }, base: 3n, openedSlot: 20, entry: 300n, netPnl: 140n },
  ]);
});
