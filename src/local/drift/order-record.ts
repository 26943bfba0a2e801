// Order record: the fields of an OrderActionRecord that an act leaves empty, and the side that an
// order is on.
import type { Struct } from './layout.ts';

export const NO_ACTION = {
  filler: null,
  fillerReward: null,
  fillRecordId: null,
  baseAssetAmountFilled: null,
  quoteAssetAmountFilled: null,
  takerFee: null,
  makerFee: null,
  referrerReward: null,
  quoteAssetAmountSurplus: null,
  spotFulfillmentMethodFee: null,
  maker: null,
  makerOrderId: null,
  makerOrderDirection: null,
  makerOrderBaseAssetAmount: null,
  makerOrderCumulativeBaseAssetAmountFilled: null,
  makerOrderCumulativeQuoteAssetAmountFilled: null,
  bitFlags: 0,
  takerExistingQuoteEntryAmount: null,
  takerExistingBaseAssetAmount: null,
  makerExistingQuoteEntryAmount: null,
  makerExistingBaseAssetAmount: null,
  triggerPrice: null,
  builderIdx: null,
  builderFee: null,
} as const;
export const NO_TAKER = {
  taker: null,
  takerOrderId: null,
  takerOrderDirection: null,
  takerOrderBaseAssetAmount: null,
  takerOrderCumulativeBaseAssetAmountFilled: null,
  takerOrderCumulativeQuoteAssetAmountFilled: null,
} as const;

/** An order's fields on one side of an order record. */
export const ordersSide = (side: 'taker' | 'maker', order: Struct, owner: string): Struct => ({
  [side]: owner,
  [`${side}OrderId`]: order.orderId,
  [`${side}OrderDirection`]: order.direction,
  [`${side}OrderBaseAssetAmount`]: order.baseAssetAmount,
  [`${side}OrderCumulativeBaseAssetAmountFilled`]: order.baseAssetAmountFilled,
  [`${side}OrderCumulativeQuoteAssetAmountFilled`]: order.quoteAssetAmountFilled,
});

/**
 * The side of an order in an order record: its owner is the maker of a post-only order, and the
 * taker of any other.
 */
export const sideOf = (order: Struct, owner: string): Struct =>
  order.postOnly
    ? { ...NO_TAKER, ...ordersSide('maker', order, owner) }
    : ordersSide('taker', order, owner);
