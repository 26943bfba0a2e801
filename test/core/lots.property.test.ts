// Lots: what was held before the terms, against copied trades in the same market, in any order and
// size: an honest holder is never charged for old gains, and copied round trips always owe. The
// bookings of the product are held against an oracle that keeps the copied position apart from the
// holding, at its own average price, in fractions that are never rounded.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Agreement, accrualOf, type Booking, tabsAfter } from '../../src/core/accrual.ts';
import type { Movement } from '../../src/core/lot.ts';
import { termsOf } from '../support/terms.ts';
import { createTradedAccount } from '../support/traded-account.ts';

const SHARE_BPS = 1_000;
/** The oracle counts in parts of a base unit: a division of it loses next to nothing. */
const FINE = 10n ** 18n;
/**
 * The product rounds an entry, an opening fee and a closing fee at each close, and what was rounded
 * stays in the lot: so much may have come together by each close.
 */
const ROUNDING = 3n;

/** `part`: how much of what is open a sale closes, in thousandths. */
type Step = { buys: boolean; base: bigint; part: bigint; price: bigint; fee: bigint };
type Play = { held: bigint; heldPrice: bigint; short: boolean; steps: readonly Step[] };
const play: fc.Arbitrary<Play> = fc.record({
  held: fc.bigInt({ min: 0n, max: 5_000n }),
  heldPrice: fc.bigInt({ min: 1n, max: 2_000n }),
  short: fc.boolean(),
  steps: fc.array(
    fc.record({
      buys: fc.boolean(),
      base: fc.bigInt({ min: 1n, max: 300n }),
      part: fc.bigInt({ min: 1n, max: 1_000n }),
      price: fc.bigInt({ min: 800n, max: 1_200n }),
      fee: fc.bigInt({ min: -200n, max: 900n }),
    }),
    { minLength: 1, maxLength: 25 },
  ),
});

type Closed = {
  /** What the copied part of this close brought, at the prices at which it was opened. */
  readonly copiedPnl: bigint;
  readonly copiedBase: bigint;
  /** The most by which rounding may have changed the value. */
  readonly rounding: bigint;
  readonly bookings: readonly Booking[];
};

/** Plays a history through the product and through the oracle, close by close. */
function played({ held, heldPrice, short, steps }: Play): {
  closes: readonly Closed[];
  bookings: readonly Booking[];
  realised: bigint;
  closedAll: boolean;
} {
  const account = createTradedAccount();
  const sign = short ? -1n : 1n;
  if (held > 0n) account.trade(90, 0, sign * held, heldPrice, 0n);
  const before = account.realised();
  const agreement: Agreement = {
    terms: [termsOf(99, 'a', SHARE_BPS)],
    held: { slot: 98, positions: account.held() },
    tabs: {},
  };
  /** The copied position: its base, the quote paid for it and its opening fees, in FINE parts. */
  let copied = { base: 0n, cost: 0n, fee: 0n };
  let holding = held;
  const history: Movement[] = [];
  const closes: Closed[] = [];
  let { tabs } = agreement;
  let slot = 100;
  const book = ({ buys, base, part, price, fee }: Step): void => {
    const open = holding + copied.base;
    const opens = buys || open === 0n;
    const filled = opens ? base : (open * part + 999n) / 1_000n;
    slot++;
    const delta = opens ? sign * filled : -sign * filled;
    const { close, moves } = account.trade(slot, 0, delta, price, fee);
    if (opens)
      copied = {
        base: copied.base + filled,
        cost: copied.cost + filled * price * FINE,
        fee: copied.fee + fee * FINE,
      };
    if (close !== null) {
      const copiedBase = filled < copied.base ? filled : copied.base;
      const share = (amount: bigint): bigint =>
        copied.base === 0n ? 0n : (amount * copiedBase) / copied.base;
      const [cost, openingFee] = [share(copied.cost), share(copied.fee)];
      const closingFee = (fee * FINE * copiedBase) / filled;
      const gross = sign * (copiedBase * price * FINE - cost);
      copied = {
        base: copied.base - copiedBase,
        cost: copied.cost - cost,
        fee: copied.fee - openingFee,
      };
      holding -= filled - copiedBase;
      const { bookings } = accrualOf(close, slot, { ...agreement, tabs }, history);
      tabs = tabsAfter(tabs, bookings);
      closes.push({
        copiedPnl: (gross - closingFee - openingFee) / FINE,
        copiedBase,
        rounding: ROUNDING * BigInt(closes.length + 1),
        bookings,
      });
    }
    history.push(...moves);
  };
  for (const step of steps) book(step);
  // Everything is sold in the end, at a price far above what was ever paid: old gains are large.
  if (holding + copied.base > 0n)
    book({ buys: false, base: 0n, part: 1_000n, price: short ? 1n : 5_000n, fee: 0n });
  return {
    closes,
    bookings: closes.flatMap((each) => each.bookings),
    realised: account.realised() - before,
    closedAll: holding + copied.base === 0n,
  };
}
const agreedOf = (bookings: readonly Booking[]): bigint =>
  bookings.reduce((sum, each) => sum + (each.terms === null ? 0n : each.netPnl), 0n);
const owedOf = (bookings: readonly Booking[]): bigint =>
  bookings.reduce((sum, each) => sum + each.amount, 0n);
const positive = (value: bigint): bigint => (value > 0n ? value : 0n);

test('an honest holder is never charged for old gains: no close is booked under the terms for more than its copied part brought', () => {
  let withHolding = 0;
  fc.assert(
    fc.property(play, (given) => {
      const { closes } = played(given);
      for (const { copiedPnl, copiedBase, rounding, bookings } of closes) {
        expect(agreedOf(bookings) - copiedPnl).toBeLessThanOrEqual(rounding);
        if (copiedBase > 0n) continue;
        // Only what was held before the terms was closed here.
        withHolding++;
        expect(owedOf(bookings)).toBe(0n);
        expect(bookings.filter((each) => each.terms !== null)).toEqual([]);
      }
    }),
    { numRuns: 600 },
  );
  expect(withHolding).toBeGreaterThan(100);
});

test('copied round trips always owe: no close is booked under the terms for less than its copied part brought, whatever is held below it', () => {
  let winning = 0;
  fc.assert(
    fc.property(play, (given) => {
      const { closes, bookings } = played(given);
      let least = 0n;
      for (const { copiedPnl, rounding, bookings: own } of closes) {
        expect(copiedPnl - agreedOf(own)).toBeLessThanOrEqual(rounding);
        if (copiedPnl > 2n * rounding) winning++;
        least += positive(copiedPnl - rounding);
      }
      // The shares are the whole of the wins, less the amount lost to rounding.
      expect(owedOf(bookings)).toBeGreaterThanOrEqual((least * BigInt(SHARE_BPS)) / 10_000n);
    }),
    { numRuns: 600 },
  );
  expect(winning).toBeGreaterThan(300);
});

test('old and copied parts add up to what the account realised, so that nothing is charged twice or lost between them', () => {
  fc.assert(
    fc.property(play, (given) => {
      const { bookings, realised, closedAll } = played(given);
      expect(closedAll).toBe(true);
      expect(bookings.reduce((sum, each) => sum + each.netPnl, 0n)).toBe(realised);
    }),
    { numRuns: 400 },
  );
});
