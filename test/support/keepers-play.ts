// Keepers' play: a random history in which keepers and referrers take part, held against the
// accounts after every step.
import { getAssociatedTokenAddressSync } from '@solana/spl-token';
import { Keypair } from '@solana/web3.js';
import type { Landed } from '../../src/local/chain/cluster.ts';
import {
  perpMarketAddress,
  STATE,
  USDC,
  userAddress,
  userStatsAddress,
} from '../../src/local/drift/addresses.ts';
import type { Direction, Trader } from '../../src/local/drift/instructions.ts';
import {
  fillOrder,
  placeOrder,
  triggerOrder,
  updateFundingRate,
} from '../../src/local/drift/keeper-instructions.ts';
import { decodeAccount, type Struct } from '../../src/local/drift/layout.ts';
import { eventsIn } from '../../src/local/drift/log.ts';
import type { Driver } from '../../src/local/driver.ts';
import { createWorld, type World } from '../../src/local/world.ts';
import { createRandom } from '../sim/random.ts';
import { createManualClock } from './clock.ts';
import { breathe } from './event-loop.ts';
import { createIdentity } from './identity.ts';
import { bendAccount } from './venue-world.ts';

export type Played = {
  /** How often each kind of fill, trigger, cancel and reward came. */
  readonly kinds: ReadonlyMap<string, number>;
  readonly fills: number;
  readonly closes: number;
  readonly referrer: string;
  /** Referral rewards by the venue's own counter, and what open amounts explained by account. */
  readonly rewarded: bigint;
  readonly opened: ReadonlyMap<string, bigint>;
};

/** Referral rewards, and an AMM with a spread, a curve that moves, and JIT. */
function arrange(world: World): void {
  bendAccount(world, 'State', STATE.toBase58(), (state) => {
    for (const tier of state.perpFeeStructure.feeTiers as Struct[])
      Object.assign(tier, { referrerRewardNumerator: 15_000, refereeFeeNumerator: 5_000 });
  });
  for (const market of [0, 1])
    bendAccount(world, 'PerpMarket', perpMarketAddress(market).toBase58(), ({ amm }) => {
      const step = market === 0 ? 10_000_000n : 100_000n;
      Object.assign(amm, {
        orderStepSize: step,
        minOrderSize: step,
        baseSpread: 500,
        curveUpdateIntensity: 100,
        ammJitIntensity: 100,
      });
    });
}

function open(driver: Driver, referrer: Trader | null): Trader {
  const agent = Keypair.generate();
  driver.giveUsdc(agent.publicKey, 3_000_000_000n);
  const { instructions, faucet } = driver;
  driver.send(
    [
      instructions.initializeUserStats(agent.publicKey, faucet.publicKey),
      instructions.initializeUser(agent.publicKey, faucet.publicKey, 0, referrer?.agent.publicKey),
    ],
    [faucet, agent],
  );
  const trader = { agent, subAccountId: 0 };
  driver.send([instructions.deposit(trader, 3_000_000_000n)], [faucet, agent]);
  return trader;
}

/** A price in ticks. */
const ticks = (price: bigint): bigint => (price / 100n) * 100n;

