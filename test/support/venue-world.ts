// Venue world: changes the venue's own accounts, as its administrators would.

import type { PublicKey } from '@solana/web3.js';
import type { Landed } from '../../src/local/chain/cluster.ts';
import {
  oracleAddress,
  perpMarketAddress,
  STATE,
  spotMarketAddress,
} from '../../src/local/drift/addresses.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { decodeAccount, encodeAccount, type Struct } from '../../src/local/drift/layout.ts';
import { priceAccount } from '../../src/local/drift/oracle.ts';
import { GENESIS_PRICES, type World } from '../../src/local/world.ts';
import type { Build } from '../../src/venue/drift-v2/builds.ts';

/** Rewrites an account of the venue in place. */
export function bendAccount(
  { cluster }: World,
  layout: string,
  address: string,
  change: (value: Struct) => void,
): void {
  const account = cluster.bank.get(address);
  if (account === null) throw new Error(`no account ${address}`);
  const value = decodeAccount(layout, account.data);
  change(value);
  cluster.put(address, { ...account, data: encodeAccount(layout, value) });
}
const bend = (world: World, layout: string, address: string, change: Struct): void =>
  bendAccount(world, layout, address, (value) => Object.assign(value, change));

export const setExchangeStatus = (world: World, exchangeStatus: number) =>
  bend(world, 'State', STATE.toBase58(), { exchangeStatus });
export const setSpotMarket = (world: World, change: Struct) =>
  bend(world, 'SpotMarket', spotMarketAddress(0).toBase58(), change);
export const setPerpMarket = (world: World, change: Struct) =>
  bend(world, 'PerpMarket', perpMarketAddress(0).toBase58(), change);

/**
 * The error of a transaction in which the instruction behind its unit limit fails with one of the
 * program's own codes.
 */
export const custom = (code: number) => ({ InstructionError: [1, { Custom: code }] });

/**
 * Stops withdrawals from the USDC market, in the way of the build: by a bit, or by the market's
 * status before there were bits.
 */
export const pauseWithdrawals = (world: World) =>
  setSpotMarket(
    world,
    world.build.pausedBits === null
      ? { status: 'withdrawPaused' }
      : { pausedOperations: world.build.pausedBits.withdraw },
  );
/** Stops settling in the SOL market, likewise. */
export const pauseSettling = (world: World) =>
  setPerpMarket(
    world,
    world.build.pausedBits === null
      ? { status: 'withdrawPaused' }
      : { pausedOperations: world.build.pausedBits.settle },
  );

/** Takes everything out of the profit pool of the SOL market. */
export const emptyPool = (world: World) =>
  setPerpMarket(world, {
    pnlPool: { scaledBalance: 0n, marketIndex: 0, padding: [0, 0, 0, 0, 0, 0] },
  });

/** Opens perp markets up to this many, like the BTC market, each with an oracle of its own. */
export function openMarkets(world: World, count: number): void {
  const model = world.cluster.bank.get(perpMarketAddress(1).toBase58());
  if (model === null) throw new Error('there is no BTC market');
  const slot = BigInt(world.cluster.slot('processed'));
  for (let index = 2; index < count; index++) {
    const market = decodeAccount('PerpMarket', model.data);
    const oracle = oracleAddress(index).toBase58();
    Object.assign(market, { marketIndex: index, pubkey: perpMarketAddress(index).toBase58() });
    Object.assign(market.amm as Struct, { oracle });
    world.cluster.put(oracle, priceAccount(GENESIS_PRICES[1], slot));
    const data = encodeAccount('PerpMarket', market);
    world.cluster.put(perpMarketAddress(index).toBase58(), { ...model, data });
  }
}

/** Puts a tiny long into every free slot of an account, in these markets. */
export function openPositions(world: World, user: PublicKey, markets: readonly number[]): void {
  const account = world.cluster.bank.get(user.toBase58());
  if (account === null) throw new Error(`no account ${user.toBase58()}`);
  const decoded = decodeAccount('User', account.data);
  const free = (decoded.perpPositions as Struct[]).filter(
    (each) => each.baseAssetAmount === 0n && each.quoteAssetAmount === 0n,
  );
  for (const [at, marketIndex] of markets.entries())
    Object.assign(free[at] as Struct, {
      marketIndex,
      baseAssetAmount: 10_000n,
      quoteAssetAmount: -1_000_000n,
      quoteEntryAmount: -1_000_000n,
      quoteBreakEvenAmount: -1_000_000n,
    });
  world.cluster.put(user.toBase58(), { ...account, data: encodeAccount('User', decoded) });
}

type Scenario = (step: (run: () => Landed | string) => void, world: World, trader: Trader) => void;

/** Opens and closes with profit, then something is in the way of settling. */
const blocked =
  (hinder: (world: World) => void): Scenario =>
  (step, world, trader) => {
    const { driver } = world;
    driver.trade(trader, 'long', 1_000_000_000n);
    driver.movePrice(0, 160_000_000n);
    driver.trade(trader, 'short', 1_000_000_000n, { reduceOnly: true });
    hinder(world);
    step(() =>
      driver.attempt([driver.instructions.settlePnl(trader, 0)], [driver.faucet, trader.agent]),
    );
  };

export const PERP_PAUSE_SCENARIOS: Record<
  string,
  { run: Scenario; errors: unknown[]; errorsOf?: (build: Build) => unknown[] }
> = {
  'settling paused for everybody': {
    errors: [{ InstructionError: [1, { Custom: 6024 }] }],
    run: blocked((world) => setExchangeStatus(world, 64)),
  },
  'settling paused in the market': {
    errors: [custom(6158)],
    run: blocked(pauseSettling),
  },
  'an empty pnl pool': {
    errors: [custom(6260)],
    errorsOf: ({ refusesEmptyPool }) => [refusesEmptyPool ? custom(6260) : null],
    run: blocked(emptyPool),
  },
};

/** Lets the SOL market expire at a price in 1e6, with its waiting time over: it may be settled. */
export function expireMarket(world: World, expiryPrice: bigint): void {
  const now = BigInt(world.cluster.blockTime(world.cluster.slot('processed')) ?? 0);
  bend(world, 'State', STATE.toBase58(), { settlementDuration: 0 });
  setPerpMarket(world, { status: 'settlement', expiryTs: now - 100n, expiryPrice });
}
