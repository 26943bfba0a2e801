// Keeping: the payments to keepers and referrers, read from the records of the transactions that
// they act in, with every account watched in every role, and the amounts that the records leave
// open.
import { describe, expect, test } from 'vitest';
import type { Address } from '../../src/core/ids.ts';
import type { Struct } from '../../src/local/drift/layout.ts';
import { NO_ACTION } from '../../src/local/drift/order-record.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { hear } from '../support/hear.ts';
import { made, ofKind, someone, user, venue, watched } from '../support/made-transaction.ts';

const [keeper, owner] = [someone(), someone()];
const record = (value: Struct) => ({
  event: 'OrderActionRecord',
  as: 'log' as const,
  value: {
    ...NO_ACTION,
    ts: 1n,
    action: 'trigger',
    actionExplanation: 'none',
    marketIndex: 0,
    marketType: 'perp',
    filler: keeper,
    fillerReward: 10_000n,
    taker: user,
    takerOrderId: 1,
    takerOrderDirection: 'short',
    takerOrderBaseAssetAmount: 1_000_000_000n,
    takerOrderCumulativeBaseAssetAmountFilled: 0n,
    takerOrderCumulativeQuoteAssetAmountFilled: 0n,
    oraclePrice: 110_000_000n,
    ...value,
  },
});
const tallyOf = (value: Struct, call = 'order', at: Record<number, Address> = { 1: user }) =>
  ofKind(made([venue(call, at, { emits: [record(value)] })]), 'tally')[0];
const asMaker = {
  taker: null,
  takerOrderId: null,
  takerOrderDirection: null,
  maker: user,
  makerOrderId: 1,
  makerOrderDirection: 'short',
};

describe('the flat fee of a keeper', () => {
  test.each([
    ['a trigger', { takerFee: 10_000n }],
    ['an order that expired', { action: 'cancel', actionExplanation: 'orderExpired' }],
    [
      'an order beyond the oracle band',
      { action: 'cancel', actionExplanation: 'oraclePriceBreachedLimitPrice' },
    ],
    ['a resting order of a maker', { action: 'cancel', ...asMaker }],
  ])('%s lowers the total of its owner by as much, once', (_, value) =>
    expect(tallyOf(value)).toMatchObject({ realised: -10_000n, funding: 0n }),
  );
  test('raises that of a keeper who is watched', () =>
    expect(tallyOf({ taker: owner, filler: user })).toMatchObject({ realised: 10_000n }));
  test('is none where the owner cancels, and none for spot orders', () => {
    expect(tallyOf({ action: 'cancel', filler: null, fillerReward: null })).toBeUndefined();
    expect(tallyOf({ action: 'cancel', filler: user, fillerReward: 0n })).toBeUndefined();
    expect(tallyOf({ marketType: 'spot' })).toBeUndefined();
  });
  test('is paid out of the spot balance when orders are force-cancelled', () =>
    expect(tallyOf({ action: 'cancel' }, 'force_cancel_orders', { 3: user })).toBeUndefined());
  test('may have been taken where a record tells 0', () =>
    expect(tallyOf({ action: 'cancel', fillerReward: 0n })).toMatchObject({
      realised: 0n,
      untoldFees: 1,
    }));
  test('is not taken for what a liquidator cancels', () =>
    expect(
      tallyOf({ action: 'cancel', actionExplanation: 'liquidation', fillerReward: 0n }),
    ).toBeUndefined());
});

const fill = {
  action: 'fill',
  actionExplanation: 'orderFilledWithAMM',
  fillRecordId: 1n,
  baseAssetAmountFilled: 1_000_000_000n,
  quoteAssetAmountFilled: 110_000_000n,
  takerFee: 50_000n,
};
describe('a fill by a third party', () => {
  test('costs its owner the fee and no reward on top', () =>
    expect(tallyOf({ ...fill, fillerReward: 4_000n })).toMatchObject({ realised: -50_000n }));
  test('earns a watched keeper the reward, unless the keeper had no free slot', () =>
    expect(tallyOf({ ...fill, taker: owner, filler: user, fillerReward: 4_000n })).toMatchObject({
      realised: 4_000n,
      perhaps: [-4_000n],
    }));
});

describe('a referral reward', () => {
  const referred = { ...fill, taker: owner, filler: null, fillerReward: null, referrerReward: 750 };
  test('may be that of every watched account that the call was given', () =>
    expect(tallyOf(referred, 'order', { 1: owner, 6: user })).toMatchObject({
      realised: 0n,
      perhaps: [750n],
    }));
  test('is nobody’s who was not there', () =>
    expect(tallyOf(referred, 'order', { 1: owner })).toBeUndefined());
  test('is not the taker’s own', () =>
    expect(tallyOf({ ...referred, taker: user })).toEqual({
      kind: 'tally',
      realised: -50_000n,
      funding: 0n,
      deposits: 0n,
      withdraws: 0n,
      tokens: 0n,
    }));
  test('of several fills in one transaction is kept fill by fill', () => {
    const emits = [record(referred), record({ ...referred, referrerReward: 33 })];
    const transaction = made([venue('order', { 1: owner, 6: user }, { emits })]);
    expect(hear(DRIFT_V2, transaction, watched).map((each) => each.body)).toMatchObject([
      { kind: 'tally', perhaps: [750n, 33n] },
    ]);
  });
});
