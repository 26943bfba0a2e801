// Lots: an account that trades by the venue's rules, and the bookings of its closes. Recorded and
// reckoned profit are computed from the same base; gains from before the terms owe nothing; a round
// trip under terms always owes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Agreement, accrualOf, type Booking, tabsAfter } from '../../src/core/accrual.ts';
import type { Held } from '../../src/core/fact.ts';
import type { Movement } from '../../src/core/lot.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';
import { createTradedAccount } from '../support/traded-account.ts';

type Trade = { market: number; delta: bigint; price: bigint; fee: bigint; hidden: boolean };
const trade = fc.record({
  market: fc.integer({ min: 0, max: 1 }),
  delta: fc.bigInt({ min: -1_000n, max: 1_000n }).filter((each) => each !== 0n),
  price: fc.bigInt({ min: 900n, max: 1_100n }),
  // Maker fills bring a rebate.
  fee: fc.bigInt({ min: -500n, max: 2_000n }),
  hidden: fc.boolean(),
});

/**
 * Plays trades in turn, those that are hidden behind cut logs with a check of the account's state
 * after each run of them.
 */
function play(
  agreement: Agreement,
  trades: readonly Trade[],
  account = createTradedAccount(),
  from = 100,
): { bookings: Booking[]; account: ReturnType<typeof createTradedAccount>; explained: boolean[] } {
  const history: Movement[] = [];
  const bookings: Booking[] = [];
  const explained: boolean[] = [];
  let tabs = agreement.tabs;
  let slot = from;
  let hiddenSince: { slot: number; realised: bigint } | null = null;
  const book = (realised: Parameters<typeof accrualOf>[0]) => {
    const accrued = accrualOf(realised, slot, { ...agreement, tabs }, history);
    tabs = tabsAfter(tabs, accrued.bookings);
    bookings.push(...accrued.bookings);
    if (realised.kind === 'close') explained.push(accrued.explained);
  };
  const check = () => {
    if (hiddenSince === null) return;
    const netPnl = account.realised() - hiddenSince.realised;
    const body = {
      kind: 'reckoning',
      netPnl,
      afterSlot: hiddenSince.slot,
      uptoSlot: slot,
    } as const;
    book({ ...body, held: account.held() });
    history.push({ ...body, held: account.held(), slot });
    hiddenSince = null;
  };
  for (const { market, delta, price, fee, hidden } of trades) {
    if (!hidden) check();
    slot++;
    if (hidden) hiddenSince ??= { slot: slot - 1, realised: account.realised() };
    const { close, moves } = account.trade(slot, market, delta, price, fee);
    if (hidden) history.push({ kind: 'unknown', slot });
    else {
      if (close !== null) book(close);
      history.push(...moves);
    }
  }
  check();
  return { bookings, account, explained };
}

/** Closes every position in sight, so that nothing stays deferred. */
const flattened = (trades: readonly Trade[]): Trade[] => {
  const account = createTradedAccount();
  for (const [n, each] of trades.entries())
    account.trade(n, each.market, each.delta, each.price, each.fee);
  const rest = account
    .held()
    .map(({ market, base }) => ({ market, delta: -base, price: 1_000n, fee: 7n, hidden: false }));
  return [...trades, ...rest];
};
const sum = (bookings: readonly Booking[]) =>
  bookings.reduce((total, each) => total + each.netPnl, 0n);

test('bookings of recorded and of hidden trades add up to the realised total of the account, opening fees and flips included', () => {
  const agreement = { terms: [termsOf(1, 'a', 1_000)], held: NOTHING_HELD, tabs: {} };
  fc.assert(
    fc.property(fc.array(trade, { maxLength: 25 }), (trades) => {
      const { bookings, account } = play(agreement, flattened(trades));
      expect(sum(bookings)).toBe(account.realised());
    }),
    { numRuns: 400 },
  );
});

