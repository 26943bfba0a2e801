// Late facts: a transaction that is heard while a stretch of its account is reckoned, or after
// that, is counted once, in both ledgers. The account trades by the venue's rules, so that what is
// booked must add up to what it realised.
import { expect, test } from 'vitest';
import type { Booking } from '../../src/core/accrual.ts';
import type { FactBody } from '../../src/core/fact.ts';
import type { Basis } from '../../src/core/terms.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { silentLog } from '../../src/system/log.ts';
import { LEDGERS, openTrading, trading } from '../support/hidden-trading.ts';
import { addressOf, createTestLedger } from '../support/ledger.ts';

const ACCOUNT = addressOf(3);
const sumOf = (bookings: readonly Booking[], name: 'netPnl' | 'amount'): bigint =>
  bookings.reduce((sum, each) => sum + each[name], 0n);
const BASES: readonly Basis[] = ['per_close', 'high_water_mark'];
/** The slot and the price of the close that is heard late; its entry is 1,000. */
const LATE: readonly [string, number, bigint][] = [
  ['a gain before the others', 25, 1_200n],
  ['a loss before the others', 25, 900n],
  ['a gain after the others', 40, 1_400n],
  ['a loss after the others', 40, 900n],
];
const CASES = LEDGERS.flatMap((name) =>
  BASES.flatMap((basis) =>
    LATE.flatMap((late) => [false, true].map((booked) => [name, basis, ...late, booked] as const)),
  ),
);

test.each(CASES)(
  'counts once, in %s by %s: %s in slot %i at %i; reckoning booked before: %s',
  async (name, basis, _, slot, price, booked) => {
    await using held = await openTrading(name, basis);
    const ana = trading(held.ledger);
    await ana.begin(5);
    await ana.trade(20, 10n, 1_000n, 50n).hear();
    const early = slot < 30 ? ana.trade(slot, -2n, price, 3n) : null;
    await ana.hide(30, -3n, 1_300n, 7n);
    const late = early ?? ana.trade(slot, -2n, price, 3n);
    expect(await ana.check(50)).toBe(true);
    const before = booked ? await ana.book() : [];
    await late.hear();
    const after = await ana.book();
    expect(after).toHaveLength(booked ? 0 : 1);
    await ana.trade(60, -5n, 2_000n, 11n).hear();
    await ana.check(65);
    const all = [...before, ...after, ...(await ana.book())];
    expect(all).toMatchObject([{ base: null }, { base: 5n }]);
    expect(sumOf(all, 'netPnl')).toBe(ana.account.realised());
    expect(sumOf(all, 'amount')).toBe(ana.account.realised() / 10n);
    if (name === 'memory') return;
    const facts = await held.ledger.facts.list({ subscriberId: 'ana', limit: 20 });
    const found = facts.filter((each) => each.position.slot === slot).map(({ body }) => body);
    // A gain before the reckoning may be owed from there on.
    const tradedAt = slot < 30 && price > 1_000n ? 0 : null;
    expect(found).toEqual([{ kind: 'unknown', why: 'reckoned', tradedAt }]);
  },
);

test.each(LEDGERS)('the fee of an opening counts once, in %s', async (name) => {
  await using held = await openTrading(name, 'per_close');
  const ana = trading(held.ledger);
  await ana.begin(5);
  await ana.trade(20, 10n, 1_000n, 50n).hear();
  await ana.hide(30, 5n, 1_100n, 0n);
  const late = ana.trade(40, 4n, 1_200n, 40n);
  await ana.check(50);
  await late.hear();
  await ana.trade(60, -19n, 1_300n, 0n).hear();
  await ana.check(65);
  const all = await ana.book();
  expect(all).toMatchObject([{ base: null }, { base: 19n, openingFee: 50n }]);
  expect(sumOf(all, 'netPnl')).toBe(ana.account.realised());
});

