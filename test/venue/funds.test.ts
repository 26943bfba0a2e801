// Funds: the amounts that can be drawn from a Drift account, by one reading of it.

import { describe, expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import type { PerpPosition, SpotMarket, User } from '../../src/venue/accounts.ts';
import { DRIFT_PROFILE } from '../../src/venue/drift-v2/profile.ts';
import { atPrices, fundsOf } from '../../src/venue/funds.ts';

/** One unit of scaled balance is one token base unit. */
const MARKET = {
  mint: DRIFT_PROFILE.quote.mint,
  decimals: 6,
  cumulativeDepositInterest: 10n ** 13n,
  withdrawPaused: false,
} as unknown as SpotMarket;
const BASE = 1_000_000_000n;
const PRICE = 1_000_000n;

const position = (given: Partial<PerpPosition>): PerpPosition => ({
  market: 0,
  base: 0n,
  quote: 0n,
  entry: 0n,
  isolated: null,
  ...given,
});
const user = (given: Partial<User>): User =>
  ({
    spots: [{ market: 0, scaledBalance: 500n, isBorrow: false }],
    perps: [],
    beingLiquidated: false,
    bankrupt: false,
    hasOpenOrders: false,
    ...given,
  }) as unknown as User;
const OPEN = { exchangeStatus: 0, stopped: false };
const funds = (given: Partial<User>) => fundsOf(DRIFT_PROFILE, user(given), MARKET, OPEN);

test('a quote market of another token, or with other decimals, pays nothing', () => {
  for (const other of [{ mint: 'another' }, { decimals: 9 }]) {
    const market = { ...MARKET, ...other } as SpotMarket;
    expect(fundsOf(DRIFT_PROFILE, user({}), market, OPEN).blocked).toMatchObject({
      class: 'venue_limited',
      code: 'account_unreadable',
    });
  }
  expect(funds({}).blocked).toBeNull();
});

describe('what settling brings', () => {
  test('quote less entry, where that is a profit', () => {
    const perps = [
      position({ market: 1, quote: 30n }),
      position({ market: 2, quote: -5n }),
      position({ market: 3, base: BASE, quote: -90n, entry: -100n }),
    ];
    expect(funds({ perps })).toMatchObject({
      deposit: 500n,
      claimable: [
        { market: 1, amount: 30n, held: false },
        { market: 3, amount: 10n, held: true },
      ],
    });
  });

  test('an isolated position that is open brings nothing to the deposit; a closed one brings its collateral too', () => {
    const perps = [
      position({ market: 1, base: BASE, quote: 30n, isolated: 70n }),
      position({ market: 2, quote: 30n, isolated: 70n }),
      // Nothing to settle, so nothing hands the collateral back in this transaction.
      position({ market: 3, isolated: 70n }),
    ];
    expect(funds({ perps }).claimable).toEqual([{ market: 2, amount: 100n, held: false }]);
  });

  test('an open position brings no more than it is worth with its unrealised loss, and nothing when that is a loss', () => {
    // Bought 2 at 100, one sold at 130: 30 are realised, one is held.
    const owner = user({
      perps: [position({ base: BASE, quote: -70n * PRICE, entry: -100n * PRICE })],
    });
    const known = fundsOf(DRIFT_PROFILE, owner, MARKET, OPEN);
    const seen = { address: 'user' as Address, spotMarkets: [], borrowed: [], perps: owner.perps };
    const at = (price: bigint) =>
      atPrices(known, seen, new Map([[0, price * PRICE]])).claimable.map((each) => each.amount);
    expect(at(120n)).toEqual([30n * PRICE]);
    expect(at(90n)).toEqual([20n * PRICE]);
    expect(at(70n)).toEqual([]);
    expect(at(60n)).toEqual([]);
    // A market that cannot be read counts with its stated figures; the venue is asked in any case.
    expect(atPrices(known, seen, new Map()).claimable).toEqual(known.claimable);
  });
});

describe('positions and borrows that depend on the collateral', () => {
  test.each<[string, Partial<User>, boolean]>([
    ['nothing', {}, false],
    ['a closed position with profit', { perps: [position({ quote: 5n })] }, false],
    ['an open position', { perps: [position({ base: 1n, quote: 5n })] }, true],
    ['a loss that is not settled', { perps: [position({ quote: -5n })] }, true],
    ['a borrow', { spots: [{ market: 1, scaledBalance: 5n, isBorrow: true }] }, true],
    ['an open order', { hasOpenOrders: true }, true],
    ['a liquidation that may be over', { beingLiquidated: true }, true],
  ])('%s', (_, given, expected) => {
    expect(funds(given)).toMatchObject({ exposed: expected, blocked: null });
  });
});

test('a bankrupt account and paused withdrawals are known without asking', () => {
  expect(funds({ bankrupt: true }).blocked?.code).toBe('user_bankrupt');
  expect(
    fundsOf(DRIFT_PROFILE, user({}), MARKET, { ...OPEN, exchangeStatus: 2 }).blocked?.code,
  ).toBe('withdrawals_paused');
  expect(
    fundsOf(DRIFT_PROFILE, user({}), MARKET, { ...OPEN, stopped: true }).blocked,
  ).toMatchObject({ class: 'operator', code: 'equity_breaker_tripped' });
  const paused = { ...MARKET, withdrawPaused: true };
  expect(fundsOf(DRIFT_PROFILE, user({}), paused, OPEN).blocked?.class).toBe('venue_paused');
});
