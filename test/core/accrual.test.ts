// Accrual: shares round down, and what rounding leaves is carried; losses are made good first where the terms say so; and each part of
// a close follows the terms under which it was opened.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Agreement,
  accrue,
  bookingsOf,
  EMPTY_TAB,
  type Terms,
  tabsAfter,
  termsAt,
} from '../../src/core/accrual.ts';
import type { Close } from '../../src/core/fact.ts';
import type { Movement } from '../../src/core/lots.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

const close = (netPnl: bigint, more: Partial<Close> = {}): Close => ({
  kind: 'close',
  market: 0,
  side: 'taker',
  position: 'long',
  cause: 'trade',
  baseFilled: 1n,
  baseClosed: 1n,
  proceeds: 0n,
  entry: 0n,
  grossPnl: netPnl,
  fee: 0n,
  netPnl,
  fillRecordId: 0n,
  oraclePrice: 0n,
  counterparty: null,
  ...more,
});
const agreed = (terms: Terms[], more: Partial<Agreement> = {}): Agreement => ({
  terms,
  held: NOTHING_HELD,
  tabs: {},
  ...more,
});
const perClose = { shareBps: 1_000, basis: 'per_close' } as const;
const highWater = { shareBps: 1_000, basis: 'high_water_mark' } as const;
const tab = (carry: bigint, deficit = 0n) => ({ carry, deficit });

describe('amounts', () => {
  test('floors to the unit and carries the rest', () => {
    expect(accrue(59_339_876n, perClose, EMPTY_TAB)).toEqual({
      charged: 59_339_876n,
      amount: 5_933_987n,
      tab: tab(6_000n),
    });
    expect(accrue(4n, perClose, tab(6_000n))).toMatchObject({ amount: 1n, tab: tab(0n) });
  });

  test('a loss owes nothing and leaves the carry alone', () => {
    expect(accrue(-50n, perClose, tab(77n))).toMatchObject({ amount: 0n, tab: tab(77n) });
  });

  test('with a high-water mark losses are made good before anything is owed', () => {
    const lost = accrue(-300n, highWater, EMPTY_TAB);
    expect(lost).toMatchObject({ amount: 0n, tab: tab(0n, 300n) });
    const less = accrue(200n, highWater, lost.tab);
    expect(less).toMatchObject({ charged: 0n, amount: 0n, tab: tab(0n, 100n) });
    expect(accrue(1_100n, highWater, less.tab)).toMatchObject({
      charged: 1_000n,
      amount: 100n,
      tab: tab(0n, 0n),
    });
  });

  test('over any series of wins the shares add up to the share of the sum', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt({ min: 1n, max: 10n ** 12n }), { maxLength: 50 }),
        fc.integer({ min: 0, max: 10_000 }),
        (wins, shareBps) => {
          let running = EMPTY_TAB;
          let owed = 0n;
          for (const win of wins) {
            const accrued = accrue(win, { ...perClose, shareBps }, running);
            owed += accrued.amount;
            running = accrued.tab;
          }
          const total = wins.reduce((sum, win) => sum + win, 0n) * BigInt(shareBps);
          expect(owed).toBe(total / 10_000n);
          expect(running.carry).toBe(total % 10_000n);
        },
      ),
    );
  });

  test('with a high-water mark the charges of any series add up to its highest running total', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), { maxLength: 60 }),
        (pnls) => {
          let running = EMPTY_TAB;
          let [charged, total, peak] = [0n, 0n, 0n];
          for (const pnl of pnls) {
            const accrued = accrue(pnl, highWater, running);
            charged += accrued.charged;
            running = accrued.tab;
            total += pnl;
            if (total > peak) peak = total;
            expect(running.deficit).toBe(peak - total);
          }
          expect(charged).toBe(peak);
        },
      ),
    );
  });
});

test('the terms in force are the latest that began at or before the slot', () => {
  const terms: Terms[] = [termsOf(20, 'b', 2_000), termsOf(10, 'a', 1_000)];
  expect(termsAt(terms, 9)).toBeNull();
  expect(termsAt(terms, 19)?.shareBps).toBe(1_000);
  expect(termsAt(terms, 20)?.shareBps).toBe(2_000);
});

