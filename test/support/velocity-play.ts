// Velocity play: a random history of trades, settlements, transfers, funding and liquidations on
// Velocity's program, compiled or stood in for, held against the accounts after each step, to the
// unit.
import assert from 'node:assert/strict';
import type { Close } from '../../src/core/fact.ts';
import type { Landed } from '../../src/local/chain/cluster.ts';
import { instructions, type Trader, usdtOf } from '../../src/local/velocity/instructions.ts';
import { createVelocityWorld, type VelocityWorld } from '../../src/local/velocity/world.ts';
import { readLogs } from '../../src/venue/logs.ts';
import { VELOCITY } from '../../src/venue/velocity/venue.ts';
import { createRandom } from '../sim/random.ts';
import { createManualClock } from './clock.ts';
import { breathe } from './event-loop.ts';
import { createIdentity } from './identity.ts';
import { seededKeys } from './recording.ts';

export type VelocityTold = {
  steps: number;
  fills: number;
  closes: Close[];
  causes: Set<string>;
  refused: number;
  /** Acts that the program executed, by what they were. */
  done: Map<string, number>;
};

const SOL = 1_000_000_000n;
const TICK = 1_000n;
const USDT = 1_000_000n;

/** Perp fills of a transaction, as its log tells. */
const fillsOf = ({ execution }: Landed): number =>
  (readLogs(VELOCITY.records, execution.logs, VELOCITY.profile.programId) ?? []).filter(
    ({ event }) => event.event === 'OrderActionRecord' && event.action === 'fill',
  ).length;

/**
 * Plays a random history until there were so many fills, on the compiled program or, without a
 * file, on the stand-in. `seen` is called after each act. With `makersOnly` no trade is at a price
 * at which the AMM would take a part of it, and no order rests after its trade.
 */
