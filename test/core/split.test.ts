// Split: a share is dealt among its recipients to the unit, each whole turn in proportion.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { accrue, EMPTY_TAB, type Tab } from '../../src/core/charge.ts';
import type { Address } from '../../src/core/ids.ts';
import {
  deal,
  recipientsOf,
  SPLITS_MOST,
  type Split,
  sameSplits,
  splitsProblem,
} from '../../src/core/split.ts';
import { termsAfter } from '../../src/core/terms.ts';
import { termsOf } from '../support/terms.ts';

const split = (wallet: string, shareBps: number, more: Partial<Split> = {}): Split => ({
  wallet: wallet as Address,
  shareBps,
  minimumPayment: 0n,
  offCurve: false,
  label: null,
  ...more,
});
const parts = (...bps: number[]) => bps.map((shareBps) => ({ shareBps }));

test('the creator is the first recipient and gets what the splits leave', () => {
  const terms = termsOf(1, 'creator', 1_000, {
    minimumPayment: 7n,
    splits: [split('ref', 150, { minimumPayment: 9n, label: 'referrer' }), split('house', 50)],
  });
  expect(
    recipientsOf(terms).map((each) => [each.nth, each.wallet, each.shareBps, each.minimumPayment]),
  ).toEqual([
    [0, 'creator', 800, 7n],
    [1, 'ref', 150, 9n],
    [2, 'house', 50, 0n],
  ]);
});

describe('splits that do not fit are refused', () => {
  test.each([
    [[split('a', 600), split('b', 401)], 'take 1001 basis points, and the whole share is 1000'],
    [[split('creator', 1)], 'a wallet of its own'],
    [[split('a', 1), split('a', 2)], 'a wallet of its own'],
    [[split('a', 0)], 'at least one basis point'],
    [Array.from({ length: SPLITS_MOST + 1 }, (_, n) => split(`w${n}`, 1)), 'at most 8 splits'],
  ])('case %#', (splits, problem) => {
    const terms = termsOf(1, 'creator', 1_000, { splits });
    expect(splitsProblem(terms)).toContain(problem);
    expect(() => termsAfter(termsOf(1, 'creator', 1_000), { splits }, 9)).toThrow(problem);
  });
  test('as many as a share has at most fit', () => {
    const splits = Array.from({ length: SPLITS_MOST }, (_, n) => split(`w${n}`, 1));
    expect(splitsProblem(termsOf(1, 'creator', 1_000, { splits }))).toBeNull();
  });
  test('and so is a share that becomes smaller than its splits; the whole of it may be split', () => {
    const latest = termsOf(1, 'creator', 1_000, { splits: [split('a', 400)] });
    expect(() => termsAfter(latest, { shareBps: 399 }, 9)).toThrow('take 400');
    expect(termsAfter(latest, { shareBps: 400 }, 9).splits).toEqual(latest.splits);
    expect(() => termsAfter(latest, { creatorWallet: 'a' as Address }, 9)).toThrow('of its own');
  });
});

test('a change without splits keeps them, and an empty list ends them', () => {
  const latest = termsOf(1, 'creator', 1_000, { splits: [split('a', 400)] });
  expect(termsAfter(latest, { shareBps: 900 }, 9).splits).toEqual(latest.splits);
  expect(termsAfter(latest, { splits: [] }, 9).splits).toEqual([]);
  for (const other of [
    split('b', 400),
    split('a', 401),
    split('a', 400, { minimumPayment: 1n }),
    split('a', 400, { offCurve: true }),
    split('a', 400, { label: 'x' }),
  ])
    expect(sameSplits(latest.splits, [other])).toBe(false);
  expect(sameSplits(latest.splits, [split('a', 400)])).toBe(true);
  expect(sameSplits(latest.splits, [])).toBe(false);
  expect(sameSplits([], latest.splits)).toBe(false);
});

describe('an amount', () => {
  test('is dealt unit by unit in turns, and the next goes on where it ended', () => {
    // A turn has 20 units: 16, 3 and 1.
    const first = deal(1_017n, parts(800, 150, 50), 0n);
    expect(first).toEqual({ amounts: [816n, 151n, 50n], place: 17n });
    expect(deal(5n, parts(800, 150, 50), first.place)).toEqual({
      amounts: [2n, 2n, 1n],
      place: 2n,
    });
    expect(deal(7n, parts(0, 3), 0n)).toEqual({ amounts: [0n, 7n], place: 0n });
    expect(deal(0n, parts(0), 0n)).toEqual({ amounts: [0n], place: 0n });
  });

  const shares = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 9 });
  const amounts = fc.array(fc.bigInt({ min: 0n, max: 10n ** 13n }), { maxLength: 30 });
  test('is dealt whole, never below zero, in proportion but for one turn, in whatever order', () =>
    fc.assert(
      fc.property(shares, amounts, fc.bigInt({ min: 0n, max: 9_999n }), (bps, all, place) => {
        const total = bps.reduce((sum, each) => sum + each, 0);
        const sums = [all, all.toReversed()].map((order) => {
          const got = bps.map(() => 0n);
          let at = place;
          for (const amount of order) {
            const dealt = deal(amount, parts(...bps), at);
            expect(dealt.amounts.reduce((sum, each) => sum + each, 0n)).toBe(amount);
            for (const [nth, part] of dealt.amounts.entries()) {
              expect(part >= 0n).toBe(true);
              got[nth] = (got[nth] ?? 0n) + part;
            }
            at = dealt.place;
          }
          return got;
        });
        expect(sums[1]).toEqual(sums[0]);
        const whole = all.reduce((sum, each) => sum + each, 0n);
        for (const [nth, each] of (sums[0] ?? []).entries()) {
          const off = each * BigInt(total) - whole * BigInt(bps[nth] ?? 0);
          expect(off < BigInt(total) ** 2n && off > -(BigInt(total) ** 2n)).toBe(true);
        }
      }),
    ));

  test('of each close goes to the recipients that get a part, and the place is carried', () => {
    const terms = termsOf(1, 'creator', 1_000, { splits: [split('ref', 100)] });
    let tab: Tab = EMPTY_TAB;
    const owed = [95n, 60n, -5n, 10n].map((profit) => {
      const charge = accrue(profit, 5, terms, tab);
      tab = charge.tab;
      return charge.owed.map(
        (each) => `${each.nth} ${each.wallet} ${each.shareBps} ${each.amount}`,
      );
    });
    // Nine units of every ten are the creator's: the shares are 9, 6, 0 and 1.
    expect(owed).toEqual([
      ['0 creator 900 9'],
      ['0 creator 900 5', '1 ref 100 1'],
      [],
      ['0 creator 900 1'],
    ]);
    expect(tab.dealt).toBe(6n);
  });
});
