// Keeper instructions: the instructions that keepers, liquidators and swappers send to the venue,
// built from its published interface, and the orders that they act on.
import { TOKEN_PROGRAM_ID } from '@solana/spl-token';
import {
  type AccountMeta,
  type PublicKey,
  SYSVAR_INSTRUCTIONS_PUBKEY,
  type TransactionInstruction,
} from '@solana/web3.js';
import {
  DRIFT_SIGNER,
  insuranceVaultAddress,
  oracleAddress,
  perpMarketAddress,
  STATE,
  userStatsAddress,
  vaultAddress,
} from './addresses.ts';
import { build, meta, orderParams, remaining, type Trader, user } from './instructions.ts';

const every = () => remaining({ writableSpot: [0, 1], writablePerp: [0, 1] });
const stats = ({ agent }: Trader): AccountMeta => meta(userStatsAddress(agent.publicKey), true);
const account = (trader: Trader): AccountMeta => meta(user(trader), true);
const signer = ({ agent }: Trader): AccountMeta => meta(agent.publicKey, false, true);
/** The account and counter of each maker and referrer. */
const others = (traders: readonly Trader[]): AccountMeta[] =>
  traders.flatMap((each) => [account(each), stats(each)]);

export type Swap = {
  readonly trader: Trader;
  /** The market whose tokens are taken out, and the one whose tokens are put back. */
  readonly inMarket: number;
  readonly outMarket: number;
  /** Token accounts of the authority, of either market's mint. */
  readonly inTokens: PublicKey;
  readonly outTokens: PublicKey;
};

/** Places an order that stays on the book: with an auction, a trigger, an expiry, or a limit. */
export const placeOrder = (
  trader: Trader,
  order: Parameters<typeof orderParams>[0],
): TransactionInstruction =>
  build('placePerpOrder', { params: orderParams(order) }, [
    meta(STATE),
    account(trader),
    signer(trader),
    ...remaining({ writableSpot: [0], writablePerp: [order.market] }),
  ]);

/** Cancels an order of the trader's own. */
export const cancelOrder = (trader: Trader, orderId: number): TransactionInstruction =>
  build('cancelOrder', { orderId }, [meta(STATE), account(trader), signer(trader), ...every()]);

/** Makes a keeper fill another account's order, or cancel it when it has expired. */
export const fillOrder = (
  keeper: Trader,
  owner: Trader,
  orderId: number,
  market: number,
  makersAndReferrer: readonly Trader[] = [],
): TransactionInstruction =>
  build('fillPerpOrder', { orderId, makerOrderId: null }, [
    meta(STATE),
    signer(keeper),
    account(keeper),
    stats(keeper),
    account(owner),
    stats(owner),
    ...remaining({ writableSpot: [0], writablePerp: [market] }),
    ...others(makersAndReferrer),
  ]);

/** Makes a keeper trigger a stop order of another account. */
export const triggerOrder = (
  keeper: Trader,
  owner: Trader,
  orderId: number,
): TransactionInstruction =>
  build('triggerOrder', { orderId }, [
    meta(STATE),
    signer(keeper),
    account(keeper),
    account(owner),
    ...every(),
  ]);

/**
 * Cancels every order of an account that fails its initial margin; the fee comes out of its spot
 * balance.
 */
export const forceCancelOrders = (keeper: Trader, owner: Trader): TransactionInstruction =>
  build('forceCancelOrders', {}, [
    meta(STATE),
    signer(keeper),
    account(keeper),
    account(owner),
    ...every(),
  ]);

/** Allows or forbids borrows by swaps and spot orders; the owner signs. */
export const updateMarginTrading = (trader: Trader, enabled: boolean): TransactionInstruction =>
  build(
    'updateUserMarginTradingEnabled',
    { subAccountId: trader.subAccountId, marginTradingEnabled: enabled },
    [meta(user(trader), true), meta(trader.agent.publicKey, false, true), ...remaining()],
  );

/** Updates a market's funding rate, which every wallet may do once an hour. */
export const updateFundingRate = (market: number): TransactionInstruction =>
  build('updateFundingRate', { marketIndex: market }, [
    meta(STATE),
    meta(perpMarketAddress(market), true),
    meta(oracleAddress(market)),
  ]);

