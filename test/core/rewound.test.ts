// Rewound: a state is of a later slot than the last transaction that could not be read. What
// records show between the two is taken out of the state, so that no lot is opened or closed twice.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Agreement, accrualOf, type Booking, tabsAfter } from '../../src/core/accrual.ts';
import type { Held } from '../../src/core/fact.ts';
import type { Movement } from '../../src/core/lot.ts';
import { type RecordedMove, rewound } from '../../src/core/rewound.ts';
import { NOTHING_HELD, termsOf } from '../support/terms.ts';
import { createTradedAccount } from '../support/traded-account.ts';

type Trade = { market: number; delta: bigint; price: bigint; fee: bigint };
const trade = fc.record({
  market: fc.integer({ min: 0, max: 1 }),
  delta: fc.bigInt({ min: -1_000n, max: 1_000n }).filter((each) => each !== 0n),
  price: fc.bigInt({ min: 900n, max: 1_100n }),
  // Maker fills bring a rebate.
  fee: fc.bigInt({ min: -500n, max: 2_000n }),
});
const byMarket = (held: readonly Held[]) => held.toSorted((a, b) => a.market - b.market);
const recorded = (moves: readonly Movement[]): RecordedMove[] =>
  moves.flatMap((move) =>
    move.kind === 'open' || move.kind === 'close' ? [move as unknown as RecordedMove] : [],
  );

test('the positions before records are those that the account had, to the unit, flips included', () => {
  fc.assert(
    fc.property(fc.array(trade, { maxLength: 12 }), fc.nat(12), (trades, at) => {
      const account = createTradedAccount();
      const play = (each: Trade, n: number) =>
        account.trade(n, each.market, each.delta, each.price, each.fee).moves;
      trades.slice(0, at).forEach(play);
      const stood = account.held();
      const later = trades.slice(at).flatMap(play);
      expect(byMarket(rewound(account.held(), recorded(later)))).toEqual(byMarket(stood));
    }),
    { numRuns: 500 },
  );
});

test('an entry that is not told stays untold, and ends with the position', () => {
  const open = { kind: 'open', market: 0, position: 'short', base: 4n, quote: null } as const;
  const close = { kind: 'close', market: 0, position: 'short', baseClosed: 3n, entry: 9n } as const;
  const held = (base: bigint, entry: bigint | null): Held[] => [{ market: 0, base, entry }];
  expect(rewound(held(-10n, 50n), [open])).toEqual(held(-6n, null));
  expect(rewound(held(-10n, null), [close])).toEqual(held(-13n, null));
  expect(rewound(held(-4n, 20n), [open])).toEqual([]);
  expect(rewound([], [open, { ...close, baseClosed: 4n }])).toEqual([]);
  expect(rewound([], [close])).toEqual(held(-3n, 9n));
  // The close ended an earlier position, whose entry its record tells.
  expect(rewound(held(-4n, 20n), [close, open])).toEqual(held(-3n, 9n));
  // An opening for more than the state tells would leave an entry below zero.
  expect(rewound(held(-10n, 5n), [{ ...open, quote: 7n }])).toEqual(held(-6n, 0n));
  expect(rewound(held(-10n, 50n), [])).toEqual(held(-10n, 50n));
});

type Step = Trade & { readonly hidden: boolean; readonly checked: boolean };
type Recorded = { readonly slot: number; readonly moves: readonly Movement[] };

/**
 * Plays trades, some of them behind cut logs, and reads the account's state after those that are
 * `checked` and after the last one. Each reckoning stands at the last hidden trade before its
 * state. Returns what is booked in the order of the chain.
 */
function played(agreement: Agreement, steps: readonly Step[]) {
  const account = createTradedAccount();
  const facts: Movement[] = [];
  const realised = new Map<Movement, Parameters<typeof accrualOf>[0]>();
  let since = { slot: 100, realised: 0n, held: [] as Held[] };
  let told = 0n;
  let [later, hiddenAt]: [Recorded[], number | null] = [[], null];
  const check = (slot: number) => {
    if (hiddenAt !== null) {
      const after = hiddenAt;
      const moves = later.filter((each) => each.slot > after).flatMap((each) => each.moves);
      const reckoning = {
        kind: 'reckoning' as const,
        netPnl: account.realised() - since.realised - told,
        afterSlot: since.slot,
        uptoSlot: slot,
        heldBefore: since.held,
        held: rewound(account.held(), recorded(moves)),
      };
      const at = facts.findIndex((each) => each.slot === after) + 1;
      const move = { ...reckoning, slot: after };
      facts.splice(at, 0, move);
      realised.set(move, reckoning);
    }
    since = { slot, realised: account.realised(), held: account.held() };
    [told, later, hiddenAt] = [0n, [], null];
  };
  for (const [n, { market, delta, price, fee, hidden, checked }] of steps.entries()) {
    const slot = 101 + n;
    const before = account.realised();
    const { close, moves } = account.trade(slot, market, delta, price, fee);
    if (hidden) {
      hiddenAt = slot;
      facts.push({ kind: 'unknown', slot });
    } else {
      told += account.realised() - before;
      later.push({ slot, moves });
      for (const move of moves) {
        facts.push(move);
        if (move.kind === 'close' && close !== null) realised.set(move, close);
      }
    }
    if (checked || n === steps.length - 1) check(slot);
  }
  const bookings: Booking[] = [];
  let { tabs } = agreement;
  for (const [index, fact] of facts.entries()) {
    const body = realised.get(fact);
    if (body === undefined) continue;
    const accrued = accrualOf(body, fact.slot, { ...agreement, tabs }, facts.slice(0, index));
    tabs = tabsAfter(tabs, accrued.bookings);
    bookings.push(...accrued.bookings);
  }
  return { account, bookings };
}

/** Closes by record what these trades leave open. */
const closing = (steps: readonly Trade[]): Step[] => {
  const account = createTradedAccount();
  for (const [n, each] of steps.entries())
    account.trade(n, each.market, each.delta, each.price, each.fee);
  return account.held().map(({ market, base }) => ({
    market,
    delta: -base,
    price: 1_000n,
    fee: 7n,
    hidden: false,
    checked: false,
  }));
};

test('trades that records show between hidden ones, and before the state is read, are booked once', () => {
  const step = fc
    .tuple(trade, fc.boolean(), fc.integer({ min: 0, max: 3 }))
    .map(([each, hidden, n]): Step => ({ ...each, hidden, checked: n === 0 }));
  const agreement: Agreement = {
    terms: [termsOf(1, 'a', 1_000)],
    held: NOTHING_HELD,
    tabs: {},
  };
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const { account, bookings } = played(agreement, [...steps, ...closing(steps)]);
      expect(bookings.reduce((sum, each) => sum + each.netPnl, 0n)).toBe(account.realised());
    }),
    { numRuns: 400 },
  );
});