/** Plays until there were so many fills. */
export async function playKeepers(
  programFile: string | null,
  seed: number,
  fillsWanted: number,
): Promise<Played> {
  const world = createWorld({ programFile, clock: createManualClock() });
  const { driver, cluster } = world;
  const { instructions, faucet } = driver;
  arrange(world);
  const random = createRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;
  const referrer = driver.createTrader({ deposit: 3_000_000_000n });
  const traders = [referrer, ...[referrer, null, referrer, null].map((by) => open(driver, by))];
  const keeper = open(driver, null);
  const everyone = [...traders, keeper];
  const identity = createIdentity(world);
  for (const [index, each] of everyone.entries()) identity.watch(each, `s${index}`);
  const statsOf = ({ agent }: Trader): Struct => {
    const account = cluster.bank.get(userStatsAddress(agent.publicKey).toBase58());
    return decodeAccount('UserStats', account?.data ?? new Uint8Array());
  };
  const prices = [150_000_000n, 90_000_000_000n];
  const kinds = new Map<string, number>();
  let [fills, closes, steps] = [0, 0, 0];
  const count = (kind: string) => kinds.set(kind, (kinds.get(kind) ?? 0) + 1);

  const take = (landed: Landed | string): boolean => {
    if (typeof landed === 'string' || landed.execution.error !== null) return false;
    const facts = identity.take(landed, `seed ${seed}, step ${steps}`);
    closes += facts.filter(({ body }) => body.kind === 'close').length;
    for (const { name, fields } of eventsIn(landed.execution.logs)) {
      if (name === 'FundingRateRecord') count('funding rate updated');
      if (name === 'FundingPaymentRecord') count('funding paid');
      if (name === 'CurveRecord') count('depth of the curve changed');
      if (name !== 'OrderActionRecord' || fields.action === 'place') continue;
      const kept = fields.filler !== null && fields.filler !== fields.taker && fields.fillerReward;
      if (fields.action !== 'fill') {
        if (kept) count(`${fields.action} ${fields.actionExplanation}`);
        continue;
      }
      fills++;
      count(fields.actionExplanation as string);
      if (kept) count('fill by keeper');
      if (fields.referrerReward) count('referral');
    }
    return true;
  };
  const send = (instruction: Parameters<Driver['attempt']>[0][number], by: Trader) =>
    take(driver.attempt([instruction], [faucet, by.agent]));
  const settlePrices = () => {
    for (const market of [0, 1]) driver.movePrice(market, prices[market] ?? 1n);
  };
  const lastOrder = (owner: Trader): number => (driver.userOf(owner).nextOrderId as number) - 1;

  const step = (): void => {
    const trader = pick(traders);
    const market = random.below(2);
    const price = prices[market] ?? 1n;
    const base = (market === 0 ? 10_000_000n : 100_000n) * BigInt(1 + random.below(300));
    const direction: Direction = pick(['long', 'short'] as const);
    const up = direction === 'long';
    const others = [...new Set([referrer, ...traders.filter(() => random.chance(0.4))])].filter(
      (each) => each !== trader,
    );
    const dice = random.below(100);
    const order = { direction, base, market, reduceOnly: false };
    if (dice < 45)
      send(
        instructions.trade(trader, { ...order, limit: up ? 10n ** 15n : 1n, makers: others }),
        trader,
      );
    else if (dice < 62) {
      const off = (price * BigInt(random.below(60))) / 10_000n;
      send(
        instructions.rest(trader, { ...order, limit: ticks(up ? price - off : price + off) }),
        trader,
      );
    } else if (dice < 80) {
      // An auction that a keeper fills, or finds expired.
      const expires = random.chance(0.25);
      const now = BigInt(cluster.blockTime(cluster.slot('processed')) ?? 0);
      const placed = placeOrder(trader, {
        ...order,
        orderType: 'market',
        limit: ticks(up ? (price * 11n) / 10n : (price * 9n) / 10n),
        more: {
          auctionDuration: 10,
          auctionStartPrice: price,
          auctionEndPrice: ticks(up ? (price * 101n) / 100n : (price * 99n) / 100n),
          maxTs: expires ? now + 1n : null,
        },
      });
      if (!send(placed, trader)) return;
      cluster.advance(expires ? 200 : random.below(15));
      settlePrices();
      const by = random.chance(0.7) ? keeper : pick(traders);
      send(
        fillOrder(
          by,
          trader,
          lastOrder(trader),
          market,
          others.filter((each) => each !== by),
        ),
        by,
      );
    } else if (dice < 86) {
      // A stop order that a keeper triggers, and another act fills.
      const placed = placeOrder(trader, {
        ...order,
        orderType: 'triggerMarket',
        limit: 0n,
        more: {
          triggerPrice: ticks((price * (up ? 1_002n : 998n)) / 1_000n),
          triggerCondition: up ? 'above' : 'below',
        },
      });
      if (!send(placed, trader)) return;
      prices[market] = ticks((price * (up ? 1_004n : 996n)) / 1_000n);
      cluster.advance(3);
      settlePrices();
      const [orderId, by] = [lastOrder(trader), pick(everyone)];
      send(triggerOrder(by, trader, orderId), by);
      cluster.advance(random.below(30));
      settlePrices();
      send(fillOrder(keeper, trader, orderId, market, others), keeper);
    } else if (dice < 88) {
      // The hour is over: a keeper updates the rate, or the next trade does.
      bendAccount(world, 'PerpMarket', perpMarketAddress(market).toBase58(), ({ amm }) => {
        amm.lastFundingRateTs -= 7_200n;
      });
      if (random.chance(0.7)) take(driver.attempt([updateFundingRate(market)], [faucet]));
      take(driver.attempt([instructions.settleFunding(trader)], [faucet]));
    } else if (dice < 90) send(instructions.settlePnl(trader, market), trader);
    else if (dice < 93) {
      const tokens = getAssociatedTokenAddressSync(USDC, trader.agent.publicKey);
      send(instructions.withdraw(trader, tokens, BigInt(random.below(20_000_000))), trader);
    } else if (dice < 96) {
      const victim = pick(traders.filter((each) => each !== trader));
      send(instructions.liquidate(trader, victim, market, false), trader);
    } else {
      prices[market] = ticks((price * BigInt(9_700 + random.below(610))) / 10_000n);
      driver.movePrice(market, prices[market] ?? 1n);
    }
  };

  const before = statsOf(referrer).fees.totalReferrerReward as bigint;
  while (fills < fillsWanted) {
    steps++;
    await breathe(steps);
    if (steps > fillsWanted * 8) throw new Error('too few of the random acts are possible');
    if (steps % 10 === 0) cluster.advance(1);
    step();
  }
  identity.checkAll(`the end of seed ${seed}`);
  return {
    kinds,
    fills,
    closes,
    referrer: userAddress(referrer.agent.publicKey, 0).toBase58(),
    rewarded: (statsOf(referrer).fees.totalReferrerReward as bigint) - before,
    opened: identity.opened,
  };
}
