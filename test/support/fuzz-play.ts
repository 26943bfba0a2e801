// Fuzz play: random instructions with random arguments for a program pair: every one that the
// product uses or hears, now and then with an amount at an edge, for accounts that are rich,
// indebted, or without a position.
import { createTransferInstruction } from '@solana/spl-token';
import {
  oracleAddress,
  perpMarketAddress,
  STATE,
  userStatsAddress,
} from '../../src/local/drift/addresses.ts';
import type { Direction, Trader } from '../../src/local/drift/instructions.ts';
import {
  cancelOrder,
  fillOrder,
  placeOrder,
  swapEnds,
  triggerOrder,
  updateFundingRate,
} from '../../src/local/drift/keeper-instructions.ts';
import type { Struct } from '../../src/local/drift/layout.ts';
import { priceAccount } from '../../src/local/drift/oracle.ts';
import type { Random } from '../sim/random.ts';
import { breathe } from './event-loop.ts';
import { playForcedCancel, playOwner } from './fuzz-owners.ts';
import { liquidatesSlowly, playRuin } from './fuzz-ruin.ts';
import { openPair, type Pair } from './program-pair.ts';
import { bendAccount } from './venue-world.ts';

/** A number that is often at an edge. */
function amountOf(random: Random, usual: number): bigint {
  const dice = random.below(20);
  if (dice === 0) return 0n;
  if (dice === 1) return 1n;
  if (dice === 2) return 2n ** 63n - 1n;
  if (dice === 3) return BigInt(usual) * 1_000n;
  return BigInt(1 + random.below(usual));
}

/**
 * Referral rewards; and in every second history an AMM with a spread, a curve that moves, and JIT,
 * which gets along with the fees it has, or has hardly any. The build of 2023-12 reckons spread and
 * JIT in other ways: its AMM stands still.
 */
function arrange(pair: Pair): void {
  const { real, worlds, random, traders } = pair;
  const [first] = traders;
  const referred = traders.filter((each) => each !== first && random.chance(0.4));
  const moves = random.chance(0.5) && real.build.name !== '2023-12';
  // Above 100 the AMM's reference price moves, too.
  const intensity = random.pick([100, 130, 200]);
  const funding = BigInt(random.below(2_000_000)) - 1_000_000n;
  const poor = random.chance(0.3);
  const slow = liquidatesSlowly(pair);
  for (const world of worlds) {
    bendAccount(world, 'State', STATE.toBase58(), (state) => {
      for (const tier of state.perpFeeStructure.feeTiers as Struct[])
        Object.assign(tier, { referrerRewardNumerator: 15_000, refereeFeeNumerator: 5_000 });
      // Liquidations go step by step, or whole at once.
      if (slow) Object.assign(state, { liquidationDuration: 150, initialPctToLiquidate: 1_000 });
    });
    for (const { agent } of referred)
      bendAccount(world, 'UserStats', userStatsAddress(agent.publicKey).toBase58(), (stats) => {
        stats.referrer = first?.agent.publicKey.toBase58();
      });
    for (const market of [0, 1])
      bendAccount(world, 'PerpMarket', perpMarketAddress(market).toBase58(), ({ amm }) => {
        if (moves)
          Object.assign(amm, {
            baseSpread: 500,
            curveUpdateIntensity: intensity,
            ammJitIntensity: 100,
            last24hAvgFundingRate: funding,
          });
        if (poor) amm.totalFeeMinusDistributions = 1_000_000n;
      });
  }
}

