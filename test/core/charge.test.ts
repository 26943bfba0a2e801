// Charge: the gross or net profit, less a hurdle, within caps and after a free period, is charged
// to the unit.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  accrue,
  countedIn,
  EMPTY_TAB,
  profitOf,
  type Rates,
  type Tab,
  tabOf,
} from '../../src/core/charge.ts';
import { BASES, PROFITS, type TermsRules } from '../../src/core/terms.ts';
import { termsOf } from '../support/terms.ts';

const USDC = 1_000_000n;
const rates = (rules: Partial<TermsRules>, more: Partial<Rates> = {}): Rates => ({
  ...termsOf(100, 'creator', 1_000),
  ...rules,
  ...more,
});
const marked = (rules: Partial<TermsRules>) => rates(rules, { basis: 'high_water_mark' });
/** Charges one close after the other, each in the slot after the one before, or where it says. */
function play(terms: Rates, closes: readonly (bigint | readonly [slot: number, profit: bigint])[]) {
  let tab: Tab = EMPTY_TAB;
  return closes.map((each, nth) => {
    const [slot, profit] = typeof each === 'bigint' ? [200 + nth, each] : each;
    const charge = accrue(profit, slot, terms, tab);
    tab = charge.tab;
    return charge;
  });
}
const amounts = (...played: Parameters<typeof play>): bigint[] =>
  play(...played).map((each) => each.amount);

test('gross is net with the fees put back, and another profit is refused', () => {
  const part = { netPnl: 90n * USDC, fees: 10n * USDC };
  expect(PROFITS.map((each) => profitOf(part, each))).toEqual([90n * USDC, 100n * USDC]);
  expect(profitOf({ netPnl: 5n, fees: -2n }, 'gross')).toBe(3n);
  expect(() => profitOf(part, 'after_tax' as never)).toThrow(/unreachable/);
});

describe('a hurdle', () => {
  test('is taken off each close without a mark', () => {
    const terms = rates({ hurdle: 50n * USDC });
    expect(amounts(terms, [40n * USDC, 50n * USDC, 80n * USDC, -9n * USDC, 51n * USDC])).toEqual([
      0n,
      0n,
      3n * USDC,
      0n,
      100_000n,
    ]);
  });
  test('is taken off the profits above the mark until their sum has reached it', () => {
    const terms = marked({ hurdle: 50n * USDC });
    // 30 above the mark are within the hurdle; of 40 more, 20; a loss of 10 is made good first.
    expect(amounts(terms, [30n * USDC, 40n * USDC, -10n * USDC, 25n * USDC])).toEqual([
      0n,
      2n * USDC,
      0n,
      1_500_000n,
    ]);
  });
  test('begins again in each period', () => {
    const terms = marked({ hurdle: 50n * USDC, periodSlots: 1_000 });
    expect(
      amounts(terms, [
        [150, 60n * USDC],
        [1_099, 10n * USDC],
        [1_100, 60n * USDC],
        [5_300, 45n * USDC],
      ]),
    ).toEqual([1n * USDC, 1n * USDC, 1n * USDC, 0n]);
  });
});

describe('a cap', () => {
  test('of a close cuts off what is above it, and nothing of that is carried', () => {
    const terms = rates({ capPerClose: 2n * USDC });
    expect(amounts(terms, [100n * USDC, 15n * USDC, 9n, 1n])).toEqual([
      2n * USDC,
      1_500_000n,
      0n,
      1n,
    ]);
    expect(amounts(rates({ capPerClose: 0n }), [100n * USDC])).toEqual([0n]);
  });
  test('of a period lets its closes owe no more together, and the next period begins anew', () => {
    const terms = rates({ capPerPeriod: 5n * USDC, periodSlots: 1_000 });
    expect(
      amounts(terms, [
        [100, 30n * USDC],
        [500, 30n * USDC],
        [1_099, 30n * USDC],
        [1_100, 30n * USDC],
      ]),
    ).toEqual([3n * USDC, 2n * USDC, 0n, 3n * USDC]);
    // Without `periodSlots` there is one period.
    expect(
      amounts(rates({ capPerPeriod: 5n * USDC }), [
        [100, 30n * USDC],
        [900_000, 30n * USDC],
      ]),
    ).toEqual([3n * USDC, 2n * USDC]);
  });
  test('does not begin again in the middle of a longer period after a change of its length', () => {
    const long = rates({ capPerPeriod: 5n * USDC, periodSlots: 1_000 });
    const short = rates({ capPerPeriod: 5n * USDC, periodSlots: 100 });
    const first = accrue(30n * USDC, 950, short, EMPTY_TAB);
    expect(countedIn(first.tab)).toEqual({ since: 900, hurdled: 0n, owed: 3n * USDC });
    // The longer period began in slot 100, before the one that is counted in.
    const second = accrue(30n * USDC, 960, long, first.tab);
    expect([second.amount, countedIn(second.tab).since]).toEqual([2n * USDC, 900]);
    expect(accrue(30n * USDC, 970, short, second.tab).amount).toBe(0n);
  });
});

