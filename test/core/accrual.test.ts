// Accrual: shares round down, and what rounding leaves is carried; losses are made good first where
// the terms say so; and each part of a close follows the terms under which it was opened.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bookingsOf } from '../../src/core/accrual.ts';
import { accrue as chargeOf, EMPTY_TAB, type Rates, type Tab } from '../../src/core/charge.ts';
import type { Close } from '../../src/core/fact.ts';
import type { Movement } from '../../src/core/lot.ts';
import { BASES } from '../../src/core/terms.ts';
import { madeClose } from '../support/made-close.ts';
import { agreed, termsOf } from '../support/terms.ts';

/** The charge of a close under terms without further rules. */
const accrue = (profit: bigint, terms: Pick<Rates, 'shareBps' | 'basis'>, tab: Tab) =>
  chargeOf(profit, 1, { ...termsOf(0, 'creator', 0), ...terms }, tab);
const perClose = { shareBps: 1_000, basis: 'per_close' } as const;
const highWater = { shareBps: 1_000, basis: 'high_water_mark' } as const;
test('a basis that the rule does not know is refused, and every known one is computed', () => {
  for (const basis of BASES)
    expect(() => accrue(5n, { shareBps: 1_000, basis }, EMPTY_TAB)).not.toThrow();
  for (const basis of ['half_recovery', 'gibberish'] as never[])
    expect(() => accrue(5n, { shareBps: 1_000, basis }, EMPTY_TAB)).toThrow(/unreachable/);
});

const tab = (carry: bigint, deficit = 0n) => ({ carry, deficit });

