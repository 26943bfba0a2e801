// Closes: the meaning of a fill for one side in every form that fills come in: taker and maker, AMM
// and match, liquidation, expiry, transfer, several in a transaction, and records too old to tell.
import { describe, expect, test } from 'vitest';
import type { Struct } from '../../src/local/drift/layout.ts';
import { encodeEvent } from '../../src/local/drift/layout.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import {
  bodies,
  type Made,
  made,
  OTHER,
  ofKind,
  someone,
  user,
  venue,
} from '../support/made-transaction.ts';

const stranger = someone();
const fill = (value: Struct, as: 'log' | 'data' = 'log') => ({
  event: 'OrderActionRecord',
  as,
  value: {
    ts: 1n,
    action: 'fill',
    actionExplanation: 'orderFilledWithAMM',
    marketIndex: 0,
    marketType: 'perp',
    filler: null,
    fillerReward: null,
    fillRecordId: 1n,
    baseAssetAmountFilled: 1_000_000_000n,
    quoteAssetAmountFilled: 110_000_000n,
    takerFee: 50_000n,
    makerFee: null,
    referrerReward: null,
    quoteAssetAmountSurplus: null,
    spotFulfillmentMethodFee: null,
    taker: user,
    takerOrderId: 1,
    takerOrderDirection: 'short',
    takerOrderBaseAssetAmount: null,
    takerOrderCumulativeBaseAssetAmountFilled: null,
    takerOrderCumulativeQuoteAssetAmountFilled: null,
    maker: null,
    makerOrderId: null,
    makerOrderDirection: null,
    makerOrderBaseAssetAmount: null,
    makerOrderCumulativeBaseAssetAmountFilled: null,
    makerOrderCumulativeQuoteAssetAmountFilled: null,
    oraclePrice: 110_000_000n,
    bitFlags: 0,
    takerExistingQuoteEntryAmount: 100_000_000n,
    takerExistingBaseAssetAmount: null,
    makerExistingQuoteEntryAmount: null,
    makerExistingBaseAssetAmount: null,
    triggerPrice: null,
    builderIdx: null,
    builderFee: null,
    ...value,
  },
});
const asMaker: Struct = {
  taker: null,
  takerOrderId: null,
  takerOrderDirection: null,
  takerFee: null,
  takerExistingQuoteEntryAmount: null,
  maker: user,
  makerOrderId: 1,
  makerOrderDirection: 'short',
  makerFee: -5_000n,
  makerExistingQuoteEntryAmount: 100_000_000n,
};
const calls = (...emits: ReturnType<typeof fill>[]): Made => venue('order', { 1: user }, { emits });
const NO_FILLS = { lpShares: 0n, userOrderId: 0, liquidatorOrderId: 0 };

