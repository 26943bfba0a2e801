// Accounts: a layout is read from an account of exactly its length, and bytes that changed their
// meaning are not believed.
import { describe, expect, test } from 'vitest';
import { blankAccount, encodeAccount, type Struct } from '../../src/local/drift/layout.ts';
import { CURRENT_BUILD } from '../../src/venue/drift-v2/builds.ts';
import { DRIFT_PROFILE } from '../../src/venue/drift-v2/profile.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { fundsOf } from '../../src/venue/funds.ts';

const {
  exchangeStatus: readExchangeStatus,
  flatFillerFee: readFlatFillerFee,
  perpOracle: readPerpOracle,
  spotMarket: readSpotMarket,
  subAccountsCreated: readSubAccountsCreated,
  user: readUser,
} = DRIFT_V2.accounts;
const { ofUser: readAccountState } = DRIFT_V2.states;

const READERS: [string, (data: Uint8Array) => unknown][] = [
  ['User', readUser],
  ['User', readAccountState],
  ['SpotMarket', readSpotMarket],
  ['PerpMarket', readPerpOracle],
  ['State', readExchangeStatus],
  ['State', readFlatFillerFee],
  ['UserStats', readSubAccountsCreated],
];
test.each(READERS)('a %s of another length or kind is refused by name', (kind, read) => {
  const bytes = encodeAccount(kind, blankAccount(kind));
  expect(() => read(bytes)).not.toThrow();
  const other = new Uint8Array(bytes);
  other[0] = (other[0] ?? 0) ^ 1;
  for (const wrong of [
    bytes.subarray(0, bytes.length - 1),
    Buffer.concat([bytes, Buffer.alloc(120)]),
    other,
  ])
    expect(() => read(wrong)).toThrow(
      expect.objectContaining({
        code: 'account_unreadable',
        context: { bytes: wrong.length, kind },
      }),
    );
});

test('the flat fee of keepers is where the interface says', () => {
  const state = blankAccount('State');
  state.perpFeeStructure.flatFillerFee = 3_000n;
  expect(readFlatFillerFee(encodeAccount('State', state))).toBe(3_000n);
});

test('withdrawals are paused by status or by the bit of the current build', () => {
  const paused = (change: Struct) =>
    readSpotMarket(encodeAccount('SpotMarket', { ...blankAccount('SpotMarket'), ...change }))
      .withdrawPaused;
  expect(paused({ status: 'active' })).toBe(false);
  expect(paused({ status: 'active', pausedOperations: CURRENT_BUILD.pausedBits.withdraw })).toBe(
    true,
  );
  // Deposits alone, in the current build.
  expect(paused({ status: 'active', pausedOperations: 4 })).toBe(false);
  expect(paused({ status: 'delisted' })).toBe(true);
});

describe('the bytes at +72 of a perp slot', () => {
  const market = readSpotMarket(
    encodeAccount('SpotMarket', {
      ...blankAccount('SpotMarket'),
      status: 'active',
      decimals: 6,
      cumulativeDepositInterest: 10_000_000_000n,
    }),
  );
  const seen = (slot: Struct, change: Struct = {}) => {
    const user = { ...blankAccount('User'), ...change };
    Object.assign(user.perpPositions[2], slot);
    const bytes = encodeAccount('User', user);
    return {
      exposed: fundsOf(DRIFT_PROFILE, readUser(bytes), market, {
        exchangeStatus: 0,
        stopped: false,
      }).exposed,
      isolated: readAccountState(bytes).hints.isolated,
    };
  };
  const stale = { marketIndex: 3, isolatedPositionScaledBalance: 77_000_000_000n };

  test('of an older build are no collateral, and make no account exposed', () =>
    expect(seen(stale)).toEqual({ exposed: false, isolated: 0n }));
  test('are isolated collateral where the slot says that it is isolated', () =>
    expect(seen({ ...stale, positionFlag: 1 })).toEqual({
      exposed: false,
      isolated: 77_000_000_000n,
    }));
  test('hide nothing: a position, a loss or an order beside them is an exposure', () => {
    expect(seen({ ...stale, baseAssetAmount: 1n }).exposed).toBe(true);
    expect(seen({ ...stale, quoteAssetAmount: -1n }).exposed).toBe(true);
    expect(seen({ ...stale, openOrders: 1 }, { openOrders: 1 }).exposed).toBe(true);
  });
});