describe('amounts', () => {
  test('floors to the unit and carries the rest', () => {
    expect(accrue(59_339_876n, perClose, EMPTY_TAB)).toEqual({
      charged: 59_339_876n,
      hurdled: 0n,
      allowed: null,
      amount: 5_933_987n,
      owed: [{ nth: 0, wallet: 'creator', shareBps: 1_000, amount: 5_933_987n }],
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

describe('parts', () => {
  const opened = (slot: number, base: bigint, more: Record<string, unknown> = {}): Movement =>
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
  const amounts = (found: ReturnType<typeof bookingsOf>) =>
    found.map((each) => [each.terms?.creatorWallet ?? null, each.netPnl, each.amount]);
  const both = agreed([termsOf(10, 'a', 1_000), termsOf(50, 'b', 2_000)]);
  /** A close at a price for each base, by the venue's average entry. */
  const sold = (base: bigint, price: bigint, average: bigint, more: Partial<Close> = {}): Close =>
    madeClose((price - average) * base, {
      baseClosed: base,
      baseFilled: base,
      proceeds: price * base,
      entry: average * base,
      ...more,
    });

  test('a position moved to another own sub-account owes as a close at the price it moved at', () => {
    const terms = agreed([termsOf(1, 'a', 1_000, { basis: 'high_water_mark' })]);
    const left = [opened(5, 2n)];
    const [won] = bookingsOf(sold(2n, 150n, 100n, { cause: 'transfer' }), 9, terms, left);
    expect(won).toMatchObject({ netPnl: 100n, charged: 100n, amount: 10n });
    const [lost] = bookingsOf(sold(2n, 70n, 100n, { cause: 'transfer' }), 9, terms, left);
    expect(lost).toMatchObject({ amount: 0n, after: { deficit: 60n } });
    // In the sub-account where the position arrives it starts at that price, so that no gain is
    // charged twice.
    const arrived = [opened(9, 2n, { quote: 300n })];
    const [later] = bookingsOf(sold(2n, 160n, 150n), 20, terms, arrived);
    expect(later).toMatchObject({ netPnl: 20n, charged: 20n });
  });

  test('opening fees come off the profit of what they opened, in proportion', () => {
    const terms = agreed([termsOf(1, 'a', 1_000)]);
    const history = [opened(5, 4n, { fee: 7n }), opened(6, 4n, { fee: 3n })];
    const [part] = bookingsOf(sold(2n, 150n, 100n), 9, terms, history);
    // 10 × 2 / 8 rounded up.
    expect(part).toMatchObject({ openingFee: 3n, netPnl: 97n, entry: null });
    const left = [
      ...history,
      { kind: 'close', slot: 9, market: 0, position: 'long', baseClosed: 2n } as const,
    ];
    const [rest] = bookingsOf(sold(6n, 150n, 100n), 12, terms, left);
    expect(rest).toMatchObject({ openingFee: 7n, netPnl: 293n });
  });

  test('a position opened under the old terms owes by them, whenever it closes', () => {
    const found = bookingsOf(madeClose(1_000n, { baseClosed: 5n }), 90, both, [opened(20, 5n)]);
    expect(amounts(found)).toEqual([['a', 1_000n, 100n]]);
  });

  test('last opened, first closed: what is kept open brings its terms over nothing that came later', () => {
    const history = [opened(20, 1n), opened(60, 9n)];
    const found = bookingsOf(sold(9n, 200n, 100n), 90, both, history);
    expect(amounts(found)).toEqual([['b', 900n, 180n]]);
    const all = bookingsOf(sold(10n, 200n, 100n), 90, both, history);
    expect(amounts(all)).toEqual([
      ['a', 100n, 10n],
      ['b', 900n, 180n],
    ]);
  });

  test('a position held before anything was agreed owes nothing; another market is another position', () => {
    const held = { slot: 9, positions: [{ market: 0, base: 4n, entry: 400n }] };
    const agreement = agreed([termsOf(10, 'a', 1_000)], { held });
    expect(amounts(bookingsOf(sold(4n, 200n, 100n), 90, agreement, []))).toEqual([
      [null, 400n, 0n],
    ]);
    const other = [opened(20, 4n, { market: 3 })];
    const found = bookingsOf(sold(4n, 200n, 100n, { market: 3 }), 90, agreement, other);
    expect(amounts(found)).toEqual([['a', 400n, 40n]]);
    // The held position is short and is closed past zero: the rest is a new position.
    const short = agreed([termsOf(10, 'a', 1_000)], {
      held: { slot: 9, positions: [{ market: 0, base: -4n, entry: 400n }] },
    });
    const flipped = [
      { kind: 'close', slot: 20, market: 0, position: 'short', baseClosed: 4n } as const,
      opened(20, 2n),
    ];
    expect(amounts(bookingsOf(sold(2n, 125n, 100n), 90, short, flipped))).toEqual([['a', 50n, 5n]]);
  });

  test('a large holding neither shields a copied round trip nor has its old gains charged by one', () => {
    // Ten held at 100; one copied at 150. The venue averages to 104.54, and tells a gain of 45 when
    // one is sold at 150.
    const held = { slot: 9, positions: [{ market: 0, base: 10n, entry: 1_000n }] };
    const agreement = agreed([termsOf(10, 'a', 1_000)], { held });
    const copied = [opened(20, 1n, { quote: 150n })];
    const average = { entry: 104n };
    const even = madeClose(46n, { baseClosed: 1n, baseFilled: 1n, proceeds: 150n, ...average });
    expect(amounts(bookingsOf(even, 30, agreement, copied))).toEqual([
      [null, 46n, 0n],
      ['a', 0n, 0n],
    ]);
    const won = madeClose(156n, { baseClosed: 1n, baseFilled: 1n, proceeds: 260n, ...average });
    expect(amounts(bookingsOf(won, 30, agreement, copied))).toEqual([
      [null, 46n, 0n],
      ['a', 110n, 11n],
    ]);
  });

  test('after the end what was opened before still owes, and what is opened later does not', () => {
    const ended = agreed([termsOf(10, 'a', 1_000), termsOf(50, 'a', 1_000, { ended: true })]);
    const history = [opened(20, 3n), opened(60, 1n)];
    expect(amounts(bookingsOf(sold(4n, 200n, 100n), 90, ended, history))).toEqual([
      [null, 100n, 0n],
      ['a', 300n, 30n],
    ]);
  });

  test('a new wallet of the same creator goes on with the mark; another creator begins anew', () => {
    const first = termsOf(10, 'a', 1_000, { basis: 'high_water_mark' });
    const wallet = { ...first, fromSlot: 50, creatorWallet: 'b' as never };
    const tabs = { 10: { carry: 0n, deficit: 70n } };
    const same = agreed([first, wallet], { tabs });
    const [won] = bookingsOf(sold(1n, 200n, 100n), 90, same, [opened(60, 1n)]);
    expect(won).toMatchObject({ terms: { creatorWallet: 'b' }, charged: 30n });
    const another = agreed([first, { ...wallet, markSlot: 50 }], { tabs });
    expect(bookingsOf(sold(1n, 200n, 100n), 90, another, [opened(60, 1n)])[0]).toMatchObject({
      charged: 100n,
    });
  });
});