test('a close in the free period owes nothing, and losses and mark move as always', () => {
  const terms = marked({ freeBeforeSlot: 300 });
  const [loss, win, later] = play(terms, [
    [200, -20n * USDC],
    [299, 30n * USDC],
    [300, 40n * USDC],
  ]);
  expect(loss?.tab.deficit).toBe(20n * USDC);
  expect(win).toMatchObject({ charged: 10n * USDC, allowed: 0n, amount: 0n });
  expect(later).toMatchObject({ charged: 40n * USDC, allowed: null, amount: 4n * USDC });
});

const profits = fc.array(fc.bigInt({ min: -(10n ** 10n), max: 10n ** 10n }), { maxLength: 40 });
const amount = fc.bigInt({ min: 0n, max: 10n ** 9n });
const ruled = fc.record({
  hurdle: fc.oneof(fc.constant(0n), amount),
  capPerClose: fc.oneof(fc.constant(null), amount),
  capPerPeriod: fc.oneof(fc.constant(null), amount),
  periodSlots: fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 30 })),
  freeBeforeSlot: fc.integer({ min: 0, max: 220 }),
});
const bps = fc.integer({ min: 0, max: 10_000 });

describe('over any series of closes', () => {
  test('no rule makes more owed than the terms without it, and no cap is ever exceeded', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...BASES),
        bps,
        ruled,
        profits,
        (basis, shareBps, rules, pnls) => {
          const terms = rates(rules, { basis, shareBps });
          const charges = play(terms, pnls);
          const plain = play(rates({}, { basis, shareBps }), pnls);
          const sum = (all: readonly { amount: bigint }[]) =>
            all.reduce((total, each) => total + each.amount, 0n);
          expect(sum(charges) <= sum(plain)).toBe(true);
          const byPeriod = new Map<number, bigint>();
          for (const [nth, { amount: owed, charged, hurdled }] of charges.entries()) {
            const slot = 200 + nth;
            if (slot < rules.freeBeforeSlot) expect(owed).toBe(0n);
            expect(owed <= (rules.capPerClose ?? owed)).toBe(true);
            // What is charged and what the hurdle took is the profit above zero or the mark.
            expect(charged + hurdled).toBe(plain[nth]?.charged);
            const period =
              rules.periodSlots === null ? 0 : Math.floor((slot - 100) / rules.periodSlots);
            byPeriod.set(period, (byPeriod.get(period) ?? 0n) + owed);
          }
          for (const owed of byPeriod.values())
            expect(owed <= (rules.capPerPeriod ?? owed)).toBe(true);
        },
      ),
    ));

  test('per close, what a hurdle and a cap leave adds up to the unit, in whatever order', () =>
    fc.assert(
      fc.property(bps, amount, amount, profits, (shareBps, hurdle, capPerClose, pnls) => {
        const terms = rates({ hurdle, capPerClose }, { shareBps });
        const exact = pnls.reduce((total, pnl) => {
          const above = pnl > hurdle ? (pnl - hurdle) * BigInt(shareBps) : 0n;
          return total + (above > capPerClose * 10_000n ? capPerClose * 10_000n : above);
        }, 0n);
        for (const order of [pnls, pnls.toReversed(), pnls.toSorted()]) {
          const charges = play(terms, order);
          const owed = charges.reduce((total, each) => total + each.amount, 0n);
          expect(owed).toBe(exact / 10_000n);
          expect(charges.at(-1)?.tab.carry ?? 0n).toBe(exact % 10_000n);
        }
      }),
    ));

  test('above a mark, the hurdle is taken once: charged is the peak less the hurdle', () =>
    fc.assert(
      fc.property(amount, profits, (hurdle, pnls) => {
        let [total, peak] = [0n, 0n];
        for (const pnl of pnls) {
          total += pnl;
          if (total > peak) peak = total;
        }
        const charged = play(marked({ hurdle }), pnls).reduce(
          (sum, each) => sum + each.charged,
          0n,
        );
        expect(charged).toBe(peak > hurdle ? peak - hurdle : 0n);
      }),
    ));
});

describe('a tab keeps', () => {
  const counted = { since: 0, hurdled: 0n, owed: 0n };
  test.each([
    [{}, false],
    [{ since: 1 }, true],
    [{ hurdled: 1n }, true],
    [{ owed: 1n }, true],
  ])('the counts %o: %s', (more, kept) => {
    const tab = tabOf(0n, 0n, { ...counted, ...more }, 0n);
    expect(tab.counted).toEqual(kept ? { ...counted, ...more } : undefined);
  });
  test('no counts under terms that count nothing, and of a hurdle on a mark what it took', () => {
    const counts = (terms: Rates) => play(terms, [80n * USDC])[0]?.tab.counted;
    const hurdle = 50n * USDC;
    expect(counts(rates({ hurdle }))).toBeUndefined();
    expect(counts(marked({}))).toBeUndefined();
    expect(counts(marked({ hurdle }))).toEqual({ since: 100, hurdled: hurdle, owed: 0n });
  });
  test('the place in a turn of splits while terms have none', () => {
    const tab = { ...EMPTY_TAB, dealt: 3n };
    expect(accrue(80n * USDC, 200, rates({}), tab).tab.dealt).toBe(3n);
  });
});
