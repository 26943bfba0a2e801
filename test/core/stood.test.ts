// Stood: positions that stood in the account when the stretch of a reckoning began were not opened
// in it.
import { describe, expect, test } from 'vitest';
import { type Agreement, bookingsOf } from '../../src/core/accrual.ts';
import type { Close, Held, Reckoning } from '../../src/core/fact.ts';
import { fundingOfCloses } from '../../src/core/funding.ts';
import type { Movement } from '../../src/core/lot.ts';
import { lotsAfter } from '../../src/core/lots.ts';
import { addressOf, closeFact } from '../support/ledger.ts';
import { termsOf } from '../support/terms.ts';

const terms = [termsOf(100, 'a', 1_000)];
const held = { slot: 99, positions: [], open: 'from_slot' } as const;
const agreement: Agreement = { terms, held, tabs: {} };
/** Ten that were bought for 1,000 before the terms. */
const old: Held = { market: 0, base: 10n, entry: 1_000n };
const opened = (slot: number, base: bigint, quote: bigint): Movement => ({
  kind: 'open',
  slot,
  market: 0,
  position: 'long',
  base,
  quote,
  fee: 0n,
});
const unknown = (slot: number): Movement => ({ kind: 'unknown', slot });
/** A reckoning of nothing in slot 120, between the states of the slots 110 and 130. */
const reckoned = (heldBefore: Reckoning['heldBefore'], seen: readonly Held[]): Movement => ({
  kind: 'reckoning',
  slot: 120,
  afterSlot: 110,
  held: seen,
  ...(heldBefore === undefined ? {} : { heldBefore }),
});
const closeOf = (base: bigint, entry: bigint, proceeds: bigint): Close => ({
  ...closeFact(1, proceeds - entry, { account: addressOf(3) }).body,
  baseFilled: base,
  baseClosed: base,
  entry,
  proceeds,
  fee: 0n,
  grossPnl: proceeds - entry,
  netPnl: proceeds - entry,
});
const owed = (close: Close, history: readonly Movement[]): bigint =>
  bookingsOf(close, 200, agreement, history).reduce((sum, each) => sum + each.amount, 0n);

describe('a position from before the terms, in an account named behind a cut log', () => {
  const close = closeOf(10n, 1_000n, 1_500n);
  test('owes nothing where it stood before the stretch with the same entry', () => {
    expect(owed(close, [unknown(120), reckoned([old], [old])])).toBe(0n);
    expect(owed(close, [unknown(120), reckoned([old], [old]), unknown(140)])).toBe(0n);
  });
  test('owes where no state tells what stood, or where it was traded again', () => {
    expect(owed(close, [unknown(120), reckoned(undefined, [old])])).toBe(50n);
    expect(owed(close, [unknown(120), reckoned(null, [old])])).toBe(50n);
    expect(owed(close, [unknown(120), reckoned([], [old])])).toBe(50n);
    const anew = [{ ...old, entry: 800_000n }];
    expect(owed(close, [unknown(120), reckoned(anew, [old])])).toBe(50n);
  });
  test('is told from what was opened by record before the stretch and without a record in it', () => {
    // One was bought for 140 under the terms; then one more without a record, for 160.
    const seen = { market: 0, base: 12n, entry: 1_300n };
    const history = [
      opened(105, 1n, 140n),
      unknown(120),
      reckoned([{ market: 0, base: 11n, entry: 1_140n }], [seen]),
    ];
    expect(lotsAfter(held, history, terms).lots).toMatchObject([
      { terms: null, openedSlot: 99, base: 10n, entry: 1_000n },
      { terms: { fromSlot: 100 }, base: 2n, entry: 300n },
    ]);
    expect(owed(closeOf(2n, 216n, 400n), history)).toBe(10n);
  });
  test('that was hidden before the state falls under the terms where it may have been opened', () => {
    const history = [unknown(105), unknown(120), reckoned([old], [old])];
    expect(lotsAfter(held, history, terms).lots).toMatchObject([
      { terms: { fromSlot: 100 }, openedSlot: 105, base: 10n, entry: 1_000n },
    ]);
  });
  test('a state from before the start tells nothing about what was opened after it', () => {
    const later = { ...held, slot: 115 };
    expect(lotsAfter(later, [reckoned([old], [old])], terms).lots).toMatchObject([
      { terms: { fromSlot: 100 }, base: 10n },
    ]);
  });
  test('a state of the slot of the start itself tells what was opened before it', () => {
    const from = { ...held, slot: 110 };
    expect(lotsAfter(from, [reckoned([old], [old])], terms).lots).toMatchObject([
      { terms: null, openedSlot: 110, base: 10n },
    ]);
  });
  test('falls under the dearest terms of all slots in which it may have been opened', () => {
    const dearer = [...terms, termsOf(115, 'a', 3_000)];
    const history: Movement[] = [
      unknown(105),
      unknown(118),
      { kind: 'reckoning', slot: 130, afterSlot: 125, held: [old], heldBefore: [old] },
    ];
    expect(lotsAfter(held, history, dearer).lots).toMatchObject([
      { terms: { fromSlot: 115 }, openedSlot: 105, base: 10n },
    ]);
  });
  test('an entry below that of the younger parts is none, and not below zero', () => {
    const history = [
      opened(105, 1n, 140n),
      unknown(120),
      reckoned([{ ...old, entry: 100n }], [{ ...old, entry: 100n }]),
    ];
    expect(lotsAfter(held, history, terms).lots[0]).toMatchObject({ base: 9n, entry: 0n });
  });
  test('without a slot from which the history is read, it falls under the terms', () => {
    const charged = { ...held, open: 'charged' } as const;
    expect(lotsAfter(charged, [reckoned([old], [old])], terms).lots).toMatchObject([
      { terms: { fromSlot: 100 }, base: 10n },
    ]);
  });
  test('a reckoning itself takes what stood when its stretch began, also after the end of the terms', () => {
    const ended = [termsOf(100, 'a', 1_000), termsOf(115, 'a', 1_000, { ended: true })];
    const booked = (heldBefore: readonly Held[], hidden: number) =>
      bookingsOf(
        { kind: 'reckoning', netPnl: 500n, afterSlot: 120, uptoSlot: 140, held: [], heldBefore },
        130,
        { ...agreement, terms: ended },
        [unknown(hidden), unknown(130)],
      ).map(({ amount }) => amount);
    // The position may have been opened in slot 105, under the terms.
    expect(booked([old], 105)).toEqual([50n]);
    expect(booked([], 105)).toEqual([0n]);
    // Or in slot 117 at the earliest, under none.
    expect(booked([old], 117)).toEqual([0n]);
  });
  test('its funding is of no terms', () => {
    const closing: Movement = { ...closeOf(10n, 1_000n, 1_500n), slot: 150 };
    const found = fundingOfCloses(held, [unknown(120), reckoned([old], [old]), closing], terms);
    expect([...(found.get(closing) ?? [])]).toEqual([[-1, null]]);
  });
});
