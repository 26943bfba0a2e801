// Fuzz ruin: an account is brought to ruin by bending it, on both programs alike, and liquidated: a
// position, a borrow, a profit or a loss of perps, and what a bankrupt account leaves behind.
import {
  perpMarketAddress,
  STATE,
  spotMarketAddress,
  userAddress,
} from '../../src/local/drift/addresses.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import {
  liquidateBorrowForPerpPnl,
  liquidatePerpPnlForDeposit,
  liquidateSpot,
  resolvePerpBankruptcy,
  resolveSpotBankruptcy,
} from '../../src/local/drift/keeper-instructions.ts';
import { decodeAccount, type Struct } from '../../src/local/drift/layout.ts';
import type { World } from '../../src/local/world.ts';
import { breathe } from './event-loop.ts';
import { openPair, type Pair } from './program-pair.ts';
import { bendAccount } from './venue-world.ts';

const RUINS = ['position', 'borrow', 'profit', 'loss', 'bankrupt perp', 'bankrupt spot'] as const;
/** Scaled balance of two thousand USDC. */
const DEPOSIT = 2_000_000_000_000n;
const NO_SPOT = { scaledBalance: 0n, balanceType: 'deposit', cumulativeDeposits: 0n } as const;

/** The account's position in a market, without base: with an open order it may have been there. */
function flat(user: Struct, market: number, quote: bigint): void {
  const positions = user.perpPositions as Struct[];
  const used = (each: Struct): boolean =>
    each.baseAssetAmount !== 0n || each.quoteAssetAmount !== 0n || each.openOrders !== 0;
  const found =
    positions.find((each) => each.marketIndex === market && used(each)) ??
    positions.find((each) => !used(each));
  Object.assign(found ?? {}, {
    marketIndex: market,
    baseAssetAmount: 0n,
    quoteAssetAmount: quote,
    quoteEntryAmount: quote,
    quoteBreakEvenAmount: quote,
    lastCumulativeFundingRate: 0n,
  });
}

/** Whether an account counts as a user of a perp market, and as one that holds base there. */
function countsIn(user: Struct, market: number): [uses: boolean, holds: boolean] {
  const positions = (user.perpPositions as Struct[]).filter((each) => each.marketIndex === market);
  const holds = positions.some(({ baseAssetAmount }) => baseAssetAmount !== 0n);
  return [holds || positions.some(({ quoteAssetAmount }) => quoteAssetAmount !== 0n), holds];
}

/**
 * Changes a trader's account, and with it the users that its perp markets count: the build of
 * 2023-12 fails with 6019 when a market without users loses one.
 */
function bendUser(world: World, user: string, bend: (bent: Struct) => void): void {
  const markets = [0, 1];
  let before: [boolean, boolean][] = [];
  let after: [boolean, boolean][] = [];
  bendAccount(world, 'User', user, (bent) => {
    before = markets.map((market) => countsIn(bent, market));
    bend(bent);
    after = markets.map((market) => countsIn(bent, market));
  });
  for (const market of markets)
    bendAccount(world, 'PerpMarket', perpMarketAddress(market).toBase58(), (value) => {
      const more = (at: 0 | 1): number =>
        Number(after[market]?.[at] ?? false) - Number(before[market]?.[at] ?? false);
      value.numberOfUsers += more(0);
      value.numberOfUsersWithBase += more(1);
    });
}

