// Hidden loss: what an account lost against the prices of its markets, by numbers.
import { describe, expect, test } from 'vitest';
import { hiddenLoss, lossNotice, marketsOf, type Stand } from '../../src/core/hidden-loss.ts';
import { NO_COUNTERS } from '../../src/core/reckoning.ts';

const SOL = 1_000_000_000n;
const USDC = 1_000_000n;
const at = (realised: bigint, base = 0n, entry: bigint | null = 0n, funding = 0n): Stand => ({
  counters: { ...NO_COUNTERS, realised, funding },
  positions: base === 0n ? [] : [{ market: 0, base, entry }],
});
const PRICES = new Map([[0, 165n * USDC]]);
const NOTHING = { recorded: [], told: 0n } as const;
const loss = (before: Stand, after: Stand) => hiddenLoss({ before, after, ...NOTHING }, PRICES);

describe('a loss against the price', () => {
  const long = at(0n, 10n * SOL, 1_500n * USDC);
  const short = at(0n, -10n * SOL, 1_800n * USDC);
  test('is the profit that a close did not bring, of a long and of a short', () => {
    expect(loss(long, at(150n * USDC))).toBe(0n);
    expect(loss(long, at(10n * USDC))).toBe(140n * USDC);
    expect(loss(short, at(150n * USDC))).toBe(0n);
    expect(loss(short, at(0n))).toBe(150n * USDC);
  });
  test('is one of an opening too dear, and of a position that was opened and closed', () => {
    expect(loss(at(0n), at(-1n * USDC, 10n * SOL, 1_700n * USDC))).toBe(51n * USDC);
    expect(loss(at(5n), at(-2n * USDC))).toBe(2n * USDC + 5n);
  });
  test('leaves out what records tell: an opening at 150 before the hidden close, and its fee', () => {
    const told = -1n * USDC;
    const recorded = [{ market: 0, base: 10n * SOL, paid: 1_500n * USDC }];
    const [before, after] = [at(0n), at(told + 10n * USDC)];
    expect(hiddenLoss({ before, after, recorded, told }, PRICES)).toBe(140n * USDC);
    // All that happened is on record: no price matters.
    const all = { before, after: at(told), recorded: [], told };
    expect(hiddenLoss(all, new Map())).toBe(0n);
  });
  test('counts no funding, and no gain', () => {
    expect(loss(at(0n), at(-2n * USDC, 0n, 0n, -2n * USDC))).toBe(0n);
    expect(loss(long, at(900n * USDC))).toBe(0n);
  });
  test('is none up to one per cent of what was traded, and below a cent', () => {
    const bound = 16_500_000n;
    expect(loss(long, at(150n * USDC - bound))).toBe(0n);
    expect(loss(long, at(150n * USDC - bound - 1n))).toBe(bound + 1n);
    expect([loss(at(0n), at(-9_999n)), loss(at(0n), at(-10_000n))]).toEqual([0n, 10_000n]);
  });
  test('is not known without a price, an entry or the positions', () => {
    const closed = { before: long, after: at(0n), ...NOTHING };
    expect(hiddenLoss(closed, new Map())).toBe(null);
    expect(loss(at(0n, SOL, null), at(0n))).toBe(null);
    expect(loss(at(0n), { ...at(0n), positions: null })).toBe(null);
  });
});

test('the markets of both states are named once, and the notice tells the amount', () => {
  const other = { ...at(0n), positions: [{ market: 3, base: 1n, entry: 0n }] };
  expect(marketsOf({ before: at(0n, SOL), after: other, ...NOTHING })).toEqual([3, 0]);
  expect(marketsOf({ before: at(0n, SOL), after: at(0n, -SOL), ...NOTHING })).toEqual([0]);
  expect(lossNotice(140n * USDC, 'USDC')).toMatchObject({
    what: 'off_price_fill',
    amount: 140n * USDC,
    detail: expect.stringContaining('140.000000 USDC'),
  });
});