describe('parts', () => {
  const opened = (slot: number, base: bigint, more: Partial<Movement> = {}): Movement =>
    ({ kind: 'open', slot, market: 0, position: 'long', base, ...more }) as Movement;
  const amounts = (found: ReturnType<typeof bookingsOf>) =>
    found.map((each) => [each.terms?.creatorWallet ?? null, each.netPnl, each.amount]);
  const both = agreed([termsOf(10, 'a', 1_000), termsOf(50, 'b', 2_000)]);

  test('moving a position between own sub-accounts owes nothing, and leaves no deficit behind', () => {
    const terms = agreed([termsOf(1, 'a', 1_000, { basis: 'high_water_mark' })]);
    for (const pnl of [1_000_000n, -1_000_000n]) {
      const [only, ...rest] = bookingsOf(close(pnl, { cause: 'transfer' }), 9, terms, []);
      expect(only).toMatchObject({ terms: null, amount: 0n });
      expect(rest).toEqual([]);
      expect(tabsAfter(terms.tabs, [only as never])).toEqual({});
    }
  });

  test('what was opened under the old terms owes by them, whenever it closes', () => {
    const found = bookingsOf(close(1_000n, { baseClosed: 5n }), 90, both, [opened(20, 5n)]);
    expect(amounts(found)).toEqual([['a', 1_000n, 100n]]);
  });

  test('first opened, first closed: a crumb kept open does not bring old terms over what came later', () => {
    const history = [opened(20, 1n), opened(60, 9n)];
    const found = bookingsOf(close(1_003n, { baseClosed: 10n }), 90, both, history);
    expect(amounts(found)).toEqual([
      ['a', 100n, 10n],
      ['b', 903n, 180n],
    ]);
    const partly = [
      ...history,
      { kind: 'close', slot: 70, market: 0, position: 'long', baseClosed: 1n } as const,
    ];
    expect(amounts(bookingsOf(close(900n, { baseClosed: 9n }), 90, both, partly))).toEqual([
      ['b', 900n, 180n],
    ]);
  });

  test('what was held before anything was agreed owes nothing; another market is another position', () => {
    const held = { slot: 9, positions: [{ market: 0, base: 4n }] };
    const agreement = agreed([termsOf(10, 'a', 1_000)], { held });
    expect(amounts(bookingsOf(close(400n, { baseClosed: 4n }), 90, agreement, []))).toEqual([
      [null, 400n, 0n],
    ]);
    const other = [opened(20, 4n, { market: 3 } as never)];
    const found = bookingsOf(close(400n, { market: 3, baseClosed: 4n }), 90, agreement, other);
    expect(amounts(found)).toEqual([['a', 400n, 40n]]);
    // Held short, and closed past zero: the rest is a position of its own.
    const short = agreed([termsOf(10, 'a', 1_000)], {
      held: { slot: 9, positions: [{ market: 0, base: -4n }] },
    });
    const flipped = [
      { kind: 'close', slot: 20, market: 0, position: 'short', baseClosed: 4n } as const,
      opened(20, 2n),
    ];
    expect(amounts(bookingsOf(close(50n, { baseClosed: 2n }), 90, short, flipped))).toEqual([
      ['a', 50n, 5n],
    ]);
  });

  test('after the end what was opened before still owes, and what is opened later does not', () => {
    const ended = agreed([termsOf(10, 'a', 1_000), termsOf(50, 'a', 1_000, { ended: true })]);
    const history = [opened(20, 3n), opened(60, 1n)];
    expect(amounts(bookingsOf(close(400n, { baseClosed: 4n }), 90, ended, history))).toEqual([
      ['a', 300n, 30n],
      [null, 100n, 0n],
    ]);
  });

  test('an opening that was hidden counts from where it may have been hidden', () => {
    const ended = agreed([termsOf(10, 'a', 1_000), termsOf(50, 'a', 1_000, { ended: true })]);
    const hidden: Movement[] = [{ kind: 'unknown', slot: 30 }];
    expect(amounts(bookingsOf(close(400n, { baseClosed: 4n }), 90, ended, hidden))).toEqual([
      ['a', 400n, 40n],
    ]);
    const reckoning = {
      kind: 'reckoning',
      netPnl: 700n,
      afterSlot: 60,
      uptoSlot: 80,
      held: [],
    } as const;
    expect(amounts(bookingsOf(reckoning, 70, ended, [opened(20, 3n)]))).toEqual([['a', 700n, 70n]]);
    expect(amounts(bookingsOf(reckoning, 70, ended, []))).toEqual([[null, 700n, 0n]]);
    // What the account then holds is what is left of the lots.
    const seen: Movement[] = [opened(20, 3n), { ...reckoning, slot: 70 }, opened(75, 3n)];
    expect(amounts(bookingsOf(close(300n, { baseClosed: 3n }), 90, ended, seen))).toEqual([
      [null, 300n, 0n],
    ]);
  });

  test('parts add up to the whole, whatever was opened when, and so do tabs', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.integer({ min: 1, max: 99 }), fc.bigInt({ min: 1n, max: 10n ** 9n })),
          {
            minLength: 1,
            maxLength: 12,
          },
        ),
        fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
        fc.bigInt({ min: 1n, max: 10n ** 10n }),
        (opens, netPnl, baseClosed) => {
          const history = opens
            .sort((one, other) => one[0] - other[0])
            .map(([slot, base]) => opened(slot, base));
          const found = bookingsOf(close(netPnl, { baseClosed }), 100, both, history);
          expect(found.reduce((sum, each) => sum + each.netPnl, 0n)).toBe(netPnl);
          expect(found.reduce((sum, each) => sum + (each.base ?? 0n), 0n)).toBe(baseClosed);
          for (const { amount, charged, before, after, terms } of found)
            if (terms !== null)
              expect(amount * 10_000n + after.carry).toBe(
                charged * BigInt(terms.shareBps) + before.carry,
              );
        },
      ),
    );
  });
});