/** Plays so many random acts on both. */
export async function playFuzz(program: string, seed: number, steps: number): Promise<Pair> {
  const pair = openPair(program, seed);
  arrange(pair);
  const { real, worlds, random, traders, solOf, usdcOf, both } = pair;
  const prices = [150_000_000n, 90_000_000_000n];
  const has = (name: string) => !real.build.lacks.includes(name);
  const ticks = (price: bigint): bigint => (price / 100n) * 100n;

  const step = (): void => {
    const trader = random.pick(traders);
    const other = random.pick(traders.filter((each) => each !== trader));
    const market = random.below(2);
    const spot = random.below(2);
    const price = prices[market] ?? 1n;
    const unit = 10_000_000n;
    const wild = random.chance(0.1);
    const size = market === 0 ? 1 + random.below(800) : 1 + random.below(3);
    const base = wild ? amountOf(random, 100_000_000) : unit * BigInt(size);
    const direction: Direction = random.pick(['long', 'short'] as const);
    const up = direction === 'long';
    const off = (price * BigInt(random.below(120))) / 10_000n;
    const near = ticks(random.chance(0.5) ? price - off : price + off);
    const reduceOnly = random.chance(0.15);
    const makers = traders.filter((each) => each !== trader && random.chance(0.3));
    const dice = random.below(100);
    const order = { direction, base, market, reduceOnly };
    if (dice < 22) {
      const limit = random.chance(0.6) ? (up ? 10n ** 15n : 1n) : near;
      both(
        'placeAndTakePerpOrder',
        ({ driver }) => [driver.instructions.trade(trader, { ...order, limit, makers })],
        trader,
      );
    } else if (dice < 32)
      both(
        'placePerpOrder limit',
        ({ driver }) => [driver.instructions.rest(trader, { ...order, limit: near })],
        trader,
      );
    else if (dice < 40) {
      const stop = random.chance(0.5);
      const trigger = ticks((price * BigInt(985 + random.below(30))) / 1_000n);
      const above = random.chance(0.5);
      const expires = random.chance(0.3);
      const now = BigInt(real.cluster.blockTime(real.cluster.slot('processed')) ?? 0);
      both(
        stop ? 'placePerpOrder trigger' : 'placePerpOrder auction',
        () => [
          placeOrder(trader, {
            ...order,
            orderType: stop ? 'triggerMarket' : 'market',
            limit: stop ? 0n : ticks(up ? (price * 11n) / 10n : (price * 9n) / 10n),
            more: stop
              ? { triggerPrice: trigger, triggerCondition: above ? 'above' : 'below' }
              : {
                  auctionDuration: 10,
                  auctionStartPrice: price,
                  auctionEndPrice: ticks(up ? (price * 101n) / 100n : (price * 99n) / 100n),
                  maxTs: expires ? now + 2n : null,
                },
          }),
        ],
        trader,
      );
    } else if (dice < 53) {
      const orders = (real.driver.userOf(other).orders as Struct[]).filter(
        (each) => each.status === 'open',
      );
      const found = orders.length === 0 ? null : random.pick(orders);
      const id = (found?.orderId as number | undefined) ?? 1 + random.below(9);
      const at = (found?.marketIndex as number | undefined) ?? market;
      const kind = random.below(10);
      if (kind < 3) both('cancelOrder', () => [cancelOrder(other, id)], other);
      else if (kind < 5) both('triggerOrder', () => [triggerOrder(trader, other, id)], trader);
      else
        both(
          'fillPerpOrder',
          () => [
            fillOrder(
              trader,
              other,
              id,
              at,
              makers.filter((each) => each !== other),
            ),
          ],
          trader,
        );
    } else if (dice < 55) playForcedCancel(pair, other, trader);
    else if (dice < 61) {
      const by = random.chance(0.8) ? trader : other;
      both(
        'settlePnl',
        ({ driver }) => [driver.instructions.settlePnl(trader, market, by.agent.publicKey)],
        by,
      );
    } else if (dice < 64 && has('settleMultiplePnls')) {
      const markets = random.pick([[0], [1], [0, 1], [1, 0]]);
      const mode = random.pick(['mustSettle', 'trySettle'] as const);
      both(
        `settleMultiplePnls ${mode}`,
        ({ driver }) => [driver.instructions.settleMultiplePnls(trader, markets, mode)],
        trader,
      );
    } else if (dice < 72) {
      const amount = amountOf(random, spot === 0 ? 400_000_000 : 3_000_000_000);
      const to = spot === 0 ? usdcOf(trader) : solOf(trader);
      const only = random.chance(0.6);
      both(
        'withdraw',
        ({ driver }) => [driver.instructions.withdraw(trader, to, amount, only, spot)],
        trader,
      );
    } else if (dice < 77) {
      const amount = amountOf(random, spot === 0 ? 300_000_000 : 1_000_000_000);
      const from = spot === 0 ? usdcOf(trader) : solOf(trader);
      both(
        'deposit',
        ({ driver }) => [driver.instructions.deposit(trader, amount, spot, from)],
        trader,
      );
    } else if (dice < 80) {
      const amount = amountOf(random, spot === 0 ? 200_000_000 : 1_000_000_000);
      const back = random.chance(0.4);
      both(
        'transferDeposit',
        ({ driver }) => [
          driver.instructions.transferDeposit(
            back ? { ...trader, subAccountId: 1 } : trader,
            back ? 0 : 1,
            amount,
            spot,
          ),
        ],
        trader,
      );
    } else if (dice < 84) playRuin(pair, other, trader, market);
    else if (dice < 86) {
      const [inMarket, outMarket] = spot === 0 ? [0, 1] : [1, 0];
      const price = prices[0] ?? 1n;
      const amountIn = amountOf(random, inMarket === 0 ? 200_000_000 : 1_000_000_000);
      const tokens = (at: number) => (at === 0 ? usdcOf(trader) : solOf(trader));
      const { begin, end } = swapEnds(
        { trader, inMarket, outMarket, inTokens: tokens(inMarket), outTokens: tokens(outMarket) },
        amountIn,
      );
      // The tokens that the swap brings lie in another account; they are paid in between.
      const worth =
        inMarket === 0 ? (amountIn * 1_000_000_000n) / price : (amountIn * price) / 1_000_000_000n;
      const out = (worth * BigInt(980 + random.below(40))) / 1_000n;
      // The tokens taken out are spent, now and then only half of them.
      const spend = createTransferInstruction(
        tokens(inMarket),
        inMarket === 0 ? usdcOf(other) : solOf(other),
        trader.agent.publicKey,
        random.chance(0.3) ? amountIn / 2n : amountIn,
      );
      const pay = createTransferInstruction(
        outMarket === 0 ? usdcOf(other) : solOf(other),
        tokens(outMarket),
        other.agent.publicKey,
        out > 10n ** 15n ? 1n : out,
      );
      both('beginSwap, endSwap', () => [begin, spend, pay, end], trader, other);
    } else if (dice < 89) playOwner(pair, trader, other);
    else if (dice < 91) {
      const by = BigInt(random.below(4_000_000_000)) - 1_500_000_000n;
      for (const world of worlds)
        bendAccount(world, 'PerpMarket', perpMarketAddress(market).toBase58(), ({ amm }) => {
          amm.cumulativeFundingRateLong += by;
          amm.cumulativeFundingRateShort += by - by / 3n;
        });
      both('settleFundingPayment', ({ driver }) => [driver.instructions.settleFunding(trader)]);
    } else if (dice < 93) {
      if (random.chance(0.7))
        for (const world of worlds)
          bendAccount(world, 'PerpMarket', perpMarketAddress(market).toBase58(), ({ amm }) => {
            amm.lastFundingRateTs -= 7_200n;
          });
      both('updateFundingRate', () => [updateFundingRate(market)]);
    } else if (dice < 97) {
      prices[market] = ticks((price * BigInt(9_600 + random.below(810))) / 10_000n);
      // The oracle alone, or the AMM's price with it.
      const alone = random.chance(0.4);
      for (const { driver, cluster } of worlds)
        if (alone)
          cluster.put(
            oracleAddress(market).toBase58(),
            priceAccount(prices[market] ?? 1n, BigInt(cluster.slot('processed'))),
          );
        else driver.movePrice(market, prices[market] ?? 1n);
    } else {
      const slots = 1 + random.below(20);
      for (const { cluster } of worlds) cluster.advance(slots);
      for (const { driver } of worlds)
        for (const each of [0, 1]) driver.movePrice(each, prices[each] ?? 1n);
    }
  };
  for (let at = 0; at < steps; at++) {
    step();
    await breathe(at);
  }
  // The rare acts come up in each history.
  const [first, second, third] = traders as [Trader, Trader, Trader];
  playOwner(pair, first, second, 'newcomer');
  playOwner(pair, first, second, 'delegate');
  playOwner(pair, first, second, 'margin trading');
  playForcedCancel(pair, third, second, true);
  return pair;
}