describe('a close', () => {
  test('as taker: net of its fee, once', () => {
    expect(ofKind(made([calls(fill({}))]), 'close')).toEqual([
      expect.objectContaining({
        cause: 'trade',
        grossPnl: 10_000_000n,
        fee: 50_000n,
        netPnl: 9_950_000n,
      }),
    ]);
  });
  test('as maker of an AMM fill, with no taker: the rebate is a gain', () => {
    expect(ofKind(made([calls(fill(asMaker))]), 'close')).toEqual([
      expect.objectContaining({ side: 'maker', netPnl: 10_005_000n, counterparty: null }),
    ]);
  });
  test('a builder’s fee is inside the taker fee already, and is pointed out', () => {
    const transaction = made([calls(fill({ builderIdx: 0, builderFee: 20_000n }))]);
    expect(ofKind(transaction, 'close')).toEqual([expect.objectContaining({ netPnl: 9_950_000n })]);
    expect(ofKind(transaction, 'notice')).toEqual([
      expect.objectContaining({ what: 'builder_fee', amount: 20_000n }),
    ]);
  });
  test('several fills in one transaction, by CPI too: each counts, in order', () => {
    const direct = calls(fill({}), fill({ fillRecordId: 2n }));
    const through: Made = {
      program: OTHER,
      accounts: [someone()],
      data: Buffer.alloc(1),
      inner: [calls(fill({ fillRecordId: 3n }))],
    };
    const transaction = made([direct, through]);
    expect(ofKind(transaction, 'close').map((each) => each.fillRecordId)).toEqual([1n, 2n, 3n]);
    expect(ofKind(transaction, 'tally')).toEqual([
      expect.objectContaining({ realised: 29_850_000n }),
    ]);
  });
  test('an opening fill is none, but its fee is in the tally', () => {
    const opening = made([calls(fill({ takerExistingQuoteEntryAmount: null }))]);
    expect(ofKind(opening, 'close')).toEqual([]);
    expect(ofKind(opening, 'tally')).toEqual([expect.objectContaining({ realised: -50_000n })]);
  });
  test('a spot fill is none', () =>
    expect(ofKind(made([calls(fill({ marketType: 'spot' }))]), 'close')).toEqual([]));
  test('expiry settlement, emitted as data', () =>
    expect(
      ofKind(made([calls(fill({ actionExplanation: 'marketExpired' }, 'data'))]), 'close'),
    ).toEqual([expect.objectContaining({ cause: 'expiry', netPnl: 9_950_000n })]));
  test('expiry settlement with its fill is told by the fill', () => {
    const record = {
      ts: 1n,
      user,
      marketIndex: 0,
      pnl: 9_950_000n,
      baseAssetAmount: 1_000_000_000n,
      quoteAssetAmountAfter: 0n,
      quoteEntryAmount: 0n,
      settlePrice: 110_000_000n,
      explanation: 'expiredPosition',
    };
    const settled = { event: 'SettlePnlRecord', value: record };
    const told = fill({ actionExplanation: 'marketExpired' }, 'data');
    const call = venue('settle_pnl', { 1: user }, { emits: [told, settled] });
    expect(ofKind(made([call]), 'close')).toHaveLength(1);
    expect(ofKind(made([call]), 'unknown')).toEqual([]);
    // The fill of another market, or of another account, does not tell this close.
    for (const other of [{ marketIndex: 1 }, { taker: stranger }]) {
      const value = { ...told.value, ...other };
      const apart = venue('settle_pnl', { 1: user }, { emits: [{ ...told, value }, settled] });
      expect(ofKind(made([apart]), 'unknown')).toMatchObject([{ why: 'no_record' }]);
    }
  });
  test('a position moved to an own sub-account is no trade, and is pointed out', () => {
    const moved = made([
      calls(fill({ ...asMaker, makerFee: null, actionExplanation: 'transferPerpPosition' })),
    ]);
    expect(ofKind(moved, 'close')).toEqual([expect.objectContaining({ cause: 'transfer' })]);
    expect(ofKind(moved, 'notice')).toEqual([
      expect.objectContaining({ what: 'position_transfer' }),
    ]);
  });
  test('far from the oracle against a counterparty: a suspicion with both prices', () => {
    const dear = made([
      calls(fill({ oraclePrice: 130_000_000n, maker: stranger, makerOrderDirection: 'long' })),
    ]);
    expect(ofKind(dear, 'notice')).toEqual([
      expect.objectContaining({ what: 'off_price_fill', who: stranger, amount: 20_000_000n }),
    ]);
  });
  describe('in a spot market', () => {
    const { spotDecimals } = DRIFT_V2.profile;
    /** One token is sold for 110 quote tokens, to a stranger. */
    const sold = (marketIndex: number, oraclePrice: bigint, value: Struct = {}) => {
      const baseAssetAmountFilled = 10n ** BigInt(spotDecimals[marketIndex] ?? 9);
      const market = { marketType: 'spot', marketIndex, oraclePrice, baseAssetAmountFilled };
      const parties = { maker: stranger, makerOrderDirection: 'long' };
      return made([calls(fill({ ...market, ...parties, ...value }))]);
    };
    const [SOL, BTC] = [1, 3];
    const worse = { what: 'off_price_fill', who: stranger, amount: 20_000_000n };
    test('far from the oracle: the same, by the decimals of the market', () => {
      expect([spotDecimals[SOL], spotDecimals[BTC]]).toEqual([9, 8]);
      for (const market of [SOL, BTC])
        expect(bodies(sold(market, 130_000_000n))).toEqual([expect.objectContaining(worse)]);
    });
    test('the maker is judged by its own side', () => {
      const maker = { taker: stranger, takerOrderDirection: 'short', maker: user };
      expect(bodies(sold(SOL, 90_000_000n, maker))).toEqual([expect.objectContaining(worse)]);
      expect(bodies(sold(SOL, 130_000_000n, maker))).toEqual([]);
    });
    test('near the oracle, or without a price of either, nothing', () => {
      expect(bodies(sold(SOL, 111_100_000n))).toEqual([]);
      const off = { what: 'off_price_fill', amount: 1_200_000n };
      expect(bodies(sold(SOL, 111_200_000n))).toEqual([expect.objectContaining(off)]);
      expect(bodies(sold(SOL, 0n))).toEqual([]);
      expect(bodies(sold(spotDecimals.length, 130_000_000n))).toEqual([]);
    });
  });
});

