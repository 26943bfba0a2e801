// Earlier receipts: a share that an earlier release booked, from what it read of the same facts,
// recomputes from its receipt to the unit.
import { expect, test } from 'vitest';
import { accrualOf, type Booking } from '../../src/core/accrual.ts';
import type { UnaccruedClose } from '../../src/core/debt-ports.ts';
import type { Held } from '../../src/core/fact.ts';
import type { Movement } from '../../src/core/lot.ts';
import { termsOf as termsIn } from '../../src/core/receipt.ts';
import { createGenesis } from '../../src/ledger/genesis.ts';
import { createReceiptBook } from '../../src/ledger/receipts.ts';
import { trading } from '../support/hidden-trading.ts';
import { addressOf, CREATOR, createTestLedger, type TestLedger } from '../support/ledger.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';

/** The receipt of the share of the close in a slot, and the profit of its parts by computation. */
async function recomputed({ ledger, sql }: TestLedger, slot?: number) {
  await createGenesis(sql, 'local')(addressOf(77));
  const shares = await ledger.shares.list({ limit: 10 });
  const share = slot === undefined ? shares[0] : shares.find((each) => each.slot === slot);
  const figures = await createReceiptBook(sql).figures(share?.id ?? '');
  if (figures === null) throw new Error('no receipt');
  const { close, held, movements, parts } = figures;
  const agreement = { terms: termsIn(figures), held, tabs: { 1: parts[0]?.before ?? never() } };
  const { bookings } = accrualOf(
    close.body,
    close.slot,
    agreement,
    movements as readonly Movement[],
  );
  return {
    kinds: movements.map(({ kind }) => kind),
    booked: parts.map(({ termsSlot, netPnl, amount }) => [termsSlot, netPnl, amount]),
    computed: partsOf(bookings),
  };
}
function never(): never {
  throw new Error('a receipt without parts');
}
const partsOf = (bookings: readonly Booking[]) =>
  bookings.map(({ terms, netPnl, amount }) => [terms?.fromSlot ?? null, netPnl, amount]);

test('after a transaction that could not be read and is no longer taken for trading', async () => {
  await using held = await createTestLedger();
  const { ledger, driftAccount } = held;
  // Base that no lot explains falls under the terms where it may have been opened unread.
  await ledger.subscriptions.put({
    id: 'ana-sub',
    subscriberId: 'ana',
    driftAccount,
    held: NOTHING_HELD,
    terms: termsOf(25, CREATOR, 2_000),
  });
  const ana = trading(ledger);
  ana.trade(0, 10n, 1_000n, 0n);
  await ana.begin(5);
  await ana.quiet(10);
  await ana.trade(30, -10n, 1_100n, 0n).hear();
  await ana.check(40);
  const earlier = (close: UnaccruedClose): UnaccruedClose => ({
    ...close,
    history: [{ kind: 'unknown', slot: 10 }, ...close.history],
  });
  expect(partsOf(await ana.book(earlier))).toEqual([[1, 1_000n, 100n]]);
  const { kinds, booked, computed } = await recomputed(held);
  expect(booked).toEqual([[1, 1_000n, 100n]]);
  expect(computed).toEqual(booked);
  expect(kinds).toEqual(['unknown']);
});

test('after a reckoning whose later records were counted twice', async () => {
  await using held = await createTestLedger();
  const ana = trading(held.ledger);
  await ana.begin(5);
  await ana.trade(20, 10n, 1_000n, 50n).hear();
  await ana.hide(30, 5n, 1_100n, 0n);
  await ana.trade(40, 4n, 1_200n, 40n).hear();
  const seen: Held[] = ana.account.held();
  await ana.check(50);
  await ana.trade(60, -4n, 1_300n, 10n).hear();
  await ana.check(65);
  const earlier = (close: UnaccruedClose): UnaccruedClose => ({
    ...close,
    history: close.history.map((move) =>
      move.kind === 'reckoning' ? { ...move, held: seen } : move,
    ),
  });
  const bookings = await ana.book(earlier);
  const { booked, computed } = await recomputed(held);
  expect(booked).toEqual(partsOf(bookings.slice(-1)));
  expect(computed).toEqual(booked);
});

test('a share that this release books recomputes from what it reads', async () => {
  await using held = await createTestLedger();
  const ana = trading(held.ledger);
  await ana.begin(5);
  await ana.quiet(10);
  await ana.trade(20, 10n, 1_000n, 50n).hear();
  await ana.trade(30, -10n, 1_100n, 0n).hear();
  await ana.book();
  const { kinds, booked, computed } = await recomputed(held);
  expect(computed).toEqual(booked);
  expect(kinds).toEqual(['open']);
});

test('a share that was booked before a stretch in front of it was reckoned', async () => {
  await using held = await createTestLedger();
  const ana = trading(held.ledger);
  await ana.begin(5);
  // An earlier release took this one for trading, and the receipt would list it.
  await ana.quiet(10);
  await ana.trade(20, 10n, 1_000n, 51n).hear();
  await ana.hide(30, -5n, 1_100n, 0n);
  await ana.trade(40, -2n, 1_200n, 0n).hear();
  const [before] = await ana.book();
  // The part of the opening fee is rounded up from the lot of 10: by one unit more than from the 5
  // that are left behind the hidden close.
  expect(before?.netPnl).toBe(400n - 11n);
  await ana.check(50);
  await ana.book();
  const { kinds, booked, computed } = await recomputed(held, 40);
  expect(booked).toEqual([[1, 389n, expect.any(BigInt)]]);
  expect(computed).toEqual(booked);
  expect(kinds).toEqual(['open', 'unknown']);
});

test('a share whose stretch was reckoned after its history was read and before it was booked', async () => {
  await using held = await createTestLedger();
  const ana = trading(held.ledger);
  await ana.begin(5);
  await ana.trade(20, 10n, 1_000n, 51n).hear();
  await ana.hide(30, -5n, 1_100n, 0n);
  await ana.trade(40, -2n, 1_200n, 0n).hear();
  const bookings = await ana.book(async (close) => {
    if (close.fact.position.slot === 40) expect(await ana.check(50)).toBe(true);
    return close;
  });
  expect(bookings[0]?.netPnl).toBe(400n - 11n);
  const { kinds, booked, computed } = await recomputed(held, 40);
  expect(booked).toEqual([[1, 389n, expect.any(BigInt)]]);
  expect(computed).toEqual(booked);
  expect(kinds).toEqual(['open', 'unknown']);
});

test('a share whose stretch was reckoned before one of its transactions was heard', async () => {
  await using held = await createTestLedger();
  const ana = trading(held.ledger);
  await ana.begin(5);
  await ana.trade(20, 10n, 1_000n, 51n).hear();
  const late = ana.trade(25, -2n, 1_200n, 0n);
  await ana.hide(30, -3n, 1_300n, 0n);
  const later = ana.trade(40, -1n, 1_100n, 0n);
  await ana.check(50);
  await ana.book();
  await late.hear();
  await later.hear();
  await ana.trade(60, -4n, 1_500n, 0n).hear();
  await ana.check(65);
  await ana.book();
  expect(await held.ledger.shares.list({ limit: 10 })).toHaveLength(2);
  for (const slot of [30, 60]) {
    const { booked, computed } = await recomputed(held, slot);
    expect(booked).toHaveLength(1);
    expect(computed).toEqual(booked);
  }
});
