// Identity: over long random histories the facts of every transaction add up to what the accounts themselves say, to the
// unit and after every step: realised total, funding, deposits, withdrawals, tokens. A missed or misread fee, rebate, close
// or flip breaks it at once.
import { existsSync } from 'node:fs';
import { getAssociatedTokenAddressSync } from '@solana/spl-token';
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import type { Close } from '../../src/core/fact.ts';
import type { Watched } from '../../src/core/hearing-ports.ts';
import type { Address } from '../../src/core/ids.ts';
import { COUNTERS, type Counters, NO_COUNTERS } from '../../src/core/reckoning.ts';
import type { Landed } from '../../src/local/chain/cluster.ts';
import { perpMarketAddress, USDC, userAddress } from '../../src/local/drift/addresses.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { decodeAccount, encodeAccount } from '../../src/local/drift/layout.ts';
import { createWorld, type World } from '../../src/local/world.ts';
import { loadSettings, processEnvironment } from '../../src/system/settings.ts';
import { ownUsers } from '../../src/venue/addresses.ts';
import type { Build } from '../../src/venue/builds.ts';
import { hear } from '../../src/venue/hearing.ts';
import { readLogs } from '../../src/venue/logs.ts';
import { PROGRAM_ID } from '../../src/venue/profile.ts';
import { readAccountState } from '../../src/venue/state.ts';
import { createRandom } from '../sim/random.ts';
import { createManualClock } from '../support/clock.ts';
import { transactionOf } from '../support/transaction.ts';

const add = (a: Counters, b: Counters): Counters =>
  Object.fromEntries(COUNTERS.map((name) => [name, a[name] + b[name]])) as Counters;

/** Somebody with two sub-accounts, and everything of theirs that is watched. */
function enrol(world: World, id: string, watched: Map<string, Watched>): Trader[] {
  const { driver } = world;
  const first = driver.createTrader({ deposit: 700_000_000n, lamports: 1_000_000_000n });
  driver.send(
    [driver.instructions.initializeUser(first.agent.publicKey, driver.faucet.publicKey, 1)],
    [driver.faucet, first.agent],
  );
  const second = { agent: first.agent, subAccountId: 1 };
  driver.giveUsdc(first.agent.publicKey, 2_000_000_000n);
  driver.send([driver.instructions.deposit(second, 500_000_000n)], [driver.faucet, first.agent]);
  const put = (address: string, role: Watched['role']) =>
    watched.set(address, { address: address as Address, subscriberId: id, role });
  for (const trader of [first, second])
    put(userAddress(trader.agent.publicKey, trader.subAccountId).toBase58(), 'drift_user');
  put(first.agent.publicKey.toBase58(), 'agent_wallet');
  put(getAssociatedTokenAddressSync(USDC, first.agent.publicKey).toBase58(), 'agent_token_account');
  return [first, second];
}

function countersOf(world: World, { address, role }: Watched): Counters {
  const data = world.cluster.bank.get(address)?.data;
  if (data === undefined) return NO_COUNTERS;
  if (role === 'drift_user') return readAccountState(data).counters;
  return { ...NO_COUNTERS, tokens: Buffer.from(data).readBigUInt64LE(64) };
}

/** Raises or lowers the funding that longs have paid since the market began. */
function shiftFunding(world: World, market: number, by: bigint): void {
  const address = perpMarketAddress(market).toBase58();
  const account = world.cluster.bank.get(address);
  if (account === null) return;
  const value = decodeAccount('PerpMarket', account.data);
  value.amm.cumulativeFundingRateLong += by;
  value.amm.cumulativeFundingRateShort += by - by / 3n;
  world.cluster.put(address, { ...account, data: encodeAccount('PerpMarket', value) });
}

/** Perp fills of a transaction, as its log tells. */
const fillsOf = ({ execution }: Landed): number =>
  (readLogs(execution.logs, PROGRAM_ID) ?? []).filter(
    ({ event }) => event.event === 'OrderActionRecord' && event.action === 'fill',
  ).length;

type Told = { steps: number; fills: number; closes: Close[]; causes: Set<string>; build: Build };

function play(programFile: string | null, seed: number, trades: number): Told {
  const world = createWorld({ programFile, clock: createManualClock() });
  const { driver, cluster } = world;
  const { instructions } = driver;
  const random = createRandom(seed);
  const watched = new Map<string, Watched>();
  const traders = ['ana', 'bo', 'cy'].flatMap((id) => enrol(world, id, watched));
  const checked = [...watched.values()].filter((each) => each.role !== 'agent_wallet');
  const expected = new Map(checked.map((each) => [each.address, countersOf(world, each)]));
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
    if (told.steps > trades * 4) throw new Error('too few of the random acts are possible');
    if (told.steps % 40 === 0) cluster.advance(1);
    const landed = act();
    if (landed === null || typeof landed === 'string') continue;
    const transaction = transactionOf(landed);
    const facts = hear(transaction, watched, ownUsers);
    if (landed.execution.error !== null) {
      expect(facts).toEqual([]);
      continue;
    }
    told.fills += fillsOf(landed);
    for (const { account, body } of facts) {
      if (body.kind === 'close') {
        told.closes.push(body);
        told.causes.add(
          `${body.cause} ${body.side}${body.baseFilled > body.baseClosed ? ' flip' : ''}`,
        );
      }
      if (body.kind !== 'tally') continue;
      expected.set(account, add(expected.get(account) ?? NO_COUNTERS, body));
    }
    for (const each of checked) {
      if (!transaction.keys.includes(each.address)) continue;
      expect(
        countersOf(world, each),
        `${each.role} after step ${told.steps} of seed ${seed}`,
      ).toEqual(expected.get(each.address));
    }
  }
  // And once more for all, touched or not: nothing else moved.
  for (const each of checked) expect(countersOf(world, each)).toEqual(expected.get(each.address));
  return told;
}

const env = processEnvironment();
const { programFile } = loadSettings(
  env.BAILIFF_DRIFT_PROGRAM ? { BAILIFF_DRIFT_PROGRAM: env.BAILIFF_DRIFT_PROGRAM } : {},
);

const CAUSES = [
  'trade taker',
  'trade maker',
  'trade taker flip',
  'trade maker flip',
  'transfer maker',
  'liquidation taker',
];

test.each([null, programFile].filter((each) => each === null || existsSync(each)))(
  'the sum of the facts is the account, over 10,000 fills (program: %s)',
  { timeout: 240_000 },
  (file) => {
    const all = [1, 2, 3, 4, 5].map((seed) => play(file, seed, 2_000));
    const causes = new Set(all.flatMap((each) => [...each.causes]));
    expect(all.reduce((sum, each) => sum + each.fills, 0)).toBeGreaterThanOrEqual(10_000);
    expect(all.flatMap((each) => each.closes).length).toBeGreaterThan(2_000);
    // The 2024 build moves no positions between sub-accounts: it has no transfer_perp_position.
    const moves = all.every(({ build }) => !build.lacks.includes('transferPerpPosition'));
    for (const cause of CAUSES)
      if (moves || cause !== 'transfer maker') expect([...causes]).toContain(cause);
  },
);
