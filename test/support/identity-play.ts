// Identity play: a random history of trades, transfers, funding and liquidations, held against the
// accounts after each step.
import assert from 'node:assert/strict';
import { getAssociatedTokenAddressSync } from '@solana/spl-token';
import { Keypair } from '@solana/web3.js';
import type { Close } from '../../src/core/fact.ts';
import type { Landed } from '../../src/local/chain/cluster.ts';
import { perpMarketAddress, USDC } from '../../src/local/drift/addresses.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { createWorld, type World } from '../../src/local/world.ts';
import type { Build } from '../../src/venue/drift-v2/builds.ts';
import { PROGRAM_ID } from '../../src/venue/drift-v2/profile.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { readLogs } from '../../src/venue/logs.ts';
import { createRandom } from '../sim/random.ts';
import { createManualClock } from './clock.ts';
import { breathe } from './event-loop.ts';
import { hear } from './hear.ts';
import { createIdentity, type Identity } from './identity.ts';
import { transactionOf } from './transaction.ts';
import { bendAccount } from './venue-world.ts';

/** A subscriber with two sub-accounts, and everything of it that is watched. */
function enrol({ driver }: World, id: string, identity: Identity): Trader[] {
  const first = driver.createTrader({ deposit: 700_000_000n, lamports: 1_000_000_000n });
  driver.send(
    [driver.instructions.initializeUser(first.agent.publicKey, driver.faucet.publicKey, 1)],
    [driver.faucet, first.agent],
  );
  const second = { agent: first.agent, subAccountId: 1 };
  driver.giveUsdc(first.agent.publicKey, 2_000_000_000n);
  driver.send([driver.instructions.deposit(second, 500_000_000n)], [driver.faucet, first.agent]);
  for (const trader of [first, second]) identity.watch(trader, id);
  return [first, second];
}

/** Raises or lowers the funding that longs have paid since the market began. */
function shiftFunding(world: World, market: number, by: bigint): void {
  bendAccount(world, 'PerpMarket', perpMarketAddress(market).toBase58(), ({ amm }) => {
    amm.cumulativeFundingRateLong += by;
    amm.cumulativeFundingRateShort += by - by / 3n;
  });
}

/** Perp fills of a transaction, as its log tells. */
const fillsOf = ({ execution }: Landed): number =>
  (readLogs(DRIFT_V2.records, execution.logs, PROGRAM_ID) ?? []).filter(
    ({ event }) => event.event === 'OrderActionRecord' && event.action === 'fill',
  ).length;

export type Told = {
  steps: number;
  fills: number;
  closes: Close[];
  causes: Set<string>;
  build: Build;
};

/** Plays a random history until there were so many fills. */
export async function playIdentity(
  programFile: string | null,
  seed: number,
  trades: number,
): Promise<Told> {
  const world = createWorld({ programFile, clock: createManualClock() });
  const { driver, cluster } = world;
  const { instructions } = driver;
  const random = createRandom(seed);
  const identity = createIdentity(world);
  const traders = ['ana', 'bo', 'cy'].flatMap((id) => enrol(world, id, identity));
  const told: Told = { steps: 0, fills: 0, closes: [], causes: new Set(), build: world.build };
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;
  const signed = (trader: Trader) => [driver.faucet, trader.agent];
  const outside = Keypair.generate().publicKey;
  driver.giveUsdc(outside, 1n);
  const prices = [150_000_000n, 90_000_000_000n];

  const act = (): Landed | string | null => {
    const trader = pick(traders);
    const market = random.below(2);
    const unit = market === 0 ? 10_000_000n : 100_000n;
    const base = unit * BigInt(1 + random.below(200));
    const direction = pick(['long', 'short'] as const);
    const dice = random.below(100);
    if (dice < 60) {
      // Several orders in one transaction, each against makers and the AMM.
      const orders = Array.from({ length: 1 + random.below(6) }, () => {
        const side = pick(['long', 'short'] as const);
        return instructions.trade(trader, {
          direction: side,
          base: unit * BigInt(1 + random.below(200)),
          market,
          limit: side === 'long' ? 10n ** 15n : 1n,
          reduceOnly: false,
          makers: traders.filter((each) => each.agent !== trader.agent && random.chance(0.3)),
        });
      });
      return driver.attempt(orders, signed(trader));
    }
    if (dice < 75) {
      const price = prices[market] ?? 1n;
      const offset = (price * BigInt(random.below(200))) / 10_000n;
      const limit = direction === 'long' ? price - offset : price + offset;
      return driver.attempt(
        [instructions.rest(trader, { direction, base, market, limit })],
        signed(trader),
      );
    }
    if (dice < 79) {
      const to = trader.subAccountId === 0 ? 1 : 0;
      return driver.attempt(
        [instructions.transferPosition(trader, to, market, null)],
        signed(trader),
      );
    }
    if (dice < 83) return driver.attempt([instructions.settlePnl(trader, market)], signed(trader));
    if (dice < 86) {
      const to = getAssociatedTokenAddressSync(
        USDC,
        random.below(2) === 0 ? trader.agent.publicKey : outside,
      );
      return driver.attempt(
        [instructions.withdraw(trader, to, BigInt(random.below(20_000_000)))],
        signed(trader),
      );
    }
    if (dice < 89)
      return driver.attempt(
        [instructions.deposit(trader, BigInt(1 + random.below(30_000_000)))],
        signed(trader),
      );
    if (dice < 91) {
      const to = trader.subAccountId === 0 ? 1 : 0;
      const amount = BigInt(1 + random.below(10_000_000));
      return driver.attempt([instructions.transferDeposit(trader, to, amount)], signed(trader));
    }
    if (dice < 94) {
      shiftFunding(world, market, BigInt(random.below(4_000_000_000)) - 1_500_000_000n);
      return driver.attempt([instructions.settleFunding(trader)], [driver.faucet]);
    }
    if (dice < 97) {
      const victim = pick(traders.filter((each) => each.agent !== trader.agent));
      return driver.attempt(
        [instructions.liquidate(trader, victim, market, random.below(2) === 0)],
        signed(trader),
      );
    }
    const price = ((prices[market] ?? 1n) * BigInt(9_300 + random.below(1_410))) / 10_000n;
    prices[market] = price;
    driver.movePrice(market, price);
    return null;
  };

  while (told.fills < trades) {
    told.steps++;
    await breathe(told.steps);
    if (told.steps > trades * 4) throw new Error('too few of the random acts are possible');
    if (told.steps % 40 === 0) cluster.advance(1);
    const landed = act();
    if (landed === null || typeof landed === 'string') continue;
    if (landed.execution.error !== null) {
      // A failed transaction has no facts but what its fee moved, and changes no counter.
      const facts = hear(DRIFT_V2, transactionOf(landed), identity.watched);
      assert.deepEqual(
        facts.filter(({ body }) => body.kind === 'tally'),
        [],
      );
      continue;
    }
    told.fills += fillsOf(landed);
    for (const { body } of identity.take(landed, `step ${told.steps} of seed ${seed}`)) {
      if (body.kind !== 'close') continue;
      told.closes.push(body);
      told.causes.add(
        `${body.cause} ${body.side}${body.baseFilled > body.baseClosed ? ' flip' : ''}`,
      );
    }
  }
  // And once more for all, touched or not: nothing else moved.
  identity.checkAll(`the end of seed ${seed}`);
  return told;
}