/** Ruins one trader in one of the ways, and has another one liquidate it several times. */
export function playRuin(pair: Pair, victim: Trader, liquidator: Trader, market: number): void {
  const { worlds, random, both } = pair;
  const kind = random.pick(RUINS);
  const amount = BigInt(1 + random.below(2_500_000_000));
  const lamports = BigInt(1 + random.below(15)) * 1_000_000_000n + BigInt(random.below(1_000_000));
  const deposit = BigInt(random.below(1_500)) * 1_000_000_000n;
  const marked = random.chance(0.5);
  const withSol = random.chance(0.3);
  const user = userAddress(victim.agent.publicKey, 0).toBase58();
  const spots = (bent: Struct): Struct[] => bent.spotPositions as Struct[];
  const solOf = (bent: Struct): Struct =>
    spots(bent).find((each, at) => at > 0 && each.marketIndex === 1) ?? (spots(bent)[1] as Struct);
  const borrows = kind === 'borrow' || kind === 'profit' || kind === 'bankrupt spot';
  const before = worlds.map(({ cluster }) =>
    decodeAccount('User', cluster.bank.get(user)?.data ?? new Uint8Array()),
  );
  for (const world of worlds) {
    bendUser(world, user, (bent) => {
      const [quote] = spots(bent);
      const sol = solOf(bent);
      const bankrupt = kind.startsWith('bankrupt');
      if (bankrupt)
        for (const each of bent.perpPositions as Struct[])
          Object.assign(each, { baseAssetAmount: 0n, quoteAssetAmount: 0n });
      const keeps = kind === 'borrow' || kind === 'loss' || kind === 'position';
      Object.assign(quote ?? {}, { ...NO_SPOT, scaledBalance: keeps ? deposit : 0n });
      Object.assign(
        sol,
        borrows
          ? { balanceType: 'borrow', scaledBalance: lamports, cumulativeDeposits: -lamports }
          : { ...NO_SPOT, scaledBalance: kind === 'loss' && withSol ? lamports : 0n },
        { marketIndex: 1 },
      );
      if (kind === 'profit') flat(bent, market, amount);
      if (kind === 'loss' || kind === 'bankrupt perp') flat(bent, market, -amount);
      if (kind === 'position')
        for (const each of bent.perpPositions as Struct[])
          if (each.baseAssetAmount !== 0n) each.quoteAssetAmount -= amount / 2n;
      if (bankrupt && marked) bent.status = 2;
    });
    if (borrows)
      bendAccount(world, 'SpotMarket', spotMarketAddress(1).toBase58(), (value) => {
        value.borrowBalance += lamports;
        value.depositBalance += lamports;
      });
    if (kind === 'bankrupt perp')
      bendAccount(world, 'PerpMarket', perpMarketAddress(market).toBase58(), (value) => {
        Object.assign(value.insuranceClaim, { quoteMaxInsurance: amount / 2n });
        if (marked) value.amm.feePool.scaledBalance = 0n;
        Object.assign(value.amm, {
          baseAssetAmountLong: value.amm.baseAssetAmountLong + 1_000_000_000_000n,
          baseAssetAmountShort: value.amm.baseAssetAmountShort - 1_000_000_000_000n,
        });
      });
  }
  const most = random.chance(0.3) ? BigInt(1 + random.below(1_000_000_000)) : 10n ** 15n;
  const twice = random.chance(0.4) ? 2 : 1;
  for (let times = 0; times < twice; times++) {
    if (kind === 'position')
      both(
        'liquidatePerp',
        ({ driver }) => [driver.instructions.liquidate(liquidator, victim, market, false)],
        liquidator,
      );
    else if (kind === 'borrow')
      both('liquidateSpot', () => [liquidateSpot(liquidator, victim, [0, 1], most)], liquidator);
    else if (kind === 'profit')
      both(
        'liquidateBorrowForPerpPnl',
        () => [liquidateBorrowForPerpPnl(liquidator, victim, [market, 1], most)],
        liquidator,
      );
    else if (kind === 'loss')
      both(
        'liquidatePerpPnlForDeposit',
        () => [liquidatePerpPnlForDeposit(liquidator, victim, [market, withSol ? 1 : 0], most)],
        liquidator,
      );
    else
      both(
        'resolveBankruptcy',
        () => [
          kind === 'bankrupt perp'
            ? resolvePerpBankruptcy(liquidator, victim, market)
            : resolveSpotBankruptcy(liquidator, victim, 1),
        ],
        liquidator,
      );
  }
  // The history goes on with the account as it was, and a deposit.
  for (const [at, world] of worlds.entries()) {
    bendUser(world, user, (bent) => {
      Object.assign(bent, before[at]);
      bent.status = 0;
      const [quote] = spots(bent);
      if (quote?.scaledBalance === 0n || quote?.balanceType === 'borrow')
        Object.assign(quote, { ...NO_SPOT, scaledBalance: DEPOSIT });
    });
  }
}

/**
 * Whether liquidations go step by step instead of at once. On 2023-12 they never do: that build
 * takes a shortage of less than 50 USDC step by step, too, which later ones cover at once
 * (calculate_max_pct_to_liquidate).
 */
export const liquidatesSlowly = ({ random, real }: Pair): boolean =>
  random.chance(0.5) && real.build.name !== '2023-12';

/** Opens positions and ruins one trader after the other, so many times. */
export async function playRuins(program: string, seed: number, times: number): Promise<Pair> {
  const pair = openPair(program, seed);
  const { traders, random, both, worlds } = pair;
  const slow = liquidatesSlowly(pair);
  for (const world of worlds)
    bendAccount(world, 'State', STATE.toBase58(), (state) => {
      if (slow) Object.assign(state, { liquidationDuration: 150, initialPctToLiquidate: 1_000 });
    });
  for (let at = 0; at < times; at++) {
    const [victim, liquidator] = [traders[at % 3] as Trader, traders[3 + (at % 2)] as Trader];
    const market = random.below(2);
    const direction = random.pick(['long', 'short'] as const);
    if (at % 3 === 0 || random.chance(0.3))
      both(
        'placeAndTakePerpOrder',
        ({ driver }) => [
          driver.instructions.trade(victim, {
            direction,
            base: market === 0 ? 12_000_000_000n : 20_000_000n,
            market,
            limit: direction === 'long' ? 10n ** 15n : 1n,
            reduceOnly: false,
          }),
        ],
        victim,
      );
    playRuin(pair, victim, liquidator, market);
    await breathe(at);
  }
  return pair;
}
