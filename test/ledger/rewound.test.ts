// Rewound: openings and closes that records show between the last transaction that could not be
// read and the state that proves its profit, in both ledgers. The account trades by the venue's
// rules, so that what is booked must add up to what it realised.
import { expect, test } from 'vitest';
import type { Booking } from '../../src/core/accrual.ts';
import { LEDGERS, openTrading, trading } from '../support/hidden-trading.ts';

const profits = (bookings: readonly Booking[]) => bookings.map((each) => each.netPnl);

test.each(LEDGERS)('what was opened by record behind it is opened once, in %s', async (name) => {
  await using held = await openTrading(name);
  const ana = trading(held.ledger);
  await ana.begin(5);
  await ana.trade(20, 10n, 1_000n, 50n).hear();
  await ana.hide(30, 5n, 1_100n, 0n);
  await ana.trade(40, 4n, 1_200n, 40n).hear();
  await ana.check(50);
  await ana.trade(60, -4n, 1_300n, 10n).hear();
  await ana.check(65);
  // The record's own average entry, and the fee with which the last four were opened.
  const bookings = await ana.book();
  expect(bookings).toMatchObject([
    { netPnl: 0n, base: null },
    { base: 4n, openingFee: 19n },
  ]);
  await ana.trade(70, -15n, 1_300n, 0n).hear();
  await ana.check(75);
  const all = [...bookings, ...(await ana.book())];
  expect(profits(all).reduce((sum, each) => sum + each, 0n)).toBe(ana.account.realised());
});

test.each(LEDGERS)('what was closed by record behind it is closed once, in %s', async (name) => {
  await using held = await openTrading(name);
  const ana = trading(held.ledger);
  await ana.begin(5);
  await ana.trade(20, 10n, 1_000n, 50n).hear();
  await ana.hide(30, -3n, 1_100n, 7n);
  await ana.trade(40, -4n, 1_200n, 5n).hear();
  await ana.trade(45, -2n, 1_200n, 5n).hear();
  await ana.check(50);
  await ana.trade(60, -1n, 1_300n, 0n).hear();
  await ana.check(65);
  // Of the opening fee 50 each of the ten bears five, and the hidden close three of them alone.
  expect(profits(await ana.book())).toEqual([
    300n - 7n - 15n,
    800n - 5n - 20n,
    400n - 5n - 10n,
    300n - 5n,
  ]);
});

test.each(LEDGERS)('one that is heard after the state was compared, in %s', async (name) => {
  await using held = await openTrading(name);
  const ana = trading(held.ledger);
  await ana.begin(5);
  await ana.trade(20, 10n, 1_000n, 50n).hear();
  await ana.hide(30, 5n, 1_100n, 0n);
  const late = ana.trade(40, 4n, 1_200n, 0n);
  await ana.check(50);
  await late.hear();
  await ana.trade(60, -19n, 1_300n, 0n).hear();
  await ana.check(65);
  const bookings = await ana.book();
  expect(bookings).toMatchObject([{ base: null }, { base: 19n, openingFee: 50n, openedSlot: 20 }]);
  expect(profits(bookings).reduce((sum, each) => sum + each, 0n)).toBe(ana.account.realised());
});

test.each(LEDGERS)(
  'one that could not be read and cannot have traded hides no lot from a close, in %s',
  async (name) => {
    await using held = await openTrading(name);
    const ana = trading(held.ledger);
    await ana.begin(5);
    await ana.quiet(10);
    await ana.quiet(11);
    await ana.trade(20, 10n, 1_000n, 50n).hear();
    await ana.trade(30, -10n, 1_100n, 0n).hear();
    expect(await ana.book()).toMatchObject([
      { base: 10n, openingFee: 50n, netPnl: 950n, openedSlot: 20 },
    ]);
  },
);

test.each(LEDGERS)(
  'a close that empties its market, booked between two hidden ones, forgets no lot that was closed unread, in %s',
  async (name) => {
    await using held = await openTrading(name);
    const ana = trading(held.ledger);
    await ana.begin(5);
    await ana.trade(20, 10n, 1_000n, 50n).hear();
    await ana.hide(30, -10n, 1_100n, 0n);
    await ana.trade(40, -5n, 1_200n, 3n).hear();
    await ana.trade(50, 5n, 1_100n, 2n).hear();
    const early = await ana.book();
    expect(early).toMatchObject([{ base: 5n, openingFee: 3n, netPnl: 495n }]);
    await ana.hide(60, 1n, 1_100n, 0n);
    await ana.check(70);
    // The hidden close of ten bears the fee with which the ten were opened.
    const late = await ana.book();
    expect(late).toMatchObject([{ base: null, openingFee: 50n, netPnl: 950n }]);
    expect(profits([...early, ...late]).reduce((sum, each) => sum + each, 0n)).toBe(
      ana.account.realised(),
    );
  },
);