test('with several terms and a holding from before, parts add up to it all the same', () => {
  fc.assert(
    fc.property(
      fc.array(trade, { maxLength: 25 }),
      fc.bigInt({ min: -1_500n, max: 1_500n }),
      fc.integer({ min: 100, max: 125 }),
      fc.boolean(),
      (trades, heldBase, change, ended) => {
        const account = createTradedAccount();
        if (heldBase !== 0n) account.trade(90, 0, heldBase, 1_000n, 0n);
        const agreement: Agreement = {
          terms: [termsOf(99, 'a', 1_000), termsOf(change, 'b', 2_000, { ended })],
          held: { slot: 98, positions: account.held() },
          tabs: {},
        };
        const rest = createTradedAccount();
        if (heldBase !== 0n) rest.trade(90, 0, heldBase, 1_000n, 0n);
        for (const each of trades) rest.trade(1, each.market, each.delta, each.price, each.fee);
        const closing = rest.held().map(({ market, base }) => ({
          market,
          delta: -base,
          price: 1_000n,
          fee: 7n,
          hidden: false,
        }));
        const { bookings } = play(agreement, [...trades, ...closing], account);
        expect(sum(bookings)).toBe(account.realised());
      },
    ),
    { numRuns: 400 },
  );
});

test('the record of a close shows whether every opening before it was heard', () => {
  const agreement = { terms: [termsOf(1, 'a', 1_000)], held: NOTHING_HELD, tabs: {} };
  const seen = fc.array(trade, { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(seen, (trades) => {
      const told = trades.map((each) => ({ ...each, hidden: false }));
      expect(play(agreement, told).explained.every((each) => each)).toBe(true);
    }),
  );
  // One opening is not heard: the entry in the record is another than the lots tell, or they are
  // too few.
  const account = createTradedAccount();
  const first = account.trade(10, 0, 5n, 1_000n, 3n);
  account.trade(11, 0, 5n, 1_040n, 3n);
  const { close } = account.trade(12, 0, -5n, 1_100n, 3n);
  if (close === null) throw new Error('no close');
  expect(accrualOf(close, 12, agreement, first.moves)).toMatchObject({
    explained: false,
    flat: false,
  });
});

test('direction one: an honest holder is never charged for old gains, whatever the venue averages', () => {
  const copies = fc.array(
    fc.record({
      base: fc.bigInt({ min: 1n, max: 50n }),
      bought: fc.bigInt({ min: 900n, max: 1_100n }),
      sold: fc.bigInt({ min: 900n, max: 1_100n }),
    }),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(
      copies,
      fc.bigInt({ min: 1n, max: 5_000n }),
      fc.bigInt({ min: 1n, max: 1_000n }),
      (rounds, held, heldPrice) => {
        const account = createTradedAccount();
        account.trade(90, 0, held, heldPrice, 0n);
        const positions: readonly Held[] = account.held();
        const agreement = {
          terms: [termsOf(99, 'a', 1_000)],
          held: { slot: 98, positions },
          tabs: {},
        };
        const trades = rounds.flatMap(({ base, bought, sold }) => [
          { market: 0, delta: base, price: bought, fee: 0n, hidden: false },
          { market: 0, delta: -base, price: sold, fee: 0n, hidden: false },
        ]);
        const selling = { market: 0, delta: -held, price: 1_100n, fee: 0n, hidden: false };
        const { bookings } = play(agreement, [...trades, selling], account);
        const agreed = bookings.filter((each) => each.terms !== null);
        // Exactly the copied round trips, each at its own prices; the holding, at any gain, not at
        // all.
        expect(agreed.map((each) => each.netPnl)).toEqual(
          rounds.map(({ base, bought, sold }) => base * (sold - bought)),
        );
        expect(bookings.at(-1)).toMatchObject({ terms: null, amount: 0n });
      },
    ),
  );
});

test('direction two: a round trip under terms always owes, however large or small the holding below it', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -5_000n, max: 5_000n }),
      fc.bigInt({ min: 500n, max: 1_500n }),
      fc.bigInt({ min: 1n, max: 5_000n }),
      fc.bigInt({ min: 1n, max: 400n }),
      (held, heldPrice, base, gain) => {
        const account = createTradedAccount();
        const short = held < 0n;
        if (held !== 0n) account.trade(90, 0, held, heldPrice, 0n);
        const agreement = {
          terms: [termsOf(99, 'a', 10_000)],
          held: { slot: 98, positions: account.held() },
          tabs: {},
        };
        // The trade goes in the direction of the holding; a trade against the holding would close
        // it and open nothing.
        const [into, out] = short ? [1_000n + gain, 1_000n] : [1_000n, 1_000n + gain];
        const { bookings } = play(
          agreement,
          [
            { market: 0, delta: short ? -base : base, price: into, fee: 0n, hidden: false },
            { market: 0, delta: short ? base : -base, price: out, fee: 0n, hidden: false },
          ],
          account,
        );
        expect(bookings.reduce((total, each) => total + each.amount, 0n)).toBe(base * gain);
      },
    ),
  );
});