test.each(LEDGERS)('one that is heard while the sum is computed, in %s', async (name) => {
  await using held = await openTrading(name, 'per_close');
  const ana = trading(held.ledger);
  await ana.begin(5);
  await ana.trade(20, 10n, 1_000n, 50n).hear();
  await ana.hide(30, -3n, 1_300n, 7n);
  const late = ana.trade(40, -2n, 1_200n, 3n);
  expect(await ana.check(50, late.hear)).toBe(false);
  expect((await held.ledger.checks.find([ACCOUNT]))[0]?.baseline?.slot).toBe(5);
  expect(await ana.check(50)).toBe(true);
  await ana.trade(60, -5n, 2_000n, 11n).hear();
  await ana.check(65);
  const all = await ana.book();
  // One unit of the opening fee may be rounded up for each part.
  expect(all).toMatchObject([{ base: null }, { base: 2n }, { base: 5n }]);
  expect(sumOf(all, 'netPnl')).toBe(ana.account.realised());
});

test('what tells no part of the sum stays on record', async () => {
  await using held = await openTrading('Postgres', 'per_close');
  const { ledger } = held;
  const ana = trading(ledger);
  await ana.begin(5);
  await ana.hide(30, 5n, 1_100n, 0n);
  await ana.check(50);
  const quiet = { kind: 'tally', deposits: 9n, withdraws: 0n, tokens: 0n } as const;
  const funding: FactBody = { ...quiet, realised: -4n, funding: -4n };
  const whole: FactBody = { ...quiet, realised: -5n, funding: -4n };
  const outflow: FactBody = {
    kind: 'outflow',
    route: 'withdraw',
    amount: 9n,
    mint: null,
    decimals: null,
    destination: null,
    owner: null,
    internal: false,
    ofValue: true,
    consent: 'agent',
    signers: [],
    usd: null,
  };
  // Slot 5 is the first state's own, and slot 51 is after the second one.
  for (const slot of [5, 51]) await ana.record(slot, [whole]);
  await ana.record(31, [funding]);
  await ana.record(32, [outflow, whole]);
  const facts = await ledger.facts.list({ subscriberId: 'ana', limit: 20 });
  const kinds = facts.map(({ position, body }) => `${position.slot} ${body.kind}`).toSorted();
  expect(kinds).toEqual([
    '30 reckoning',
    '30 unknown',
    '31 tally',
    '32 outflow',
    '32 unknown',
    '5 tally',
    '51 tally',
  ]);
});

test('a reckoning waits for a reading that is being recorded, and sees it', async () => {
  await using held = await createTestLedger();
  const other = openDatabase(held.url, silentLog, 2);
  await using _ = { [Symbol.asyncDispose]: () => other.end() };
  const ana = trading(held.ledger);
  await ana.begin(5);
  await ana.trade(20, 10n, 1_000n, 50n).hear();
  await ana.hide(30, -3n, 1_300n, 7n);
  const late = ana.trade(40, -2n, 1_200n, 3n);
  const locks = async (granted: boolean) =>
    (
      await other`
        select 1 from pg_locks join pg_database on pg_database.oid = database
        where locktype = 'advisory' and granted = ${granted} and datname = current_database()`
    ).length;
  const [isHeld, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  // Another transaction holds the watch-list, so that the reading waits before it is written.
  const holding = other.begin(async (tx) => {
    await tx`lock table watch_list in access exclusive mode`;
    isHeld.resolve();
    await released.promise;
  });
  await isHeld.promise;
  let hearing: Promise<void> = Promise.resolve();
  const checked = ana.check(50, async () => {
    hearing = late.hear();
    await expect.poll(() => locks(true)).toBe(1);
  });
  await expect.poll(() => locks(false)).toBe(1);
  released.resolve();
  expect(await checked).toBe(false);
  await Promise.all([holding, hearing]);
  expect(await ana.check(50)).toBe(true);
  expect(await ana.book()).toMatchObject([{ base: null }, { base: 2n }]);
});
