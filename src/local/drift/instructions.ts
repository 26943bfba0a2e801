// Instructions: the venue's instructions as traders on the local chain send them, built from its
// published interface.
import { getAssociatedTokenAddressSync, TOKEN_PROGRAM_ID } from '@solana/spl-token';
import {
  type AccountMeta,
  type Keypair,
  type PublicKey,
  SYSVAR_RENT_PUBKEY,
  SystemProgram,
  TransactionInstruction,
} from '@solana/web3.js';
import {
  DRIFT,
  DRIFT_SIGNER,
  oracleAddress,
  perpMarketAddress,
  STATE,
  spotMarketAddress,
  USDC,
  userAddress,
  userStatsAddress,
  vaultAddress,
} from './addresses.ts';
import { encodeInstruction, type Struct } from './layout.ts';

export type Trader = { readonly agent: Keypair; readonly subAccountId: number };
export type Direction = 'long' | 'short';

const MARKETS = [0, 1];
/** An account of an instruction; read-only and unsigned unless said otherwise. */
export const meta = (pubkey: PublicKey, isWritable = false, isSigner = false): AccountMeta => ({
  pubkey,
  isWritable,
  isSigner,
});

/**
 * The remaining accounts in the program's order: every oracle, then spot markets, then perp
 * markets.
 */
export function remaining(
  options: { writableSpot?: readonly number[]; writablePerp?: readonly number[] } = {},
): AccountMeta[] {
  return [
    ...MARKETS.map((index) => meta(oracleAddress(index))),
    ...MARKETS.map((index) =>
      meta(spotMarketAddress(index), options.writableSpot?.includes(index)),
    ),
    ...MARKETS.map((index) =>
      meta(perpMarketAddress(index), options.writablePerp?.includes(index)),
    ),
  ];
}

/**
 * The parameters of an order; fields that this world does not use are left out. `more` overrides
 * fields of the interface.
 */
export function orderParams(order: {
  orderType: 'market' | 'limit' | 'triggerMarket';
  direction: Direction;
  base: bigint;
  market: number;
  limit: bigint;
  reduceOnly: boolean;
  more?: Struct;
}): Struct {
  return {
    orderType: order.orderType,
    marketType: 'perp',
    direction: order.direction,
    userOrderId: 0,
    baseAssetAmount: order.base,
    price: order.limit,
    marketIndex: order.market,
    reduceOnly: order.reduceOnly,
    postOnly: order.orderType === 'limit' ? 'mustPostOnly' : 'none',
    bitFlags: 0,
    maxTs: null,
    triggerPrice: null,
    triggerCondition: 'above',
    oraclePriceOffset: null,
    auctionDuration: null,
    auctionStartPrice: null,
    auctionEndPrice: null,
    ...order.more,
  };
}

/** An instruction of the venue by its name in the interface. */
export const build = (name: string, args: Struct, keys: AccountMeta[]): TransactionInstruction =>
  new TransactionInstruction({
    programId: DRIFT,
    keys,
    data: Buffer.from(encodeInstruction(name, args)),
  });
/** The User account of a trader. */
export const user = ({ agent, subAccountId }: Trader): PublicKey =>
  userAddress(agent.publicKey, subAccountId);

