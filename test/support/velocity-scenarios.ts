// Velocity scenarios: acts of people at Velocity, played on its compiled program: trades,
// settlements, transfers, funding and both liquidations of a perp position. Each is recorded, and
// compared with the accounts to the unit.
import { Keypair } from '@solana/web3.js';
import type { Landed } from '../../src/local/chain/cluster.ts';
import {
  type Direction,
  instructions,
  type Trader,
  usdtOf,
} from '../../src/local/velocity/instructions.ts';
import type { VelocityWorld } from '../../src/local/velocity/world.ts';

export type Stage = {
  readonly world: VelocityWorld;
  readonly ana: Trader;
  readonly maker: Trader;
};
const SOL = 1_000_000_000n;
const USDT = 1_000_000n;

/** Opens the two accounts that every scenario begins with. */
export const openVelocityStage = (world: VelocityWorld): Stage => ({
  world,
  ana: world.createTrader(1_000n * USDT),
  maker: world.createTrader(1_000_000n * USDT),
});

/** A trade against a maker who asks or bids for exactly that size; two transactions. */
export function tradeAt(
  { world, maker }: Pick<Stage, 'world' | 'maker'>,
  taker: Trader,
  direction: Direction,
  base: bigint,
  price: bigint,
  reduceOnly = false,
): Landed[] {
  const other = direction === 'long' ? 'short' : 'long';
  const worst = direction === 'long' ? price + price / 50n : price - price / 50n;
  return [
    world.send([instructions.make(maker, other, base, price)], [world.faucet, maker.agent]),
    world.send(
      [instructions.take(taker, maker, { direction, base, price: worst, reduceOnly })],
      [world.faucet, taker.agent],
    ),
  ];
}
export const settle = ({ world }: Pick<Stage, 'world'>, trader: Trader): Landed =>
  world.send([instructions.settle(trader, trader.agent.publicKey)], [world.faucet, trader.agent]);
export const withdraw = ({ world }: Pick<Stage, 'world'>, trader: Trader, amount: bigint): Landed =>
  world.send(
    [instructions.withdraw(trader, usdtOf(trader.agent.publicKey), amount)],
    [world.faucet, trader.agent],
  );

/**
 * Ana is long 50 SOL with 1,000 USDT behind it, and the price falls until she may be liquidated.
 */
function sink(stage: Stage): Trader {
  const { world, ana } = stage;
  tradeAt(stage, ana, 'long', 50n * SOL, 150_000_000n);
  const liquidator = world.createTrader(100_000n * USDT);
  world.movePrice(133_000_000n);
  return liquidator;
}

export const VELOCITY_SCENARIOS: Readonly<Record<string, (stage: Stage) => void>> = {
  'a round trip with profit, settled and withdrawn': (stage) => {
    const { world, ana } = stage;
    tradeAt(stage, ana, 'long', 2n * SOL, 150_000_000n);
    world.movePrice(160_000_000n);
    tradeAt(stage, ana, 'short', 2n * SOL, 160_000_000n, true);
    settle(stage, ana);
    withdraw(stage, ana, 7_000_001n);
  },
  'a loss of which a part is closed, then a flip': (stage) => {
    const { world, ana } = stage;
    tradeAt(stage, ana, 'short', 3n * SOL, 150_000_000n);
    world.movePrice(151_000_000n);
    tradeAt(stage, ana, 'long', SOL, 151_000_000n, true);
    tradeAt(stage, ana, 'long', 5n * SOL, 151_500_000n);
  },
  'deposits moved by their owner and by a delegate': (stage) => {
    const { world, ana } = stage;
    const other = world.createSubAccount(ana, 1);
    const delegate = world.newKey();
    world.send([instructions.transferDeposit(ana, 1, 200n * USDT)], [world.faucet, ana.agent]);
    world.send(
      [
        instructions.setDelegate(ana, delegate.publicKey),
        instructions.setDelegate(other, delegate.publicKey),
        instructions.allowDelegateTransfers(ana.agent.publicKey, true),
      ],
      [world.faucet, ana.agent],
    );
    world.send(
      [instructions.transferByDelegate(ana, 1, 7n, delegate.publicKey)],
      [world.faucet, delegate],
    );
  },
  'funding of a position': (stage) => {
    const { world, ana } = stage;
    tradeAt(stage, ana, 'long', 2n * SOL, 152_000_000n);
    world.pass(3_700);
    world.send([instructions.updateFundingRate()], [world.faucet]);
    world.send([instructions.settleFunding(ana)], [world.faucet]);
  },
  'a liquidation that takes the position over': (stage) => {
    const { world, ana } = stage;
    const liquidator = sink(stage);
    world.send(
      [instructions.liquidate(ana, liquidator, 50n * SOL)],
      [world.faucet, liquidator.agent],
    );
  },
  'a liquidation that fills against the book': (stage) => {
    const { world, ana, maker } = stage;
    const liquidator = sink(stage);
    world.send(
      [instructions.make(maker, 'long', 50n * SOL, 132_500_000n)],
      [world.faucet, maker.agent],
    );
    world.send(
      [instructions.liquidateWithFill(ana, liquidator, maker)],
      [world.faucet, liquidator.agent],
    );
  },
  'withdrawals that the program refuses': (stage) => {
    const { world, ana } = stage;
    const to = usdtOf(ana.agent.publicKey);
    const withoutOracle = instructions.quoteTail.slice(1);
    world.attempt([instructions.withdraw(ana, to, USDT, withoutOracle)], [world.faucet, ana.agent]);
    world.attempt([instructions.settle(ana, ana.agent.publicKey)], [world.faucet, ana.agent]);
    const stranger = Keypair.fromSeed(Uint8Array.from({ length: 32 }, () => 7));
    world.attempt(
      [instructions.transferByDelegate(ana, 0, USDT, stranger.publicKey)],
      [world.faucet, stranger],
    );
  },
};
