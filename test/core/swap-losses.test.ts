// Swap losses: which losses of swaps through another wallet's token accounts are fees and slippage.
import { expect, test } from 'vitest';
import type { Outflow } from '../../src/core/fact.ts';
import type { Address, Signature } from '../../src/core/ids.ts';
import { DAY_SLOTS, type HeardOutflow } from '../../src/core/outflow.ts';
import { quotesOf, USDC } from '../../src/core/token.ts';
import { classifyOutflows } from '../support/classes.ts';

const QUOTES = quotesOf([USDC]);
/** A swap of so many USDC that lost this many basis points. */
const swap = (slot: number, taken: bigint, bps: bigint, given: Partial<Outflow> = {}) => ({
  key: `${slot}`,
  signature: `signature ${slot}` as Signature,
  slot,
  ours: false,
  body: {
    ...({ kind: 'outflow', route: 'swap', mint: USDC.mint, decimals: 6, internal: false } as const),
    ...({ destination: 'theirs', owner: 'delegate' } as { destination: Address; owner: Address }),
    ...({ ofValue: true, consent: 'appointed', signers: [], swapped: taken } as const),
    amount: (taken * bps) / 10_000n,
    usd: (taken * bps) / 10_000n,
    ...given,
  },
});
const THOUSAND = 1_000_000_000n;
/** The slots of the swaps that count as outflows. */
const counted = (...swaps: readonly HeardOutflow[]): number[] => {
  const classes = classifyOutflows(swaps, [], QUOTES);
  expect(classes.size).toBe(swaps.length);
  return swaps.filter(({ key }) => classes.get(key) === 'outflow').map(({ slot }) => slot);
};

test('one swap may lose two per cent', () => {
  expect(counted(swap(1, THOUSAND, 200n))).toEqual([]);
  expect(counted(swap(1, THOUSAND, 201n))).toEqual([1]);
});

test('forty swaps that each lose 1.9 per cent of what is left: all but the first count', () => {
  let left = THOUSAND;
  const swaps = Array.from({ length: 40 }, (_, at) => {
    const each = swap(at, left, 190n);
    left -= each.body.amount;
    return each;
  });
  expect(counted(...swaps)).toEqual(Array.from({ length: 39 }, (_, at) => at + 1));
  expect(counted(...swaps.toReversed())).toHaveLength(39);
});

test('four swaps a day at half a per cent are slippage, and so are twenty at a tenth', () => {
  const day = (count: number, bps: bigint) =>
    Array.from({ length: count }, (_, at) => swap(at * 1_000, THOUSAND, bps));
  expect(counted(...day(4, 50n))).toEqual([]);
  expect(counted(...day(20, 10n))).toEqual([]);
  expect(counted(...day(5, 50n))).toEqual([4_000]);
});

test('the largest swap of the day bounds the losses of that day', () => {
  const small = swap(2, THOUSAND / 100n, 190n);
  expect(counted(swap(1, THOUSAND, 10n), small, { ...small, key: 'b', slot: 3 })).toEqual([]);
  const first = swap(0, THOUSAND / 100n, 190n);
  expect(counted(first, swap(1, THOUSAND, 10n), small)).toEqual([]);
  // A day later the large swap gives the small ones no room any more.
  const later = [
    swap(1 + DAY_SLOTS, THOUSAND / 100n, 190n),
    swap(2 + DAY_SLOTS, THOUSAND / 100n, 190n),
  ];
  expect(counted(swap(1, THOUSAND, 10n), ...later)).toEqual([2 + DAY_SLOTS]);
  expect(counted(swap(1, THOUSAND, 190n), swap(1 + DAY_SLOTS, THOUSAND, 190n))).toEqual([]);
  expect(counted(swap(1, THOUSAND, 190n), swap(DAY_SLOTS, THOUSAND, 190n))).toEqual([DAY_SLOTS]);
});

test('a swap that loses more than its part neither gives nor takes room', () => {
  const lost = swap(1, 100n * THOUSAND, 5_000n);
  expect(counted(lost, swap(2, THOUSAND, 190n), swap(3, THOUSAND, 190n))).toEqual([1, 3]);
});

test('several swaps of one transaction have the room of the largest', () => {
  const one = swap(1, THOUSAND, 150n);
  const other = { ...swap(1, THOUSAND / 2n, 150n), key: 'other' };
  expect(counted(one, other)).toEqual([1, 1]);
  expect(counted(one, { ...other, body: { ...other.body, usd: 1n, amount: 1n } })).toEqual([]);
});

test('without a price, or in a fact of an earlier release, the whole amount counts', () => {
  expect(counted(swap(1, THOUSAND, 10n, { usd: null }))).toEqual([1]);
  const { swapped: _, ...older } = swap(1, THOUSAND, 10n).body;
  expect(counted({ ...swap(1, THOUSAND, 10n), body: older })).toEqual([1]);
});
