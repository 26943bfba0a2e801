// Held: what positions owe that were open when a subscription began, and closes of the time of the
// system that was used before.
import { describe, expect, test } from 'vitest';
import { type Agreement, accrualOf } from '../../src/core/accrual.ts';
import { isPlain } from '../../src/core/bookable.ts';
import type { Close } from '../../src/core/fact.ts';
import type { Movement } from '../../src/core/lot.ts';
import { addressOf, CREATOR, closeFact } from '../support/ledger.ts';
import { termsOf } from '../support/terms.ts';

const SOL = 1_000_000_000n;
const terms = [termsOf(100, CREATOR, 1_000)];
/** A close of `base` SOL with this profit at the venue's average entry. */
const closeOf = (base: bigint, entry: bigint, proceeds: bigint): Close => ({
  ...closeFact(1, proceeds - entry, { account: addressOf(3) }).body,
  baseFilled: base * SOL,
  baseClosed: base * SOL,
  entry,
  proceeds,
  fee: 0n,
  grossPnl: proceeds - entry,
  netPnl: proceeds - entry,
});
const opened = (slot: number, quote: bigint): Movement => ({
  kind: 'open',
  slot,
  market: 0,
  position: 'long',
  base: SOL,
  quote,
  fee: 0n,
});
const agreed = (held: Agreement['held'], booksFrom?: number): Agreement => ({
  terms,
  held,
  tabs: {},
  ...(booksFrom === undefined ? {} : { booksFrom }),
});
const position = { market: 0, base: SOL, entry: 150n };
const owed = (close: Close, agreement: Agreement, history: readonly Movement[] = []): bigint =>
  accrualOf(close, 200, agreement, history).bookings.reduce((sum, each) => sum + each.amount, 0n);

describe('a position that was open', () => {
  test('owes nothing when it is free, and its whole profit when it is charged', () => {
    const held = { slot: 150, positions: [position] };
    expect(owed(closeOf(1n, 150n, 170n), agreed(held))).toBe(0n);
    expect(owed(closeOf(1n, 150n, 170n), agreed({ ...held, open: 'charged' }))).toBe(2n);
  });

  test('is told from later openings by the history from a slot on, each at its own entry', () => {
    const held = { slot: 99, positions: [], open: 'from_slot' } as const;
    // One was opened at 1,500 before the terms, one at 1,600 under them: the venue's average is
    // 1,550.
    const later = [opened(120, 1_600n)];
    expect(owed(closeOf(1n, 1_550n, 1_800n), agreed(held), later)).toBe(20n);
    expect(owed(closeOf(1n, 1_550n, 1_800n), agreed(held), [])).toBe(0n);
    // Where the openings explain the entry, the venue's figure applies.
    expect(owed(closeOf(1n, 1_600n, 1_800n), agreed(held), later)).toBe(20n);
    expect(isPlain(agreed(held))).toBe(false);
    expect(isPlain(agreed({ slot: 99, positions: [] }))).toBe(true);
  });
});

test('a close before the cut-over is never booked, and one in its slot is', () => {
  const held = { slot: 99, positions: [] };
  const history = [opened(120, 150n)];
  expect(accrualOf(closeOf(1n, 150n, 170n), 200, agreed(held, 201), history).bookings).toEqual([]);
  expect(owed(closeOf(1n, 150n, 170n), agreed(held, 200), history)).toBe(2n);
});