const liquidation = (
  name: string,
  args: Parameters<typeof build>[1],
  liquidator: Trader,
  victim: Trader,
  extra: readonly AccountMeta[] = [],
): TransactionInstruction =>
  build(name, args, [
    meta(STATE),
    signer(liquidator),
    account(liquidator),
    stats(liquidator),
    account(victim),
    stats(victim),
    ...extra,
    ...every(),
  ]);

/** The liquidator repays a borrow, and takes a deposit for it. */
export const liquidateSpot = (
  liquidator: Trader,
  victim: Trader,
  [asset, liability]: readonly [number, number],
  most: bigint,
): TransactionInstruction =>
  liquidation(
    'liquidateSpot',
    {
      assetMarketIndex: asset,
      liabilityMarketIndex: liability,
      liquidatorMaxLiabilityTransfer: most,
      limitPrice: null,
    },
    liquidator,
    victim,
  );

/** The liquidator repays a borrow, and takes profit of a perp market for it. */
export const liquidateBorrowForPerpPnl = (
  liquidator: Trader,
  victim: Trader,
  [perp, spot]: readonly [number, number],
  most: bigint,
): TransactionInstruction =>
  liquidation(
    'liquidateBorrowForPerpPnl',
    {
      perpMarketIndex: perp,
      spotMarketIndex: spot,
      liquidatorMaxLiabilityTransfer: most,
      limitPrice: null,
    },
    liquidator,
    victim,
  );

/** The liquidator takes over a loss of a perp market, and a deposit for it. */
export const liquidatePerpPnlForDeposit = (
  liquidator: Trader,
  victim: Trader,
  [perp, spot]: readonly [number, number],
  most: bigint,
): TransactionInstruction =>
  liquidation(
    'liquidatePerpPnlForDeposit',
    {
      perpMarketIndex: perp,
      spotMarketIndex: spot,
      liquidatorMaxPnlTransfer: most,
      limitPrice: null,
    },
    liquidator,
    victim,
  );

const bankruptcy = (market: number): AccountMeta[] => [
  meta(vaultAddress(market), true),
  meta(insuranceVaultAddress(market), true),
  meta(DRIFT_SIGNER),
  meta(TOKEN_PROGRAM_ID),
];
/** Settles the loss of a bankrupt account in a perp market. */
export const resolvePerpBankruptcy = (
  liquidator: Trader,
  victim: Trader,
  market: number,
): TransactionInstruction =>
  liquidation(
    'resolvePerpBankruptcy',
    { quoteSpotMarketIndex: 0, marketIndex: market },
    liquidator,
    victim,
    bankruptcy(0),
  );
/** Settles the borrow of a bankrupt account in a spot market. */
export const resolveSpotBankruptcy = (
  liquidator: Trader,
  victim: Trader,
  market: number,
): TransactionInstruction =>
  liquidation(
    'resolveSpotBankruptcy',
    { marketIndex: market },
    liquidator,
    victim,
    bankruptcy(market),
  );

const swapAccounts = ({ trader, inMarket, outMarket, inTokens, outTokens }: Swap) => [
  meta(STATE),
  account(trader),
  stats(trader),
  signer(trader),
  meta(vaultAddress(outMarket), true),
  meta(vaultAddress(inMarket), true),
  meta(outTokens, true),
  meta(inTokens, true),
  meta(TOKEN_PROGRAM_ID),
  meta(DRIFT_SIGNER),
  meta(SYSVAR_INSTRUCTIONS_PUBKEY),
  ...every(),
];
/** The two instructions of a swap; the caller puts the exchange between them. */
export const swapEnds = (
  swap: Swap,
  amountIn: bigint,
): { begin: TransactionInstruction; end: TransactionInstruction } => {
  const markets = { inMarketIndex: swap.inMarket, outMarketIndex: swap.outMarket };
  return {
    begin: build('beginSwap', { ...markets, amountIn }, swapAccounts(swap)),
    end: build('endSwap', { ...markets, limitPrice: null, reduceOnly: null }, swapAccounts(swap)),
  };
};