describe('liquidation', () => {
  const record = (ifFee: bigint) => ({
    event: 'LiquidationRecord',
    value: {
      ts: 1n,
      liquidationType: 'liquidatePerp',
      user,
      liquidator: stranger,
      marginRequirement: 0n,
      totalCollateral: 0n,
      marginFreed: 0n,
      liquidationId: 1,
      bankrupt: false,
      canceledOrderIds: [1, 2],
      liquidatePerp: {
        marketIndex: 0,
        oraclePrice: 110_000_000n,
        baseAssetAmount: 0n,
        quoteAssetAmount: 0n,
        fillRecordId: 1n,
        liquidatorFee: 0n,
        ifFee,
        ...NO_FILLS,
      },
      liquidateSpot: {
        assetMarketIndex: 0,
        assetPrice: 0n,
        assetTransfer: 0n,
        liabilityMarketIndex: 0,
        liabilityPrice: 0n,
        liabilityTransfer: 0n,
        ifFee: 0n,
      },
      liquidateBorrowForPerpPnl: {
        perpMarketIndex: 0,
        marketOraclePrice: 0n,
        pnlTransfer: 0n,
        liabilityMarketIndex: 0,
        liabilityPrice: 0n,
        liabilityTransfer: 0n,
      },
      liquidatePerpPnlForDeposit: {
        perpMarketIndex: 0,
        marketOraclePrice: 0n,
        pnlTransfer: 0n,
        assetMarketIndex: 0,
        assetPrice: 0n,
        assetTransfer: 0n,
      },
      perpBankruptcy: {
        marketIndex: 0,
        pnl: 0n,
        ifPayment: 0n,
        clawbackUser: null,
        clawbackUserPayment: null,
        cumulativeFundingRateDelta: 0n,
      },
      spotBankruptcy: {
        marketIndex: 0,
        borrowAmount: 0n,
        ifPayment: 0n,
        cumulativeDepositInterestDelta: 0n,
      },
      bitFlags: 0,
    },
  });
  const emits = (ifFee: bigint) => [fill({ actionExplanation: 'liquidation' }), record(ifFee)];

  test('by take-over: the insurance fee is in the taker fee already', () => {
    const taken = made([venue('liquidate_perp', { 4: user }, { emits: emits(30_000n) })]);
    expect(ofKind(taken, 'close')).toEqual([
      expect.objectContaining({ cause: 'liquidation', netPnl: 9_950_000n }),
    ]);
  });
  test('by fills: the insurance fee comes on top, once, on the last fill', () => {
    const both = [fill({ actionExplanation: 'liquidation' }), ...emits(30_000n)];
    const filled = made([venue('liquidate_perp_with_fill', { 4: user }, { emits: both })]);
    expect(ofKind(filled, 'close').map((each) => each.netPnl)).toEqual([9_950_000n, 9_920_000n]);
    expect(ofKind(filled, 'tally')).toEqual([expect.objectContaining({ realised: 19_870_000n })]);
    expect(ofKind(filled, 'notice')).toEqual([
      expect.objectContaining({ what: 'liquidated', who: stranger }),
    ]);
  });
});

test('a record that breaks its layout hides nothing: the account is unknown, what left is still seen', () => {
  const transaction = made([calls(fill({}))]);
  const cut = (line: string) => line.slice(0, 60);
  const logs = transaction.logs.map((line) =>
    line.startsWith('Program log: ') ? cut(line) : line,
  );
  expect(ofKind({ ...transaction, logs }, 'unknown')).toEqual([
    { kind: 'unknown', why: 'record_broken', tradedAt: 1_023 },
  ]);
});

test('a record older than the entry amounts is unknown, never guessed', () => {
  const whole = encodeEvent(
    'OrderActionRecord',
    fill({ takerExistingQuoteEntryAmount: null }).value,
  );
  const older = Buffer.from(whole.subarray(0, whole.length - 7)).toString('base64');
  const transaction = made([calls(fill({}))]);
  const logs = transaction.logs.map((line) =>
    line.startsWith('Program log: ') ? `Program log: ${older}` : line,
  );
  const old = { ...transaction, logs };
  expect(ofKind(old, 'unknown')).toEqual([
    { kind: 'unknown', why: 'older_record', tradedAt: 1_023 },
  ]);
  expect(ofKind(old, 'close')).toEqual([]);
  expect(ofKind(old, 'tally')).toEqual([]);
});