export async function playVelocity(
  programFile: string | null,
  seed: number,
  fills: number,
  {
    seen = () => {},
    makersOnly = false,
  }: {
    readonly seen?: (label: string, landed: Landed | string, world: VelocityWorld) => void;
    readonly makersOnly?: boolean;
  } = {},
): Promise<VelocityTold> {
  const newKey = seededKeys(seed);
  const world = createVelocityWorld({ programFile, clock: createManualClock(), newKey });
  const identity = createIdentity(world, 10_000n, VELOCITY);
  const random = createRandom(seed);
  const told: VelocityTold = {
    steps: 0,
    fills: 0,
    closes: [],
    causes: new Set(),
    refused: 0,
    done: new Map(),
  };
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;
  const maker = world.createTrader(100_000_000n * USDT);
  const liquidator = world.createTrader(10_000_000n * USDT);
  identity.watch(maker, 'maker');
  identity.watch(liquidator, 'liquidator');
  const delegate = world.newKey();
  const traders = ['ana', 'bo', 'cy'].flatMap((id) => {
    const first = world.createTrader(500n * USDT);
    const second = world.createSubAccount(first, 1);
    world.giveUsdt(first.agent.publicKey, 1_000_000n * USDT);
    world.send([instructions.deposit(second, 400n * USDT)], [world.faucet, first.agent]);
    world.send(
      [
        ...[first, second].map((each) => instructions.setDelegate(each, delegate.publicKey)),
        instructions.allowDelegateTransfers(first.agent.publicKey, true),
      ],
      [world.faucet, first.agent],
    );
    for (const each of [first, second]) identity.watch(each, id);
    return [first, second];
  });
  let price = 150_000_000n;
  let orders = 0;

  const take = (landed: Landed | string, label: string): void => {
    seen(label, landed, world);
    if (typeof landed === 'string' || landed.execution.error !== null) {
      told.refused++;
      if (typeof landed === 'string') return;
    } else {
      told.done.set(label, (told.done.get(label) ?? 0) + 1);
      told.fills += fillsOf(landed);
    }
    for (const { body } of identity.take(landed, `${label} (step ${told.steps})`)) {
      if (body.kind !== 'close') continue;
      told.closes.push(body);
      told.causes.add(body.cause);
    }
  };
  /** What an account is worth, in base units of the quote token. */
  const worthOf = (trader: Trader): bigint => {
    const { spots, perps } = VELOCITY.accounts.user(world.userBytes(trader));
    const scaled = spots.reduce(
      (sum, each) => sum + (each.isBorrow ? -each.scaledBalance : each.scaledBalance),
      0n,
    );
    return perps.reduce(
      (sum, { base, quote }) => sum + quote + (base * price) / SOL,
      scaled / 1_000n,
    );
  };
  const act = (given: Parameters<typeof world.attempt>[0], trader: Trader, label: string): void =>
    take(world.attempt(given, [world.faucet, trader.agent]), label);
  const trade = (trader: Trader): void => {
    const base = 10_000_000n * BigInt(1 + random.below(400));
    const direction = pick(['long', 'short'] as const);
    const other = direction === 'long' ? 'short' : 'long';
    const by = BigInt(random.below(400_000) - 200_000);
    const at = makersOnly ? price - (price % TICK) : price + by;
    const more = makersOnly ? 0n : at / 100n;
    const worst = direction === 'long' ? at + more : at - more;
    const reduceOnly = random.below(5) === 0;
    act([instructions.make(maker, other, base, at - (at % TICK))], maker, 'make');
    act(
      [instructions.take(trader, maker, { direction, base, price: worst, reduceOnly })],
      trader,
      'take',
    );
    // The rest of it must not pile up, because an account holds 32 orders.
    if (makersOnly) act([instructions.cancelAll(trader)], trader, 'cancel');
    if (makersOnly || ++orders % 8 === 0) act([instructions.cancelAll(maker)], maker, 'cancel');
  };

  while (told.fills < fills) {
    told.steps++;
    await breathe(told.steps);
    const trader = pick(traders);
    const owner = trader.agent.publicKey;
    const amount = BigInt(1 + random.below(40_000_000));
    const dice = random.below(100);
    if (dice < 70) trade(trader);
    else if (dice < 77) act([instructions.settle(trader, owner)], trader, 'settle');
    else if (dice < 81) act([instructions.deposit(trader, amount)], trader, 'deposit');
    else if (dice < 85)
      act([instructions.withdraw(trader, usdtOf(owner), amount)], trader, 'withdraw');
    else if (dice < 88) {
      const to = 1 - trader.subAccountId;
      if (random.below(2) === 0)
        act([instructions.transferDeposit(trader, to, amount)], trader, 'transfer');
      else
        take(
          world.attempt(
            [instructions.transferByDelegate(trader, to, amount, delegate.publicKey)],
            [world.faucet, delegate],
          ),
          'transfer by delegate',
        );
    } else if (dice < 92) {
      world.pass(3_700);
      const given = [instructions.updateFundingRate(), instructions.settleFunding(trader)];
      take(world.attempt(given, [world.faucet]), 'funding');
    } else if (dice < 96) {
      const step = BigInt(random.below(3_000_000) - 1_500_000);
      price = price + step < 90_000_000n ? 150_000_000n : price + step;
      world.movePrice(price);
    } else {
      // A fall or a rise that some position does not survive, and back.
      const shock = pick([(price * 60n) / 100n, (price * 150n) / 100n]);
      world.movePrice(shock);
      const restingAt = (side: 'long' | 'short'): bigint => {
        const at = side === 'long' ? (shock * 999n) / 1_000n : (shock * 1_001n) / 1_000n;
        return at - (at % 1_000n);
      };
      const byFill = random.below(2) === 0;
      if (byFill)
        for (const side of ['long', 'short'] as const)
          act([instructions.make(maker, side, 1_000n * SOL, restingAt(side))], maker, 'make');
      for (const victim of traders)
        act(
          [
            byFill
              ? instructions.liquidateWithFill(victim, liquidator, maker)
              : instructions.liquidate(victim, liquidator, 1_000n * SOL),
          ],
          liquidator,
          byFill ? 'liquidate with a fill' : 'liquidate',
        );
      if (byFill) act([instructions.cancelAll(maker)], maker, 'cancel');
      world.movePrice(price);
      // An account that was emptied gets something to trade with, or a long history would be
      // refusals.
      for (const each of traders)
        if (worthOf(each) < 50n * USDT)
          act([instructions.deposit(each, 400n * USDT)], each, 'deposit again');
    }
    if (told.steps % 50 === 0) identity.checkAll(`step ${told.steps}`);
  }
  identity.checkAll('the end');
  assert.ok(told.closes.length > 0);
  return told;
}
