// Dropped lots: lots that must have been closed where it could not be read, because a later record
// is of the other direction. The reckoning of that profit bears their opening fees and their terms.
import { expect, test } from 'vitest';
import { type Agreement, accrualOf, bookingsOf } from '../../src/core/accrual.ts';
import type { Close, Reckoning } from '../../src/core/fact.ts';
import type { Movement } from '../../src/core/lot.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

const opened = (
  slot: number,
  position: 'long' | 'short',
  base: bigint,
  fee: bigint,
  market = 0,
): Movement => ({ kind: 'open', slot, market, position, base, quote: 100n * base, fee });
const unknown = (slot: number): Movement => ({ kind: 'unknown', slot });
/** A profit of 1,000 that is reckoned in slot 80, after which five are held short. */
const reckoned: Reckoning = {
  kind: 'reckoning',
  netPnl: 1_000n,
  afterSlot: 40,
  uptoSlot: 90,
  heldBefore: [],
  held: [{ market: 0, base: -5n, entry: 500n }],
};
const agreement: Agreement = {
  terms: [termsOf(10, 'a', 1_000), termsOf(50, 'a', 1_000, { ended: true })],
  held: NOTHING_HELD,
  tabs: {},
};
const booked = (history: readonly Movement[], reckoning = reckoned) =>
  bookingsOf(reckoning, 80, agreement, history).map(({ terms, openingFee, netPnl }) => [
    terms?.fromSlot ?? null,
    openingFee,
    netPnl,
  ]);

test.each<[string, Movement]>([
  ['opened', opened(70, 'short', 5n, 3n)],
  [
    'closed a part of what was opened unread',
    { kind: 'close', slot: 70, market: 0, position: 'short', baseClosed: 2n },
  ],
])(
  'a position from before the end owes also when a later record %s in the other direction',
  (_name, later) => {
    const history = [opened(20, 'long', 10n, 7n), unknown(60), later, unknown(80)];
    expect(booked(history)).toEqual([[10, 7n, 993n]]);
    // A reckoning of an earlier release is booked as that release booked it.
    const { heldBefore: _, ...earlier } = reckoned;
    expect(booked(history, earlier)).toEqual([[null, 0n, 1_000n]]);
  },
);

test('nothing is dropped by a record of another market, or before anything was unread', () => {
  const own = opened(20, 'short', 5n, 7n);
  expect(booked([own, unknown(60), opened(70, 'long', 5n, 3n, 1), unknown(80)])).toEqual([
    [null, 3n, 997n],
  ]);
  // Without a transaction that could not be read, the reckoning has not closed those lots.
  const early = [opened(20, 'long', 10n, 7n), opened(45, 'short', 5n, 3n)];
  expect(booked([...early, unknown(80)])).toEqual([[null, 0n, 1_000n]]);
});

test('a close that empties its market needs no earlier history, unless lots of that market were dropped', () => {
  const plain: Agreement = { terms: [termsOf(10, 'a', 1_000)], held: NOTHING_HELD, tabs: {} };
  const closed: Close = {
    kind: 'close',
    market: 0,
    position: 'short',
    baseFilled: 5n,
    baseClosed: 5n,
    entry: 500n,
    proceeds: 400n,
    grossPnl: 100n,
    fee: 0n,
    netPnl: 100n,
    side: 'taker',
    cause: 'trade',
    fillRecordId: 1n,
    oraclePrice: 80n,
    counterparty: null,
  };
  const isFlat = (market: number) => {
    const history = [
      opened(20, 'long', 10n, 7n, market),
      unknown(60),
      ...[opened(70, 'short', 5n, 3n, market), opened(71, 'short', 5n, 3n)].slice(0, 1 + market),
    ];
    return accrualOf(closed, 75, plain, history);
  };
  expect(isFlat(0)).toMatchObject({ explained: true, flat: false });
  // The long position of the other market was closed unread; it tells nothing about this one.
  expect(isFlat(1)).toMatchObject({ explained: true, flat: true });
});

test.each<[string, Movement]>([
  ['another market is shown to be empty', { kind: 'flat', slot: 75, market: 1 }],
  ['another transaction could not be read', unknown(75)],
])('what was dropped stays so after %s', (_name, then) => {
  const history = [opened(20, 'long', 10n, 7n), unknown(60), opened(70, 'short', 5n, 3n)];
  expect(booked([...history, then, unknown(80)])).toEqual([[10, 7n, 993n]]);
});

test('what was dropped stays so behind a state that was read in between', () => {
  const seen: Reckoning = {
    ...reckoned,
    afterSlot: 75,
    heldBefore: [{ market: 0, base: -5n, entry: 500n }],
  };
  const history = [opened(20, 'long', 10n, 7n), unknown(60), opened(70, 'short', 5n, 3n)];
  expect(booked([...history, unknown(80)], seen)).toEqual([[10, 7n, 993n]]);
});
