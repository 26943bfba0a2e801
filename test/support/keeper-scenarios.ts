// Keeper scenarios: acts of keepers on resting orders, for the contract suite: each on the stand-in
// and on the program.
import type { Trader } from '../../src/local/drift/instructions.ts';
import {
  cancelOrder,
  fillOrder,
  forceCancelOrders,
  placeOrder,
  triggerOrder,
} from '../../src/local/drift/keeper-instructions.ts';
import type { World } from '../../src/local/world.ts';
import type { Played, Scenario } from './venue-play.ts';

const SOL = 150_000_000n;
const order = {
  orderType: 'market' as const,
  direction: 'long' as const,
  base: 3_000_000_000n,
  market: 0,
  limit: 160_000_000n,
  reduceOnly: false,
};
const auction = { auctionDuration: 10, auctionStartPrice: SOL, auctionEndPrice: 151_500_000n };

/** With a keeper, whose acts are observed as well. */
const withKeeper =
  (
    run: (
      step: (instruction: Parameters<World['driver']['attempt']>[0][number], by: Trader) => void,
      world: World,
      trader: Trader,
      keeper: Trader,
    ) => void,
  ): Scenario =>
  (step, world, trader) => {
    const keeper = world.driver.createTrader({ deposit: 1_000_000_000n });
    const { driver } = world;
    run(
      (instruction, by) => step(() => driver.attempt([instruction], [driver.faucet, by.agent])),
      world,
      trader,
      keeper,
    );
  };

const now = ({ cluster }: World): bigint =>
  BigInt(cluster.blockTime(cluster.slot('processed')) ?? 0);

export const KEEPER_SCENARIOS: Record<string, Played> = {
  'an auction that a keeper fills against a maker': {
    errors: [null, null, null],
    run: withKeeper((step, { cluster, driver }, trader, keeper) => {
      const maker = driver.createTrader({ deposit: 1_000_000_000n });
      const ask = { direction: 'short' as const, base: 5_000_000_000n, market: 0 };
      step(driver.instructions.rest(maker, { ...ask, limit: SOL }), maker);
      // Small enough for the keeper to be paid by the size of the fee, and not by the order's age.
      step(placeOrder(trader, { ...order, base: 500_000_000n, more: auction }), trader);
      cluster.advance(25);
      driver.movePrice(0, SOL);
      step(fillOrder(keeper, trader, 1, 0, [maker]), keeper);
    }),
  },
  'an order that a keeper finds expired': {
    errors: [null, null],
    run: withKeeper((step, world, trader, keeper) => {
      const maxTs = now(world) + 1n;
      world.driver.trade(trader, 'long', 1_000_000_000n);
      step(placeOrder(trader, { ...order, more: { ...auction, maxTs } }), trader);
      world.cluster.advance(200);
      world.driver.movePrice(0, SOL);
      step(fillOrder(keeper, trader, 2, 0), keeper);
    }),
  },
  'a stop that a keeper triggers and fills': {
    errors: [null, { InstructionError: [1, { Custom: 6112 }] }, null, null],
    run: withKeeper((step, { cluster, driver }, trader, keeper) => {
      driver.trade(trader, 'long', 2_000_000_000n);
      const stop = {
        ...order,
        orderType: 'triggerMarket' as const,
        direction: 'short' as const,
        base: 2_000_000_000n,
        limit: 0n,
        reduceOnly: true,
        more: { triggerPrice: 160_000_000n, triggerCondition: 'above' },
      };
      step(placeOrder(trader, stop), trader);
      step(triggerOrder(keeper, trader, 2), keeper);
      driver.movePrice(0, 165_000_000n);
      step(triggerOrder(keeper, trader, 2), keeper);
      cluster.advance(40);
      driver.movePrice(0, 165_000_000n);
      step(fillOrder(keeper, trader, 2, 0), keeper);
    }),
  },
  'an owner who triggers an own stop pays no fee': {
    errors: [null, null],
    run: withKeeper((step, { driver }, trader) => {
      driver.trade(trader, 'long', 2_000_000_000n);
      const stop = {
        ...order,
        orderType: 'triggerMarket' as const,
        direction: 'short' as const,
        limit: 0n,
        more: { triggerPrice: 140_000_000n, triggerCondition: 'below' },
      };
      step(placeOrder(trader, stop), trader);
      driver.movePrice(0, 138_000_000n);
      step(triggerOrder(trader, trader, 2), trader);
    }),
  },
  'an order that its owner cancels is filled by no keeper, without an error': {
    errors: [null, null, null],
    run: withKeeper((step, _, trader, keeper) => {
      step(placeOrder(trader, { ...order, more: auction }), trader);
      step(cancelOrder(trader, 1), trader);
      step(fillOrder(keeper, trader, 1, 0), keeper);
    }),
  },
  'orders of a healthy account are not force-cancelled': {
    errors: [null, { InstructionError: [1, { Custom: 6004 }] }],
    run: withKeeper((step, _, trader, keeper) => {
      step(placeOrder(trader, { ...order, more: auction }), trader);
      step(forceCancelOrders(keeper, trader), keeper);
    }),
  },
};
