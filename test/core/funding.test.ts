// Funding: what each part of a close was paid in funding while it was open, to the unit, and when
// that is not known. A property holds the parts against every payment of a random history.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FundingMove, fundingOfCloses } from '../../src/core/funding.ts';
import type { HeldAtStart } from '../../src/core/held.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';
import { createTradedAccount } from '../support/traded-account.ts';

const OLD = termsOf(10, 'a', 1_000);
const NEW = termsOf(50, 'b', 2_000);

const open = (slot: number, base: bigint, market = 0): FundingMove => ({
  kind: 'open',
  slot,
  market,
  position: 'long',
  base,
  quote: base * 100n,
  fee: 7n,
});
const close = (slot: number, baseClosed: bigint, market = 0): FundingMove => ({
  kind: 'close',
  slot,
  market,
  position: 'long',
  baseClosed,
});
const paid = (slot: number, base: bigint, amount: bigint, market = 0): FundingMove => ({
  kind: 'funding',
  slot,
  market,
  base,
  amount,
});
/** The funding of each close, by the slot of the terms of its parts. */
const told = (
  moves: readonly FundingMove[],
  held: HeldAtStart = NOTHING_HELD,
  terms = [OLD, NEW],
) => [...fundingOfCloses(held, moves, terms).values()].map((parts) => Object.fromEntries(parts));

test('a close takes the funding of its market since the opening, and none of other markets or times', () => {
  expect(
    told([
      paid(19, 4n, 50n),
      open(20, 4n),
      open(21, 8n, 1),
      paid(22, 4n, -30n),
      paid(23, 8n, 999n, 1),
      paid(24, 4n, 10n),
      close(30, 4n),
      paid(31, 2n, 77n),
      open(32, 1n),
      close(33, 1n),
    ]),
  ).toEqual([{ 10: -20n }, { 10: 0n }]);
});

test('a close of a part takes its part, rounded down, and the rest stays with what is open', () => {
  expect(told([open(20, 3n), paid(21, 3n, -10n), close(22, 1n), close(23, 2n)])).toEqual([
    { 10: -4n },
    { 10: -6n },
  ]);
  expect(told([open(20, 3n), paid(21, 3n, 10n), close(22, 1n), close(23, 2n)])).toEqual([
    { 10: 3n },
    { 10: 7n },
  ]);
});

test('what is added later takes no part of an earlier payment', () => {
  const moves = [open(20, 3n), paid(21, 3n, -9n), open(60, 1n), paid(61, 4n, -8n), close(70, 2n)];
  // The youngest lot is closed first: 1 of the new terms, and 1 of the 3 under the old ones.
  expect(told(moves)).toEqual([{ 50: -2n, 10: -5n }]);
});

test('base that is in no lot keeps its part of a payment', () => {
  expect(told([open(20, 2n), paid(21, 10n, -100n), close(22, 2n)])).toEqual([{ 10: -20n }]);
});

test('what a booked close shows to be flat takes nothing of later payments', () => {
  const flat: FundingMove = { kind: 'flat', slot: 21, market: 0 };
  expect(told([open(20, 3n), flat, open(22, 1n), paid(23, 1n, 8n), close(24, 1n)])).toEqual([
    { 10: 8n },
  ]);
});

test('what happened up to the slot of the held positions is in them, and is not told', () => {
  const held = { slot: 15, positions: [] };
  expect(told([open(13, 1n), close(14, 1n), close(15, 1n)], held)).toEqual([]);
});

test('what was opened under no terms is told apart from what was opened under some', () => {
  expect(told([open(5, 2n), paid(6, 2n, 4n), open(20, 1n), close(22, 3n)])).toEqual([
    { '-1': 4n, 10: 0n },
  ]);
});

describe('it is not known', () => {
  const unknown: FundingMove = { kind: 'unknown', slot: 21 };
  test.each([
    ['after a transaction without readable records', [open(20, 2n), unknown, close(22, 2n)]],
    [
      'after funding that was recorded without its market',
      [open(20, 2n), { kind: 'untold' as const, slot: 21 }, close(22, 2n)],
    ],
    [
      'after account state has shown positions that no record shows',
      [
        open(20, 2n),
        {
          kind: 'reckoning' as const,
          slot: 21,
          afterSlot: 19,
          held: [{ market: 0, base: 2n, entry: 200n }],
        },
        close(22, 2n),
      ],
    ],
    [
      'where the payment was for less than the lots hold',
      [open(20, 2n), paid(21, 1n, 5n), close(22, 2n)],
    ],
    ['where the payment was for no base at all', [open(20, 2n), paid(21, 0n, 5n), close(22, 2n)]],
    ['where no lot explains all of the base', [open(20, 2n), close(22, 3n)]],
  ])('%s', (_, moves) => {
    expect(told(moves)).toEqual([{ 10: null }]);
  });

  test('of what was opened in the very slot of an unreadable transaction', () => {
    for (const [slot, funded] of [
      [21, null],
      [22, 0n],
    ] as const)
      expect(told([unknown, open(slot, 2n), close(23, 2n)])).toEqual([{ 10: funded }]);
  });

  test('of what was open before the terms, which are charged from its opening on', () => {
    const held = {
      slot: 15,
      positions: [{ market: 0, base: 2n, entry: 200n }],
      open: 'charged' as const,
    };
    expect(told([paid(21, 2n, 5n), close(22, 2n), open(23, 1n), close(24, 1n)], held)).toEqual([
      { 10: null },
      { 10: 0n },
    ]);
  });

  test('but is again of what is opened afterwards', () => {
    const moves = [
      open(20, 2n),
      unknown,
      close(22, 2n),
      open(23, 2n),
      paid(24, 2n, 6n),
      close(25, 1n),
    ];
    expect(told(moves)).toEqual([{ 10: null }, { 10: 3n }]);
  });
});

test('over any history the parts and what is still open add up to all payments', () => {
  const step = fc.record({
    act: fc.constantFrom('buy' as const, 'sell' as const, 'pay' as const),
    market: fc.integer({ min: 0, max: 1 }),
    base: fc.bigInt({ min: 1n, max: 40n }),
    amount: fc.bigInt({ min: -10_000n, max: 10_000n }),
  });
  let closes = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
      const account = createTradedAccount();
      const moves: FundingMove[] = [];
      const sums = [0n, 0n];
      let slot = 20;
      const size = (market: number): bigint => {
        const base = account.base(market);
        return base < 0n ? -base : base;
      };
      for (const { act, market, base, amount } of steps) {
        slot++;
        if (act === 'pay') {
          if (size(market) === 0n) continue;
          sums[market] = (sums[market] ?? 0n) + amount;
          moves.push(paid(slot, size(market), amount, market));
        } else
          moves.push(...account.trade(slot, market, act === 'buy' ? base : -base, 100n, 3n).moves);
      }
      for (const market of [0, 1]) {
        const left = account.base(market);
        if (left !== 0n) moves.push(...account.trade(++slot, market, -left, 100n, 3n).moves);
      }
      const funded = fundingOfCloses(NOTHING_HELD, moves, [OLD, termsOf(35, 'b', 2_000)]);
      closes += funded.size;
      for (const market of [0, 1]) {
        const own = [...funded].filter(([move]) => move.kind === 'close' && move.market === market);
        const all = own.flatMap(([, parts]) => [...parts.values()]);
        expect(all).not.toContain(null);
        expect(all.reduce<bigint>((sum, each) => sum + (each ?? 0n), 0n)).toBe(sums[market]);
      }
    }),
    { numRuns: 200 },
  );
  expect(closes).toBeGreaterThan(500);
});