/** The venue's instructions, from its published interface. */
export function venueInstructions() {
  return {
    initializeUserStats: (authority: PublicKey, payer: PublicKey) =>
      build('initializeUserStats', {}, [
        meta(userStatsAddress(authority), true),
        meta(STATE, true),
        meta(authority, false, true),
        meta(payer, true, true),
        meta(SYSVAR_RENT_PUBKEY),
        meta(SystemProgram.programId),
      ]),
    initializeUser: (
      authority: PublicKey,
      payer: PublicKey,
      subAccountId: number,
      referrer?: PublicKey,
    ) =>
      build(
        'initializeUser',
        { subAccountId, name: [...Buffer.from(`account ${subAccountId}`.padEnd(32))] },
        [
          meta(userAddress(authority, subAccountId), true),
          meta(userStatsAddress(authority), true),
          meta(STATE, true),
          meta(authority, false, true),
          meta(payer, true, true),
          meta(SYSVAR_RENT_PUBKEY),
          meta(SystemProgram.programId),
          ...(referrer === undefined
            ? []
            : [meta(userAddress(referrer, 0), true), meta(userStatsAddress(referrer), true)]),
        ],
      ),
    /** Closes a sub-account that is empty; its rent goes to the agent. */
    deleteUser: (trader: Trader) =>
      build('deleteUser', {}, [
        meta(user(trader), true),
        meta(userStatsAddress(trader.agent.publicKey), true),
        meta(STATE, true),
        meta(trader.agent.publicKey, true, true),
      ]),
    deposit: (
      trader: Trader,
      amount: bigint,
      market = 0,
      source = getAssociatedTokenAddressSync(USDC, trader.agent.publicKey),
    ) =>
      build('deposit', { marketIndex: market, amount, reduceOnly: false }, [
        meta(STATE),
        meta(user(trader), true),
        meta(userStatsAddress(trader.agent.publicKey), true),
        meta(trader.agent.publicKey, false, true),
        meta(vaultAddress(market), true),
        meta(source, true),
        meta(TOKEN_PROGRAM_ID),
        ...remaining({ writableSpot: [market] }),
      ]),
    withdraw: (trader: Trader, to: PublicKey, amount: bigint, reduceOnly = true, market = 0) =>
      build('withdraw', { marketIndex: market, amount, reduceOnly }, [
        meta(STATE),
        meta(user(trader), true),
        meta(userStatsAddress(trader.agent.publicKey), true),
        meta(trader.agent.publicKey, false, true),
        meta(vaultAddress(market), true),
        meta(DRIFT_SIGNER),
        meta(to, true),
        meta(TOKEN_PROGRAM_ID),
        ...remaining({ writableSpot: [market] }),
      ]),
    transferDeposit: (from: Trader, toSubAccountId: number, amount: bigint, market = 0) =>
      build('transferDeposit', { marketIndex: market, amount }, [
        meta(user(from), true),
        meta(userAddress(from.agent.publicKey, toSubAccountId), true),
        meta(userStatsAddress(from.agent.publicKey), true),
        meta(from.agent.publicKey, false, true),
        meta(STATE),
        meta(vaultAddress(market)),
        ...remaining({ writableSpot: [market] }),
      ]),
    settlePnl: (trader: Trader, market: number, signer: PublicKey = trader.agent.publicKey) =>
      build('settlePnl', { marketIndex: market }, [
        meta(STATE),
        meta(user(trader), true),
        meta(signer, false, true),
        meta(vaultAddress(0)),
        ...remaining({ writableSpot: [0], writablePerp: [market] }),
      ]),
    settleMultiplePnls: (
      trader: Trader,
      markets: readonly number[],
      mode: 'mustSettle' | 'trySettle',
    ) =>
      build('settleMultiplePnls', { marketIndexes: markets, mode }, [
        meta(STATE),
        meta(user(trader), true),
        meta(trader.agent.publicKey, false, true),
        meta(vaultAddress(0)),
        ...remaining({ writableSpot: [0], writablePerp: markets }),
      ]),
    trade: (
      trader: Trader,
      order: {
        direction: Direction;
        base: bigint;
        market: number;
        limit: bigint;
        reduceOnly: boolean;
        makers?: readonly Trader[];
      },
    ) =>
      build(
        'placeAndTakePerpOrder',
        {
          params: orderParams({ ...order, orderType: 'market' }),
          successCondition: null,
        },
        [
          meta(STATE),
          meta(user(trader), true),
          meta(userStatsAddress(trader.agent.publicKey), true),
          meta(trader.agent.publicKey, false, true),
          ...remaining({ writableSpot: [0], writablePerp: [order.market] }),
          ...(order.makers ?? []).flatMap((maker) => [
            meta(user(maker), true),
            meta(userStatsAddress(maker.agent.publicKey), true),
          ]),
        ],
      ),
    /** Places a post-only limit order that rests in the book. */
    rest: (
      trader: Trader,
      order: { direction: Direction; base: bigint; market: number; limit: bigint },
    ) =>
      build(
        'placePerpOrder',
        { params: orderParams({ ...order, reduceOnly: false, orderType: 'limit' }) },
        [
          meta(STATE),
          meta(user(trader), true),
          meta(trader.agent.publicKey, false, true),
          ...remaining({ writableSpot: [0], writablePerp: [order.market] }),
        ],
      ),
    settleFunding: (trader: Trader) =>
      build('settleFundingPayment', {}, [
        meta(STATE),
        meta(user(trader), true),
        ...remaining({ writablePerp: MARKETS }),
      ]),
    liquidate: (liquidator: Trader, victim: Trader, market: number, withFill: boolean) =>
      build(
        withFill ? 'liquidatePerpWithFill' : 'liquidatePerp',
        withFill
          ? { marketIndex: market }
          : { marketIndex: market, liquidatorMaxBaseAssetAmount: 10n ** 15n, limitPrice: null },
        [
          meta(STATE),
          meta(liquidator.agent.publicKey, false, true),
          meta(user(liquidator), true),
          meta(userStatsAddress(liquidator.agent.publicKey), true),
          meta(user(victim), true),
          meta(userStatsAddress(victim.agent.publicKey), true),
          ...remaining({ writableSpot: [0], writablePerp: [market] }),
        ],
      ),
    transferPosition: (
      from: Trader,
      toSubAccountId: number,
      market: number,
      amount: bigint | null,
    ) =>
      build('transferPerpPosition', { marketIndex: market, amount }, [
        meta(user(from), true),
        meta(userAddress(from.agent.publicKey, toSubAccountId), true),
        meta(userStatsAddress(from.agent.publicKey), true),
        meta(from.agent.publicKey, false, true),
        meta(STATE),
        ...remaining({ writableSpot: [0], writablePerp: [market] }),
      ]),
    updateDelegate: (trader: Trader, delegate: PublicKey) =>
      build(
        'updateUserDelegate',
        { subAccountId: trader.subAccountId, delegate: delegate.toBase58() },
        [meta(user(trader), true), meta(trader.agent.publicKey, false, true)],
      ),
  };
}
