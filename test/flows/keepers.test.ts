// Keepers: acts of others on a subscriber's account in a running daemon: keepers that trigger and
// fill its orders, and a stranger who names it as referrer. Every unit is explained, and the gate
// stays open without a person.
import { Keypair } from '@solana/web3.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { STATE, userAddress } from '../../src/local/drift/addresses.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { fillOrder, placeOrder, triggerOrder } from '../../src/local/drift/keeper-instructions.ts';
import type { Struct } from '../../src/local/drift/layout.ts';
import { checksIn } from '../support/heard-rows.ts';
import { openStreet, type Street } from '../support/street.ts';
import { bendAccount } from '../support/venue-world.ts';

const FLAT_FEE = 10_000n;
let street: Street;
beforeAll(async () => {
  street = await openStreet();
});
afterAll(async () => street[Symbol.asyncDispose]());

const addressOf = (trader: Trader) => userAddress(trader.agent.publicKey, 0).toBase58();
/**
 * Waits until the account's state was held against the facts up to a slot, and says what was left
 * over.
 */
async function checkedTo(trader: Trader, slot: number): Promise<unknown> {
  const read = async () =>
    (await checksIn(street.database)).find(({ address }) => address === addressOf(trader));
  await expect
    .poll(async () => {
      const check = await read();
      return check !== undefined && (check.baseline.slot >= slot || check.difference !== null);
    })
    .toBe(true);
  return (await read())?.difference;
}
const quoteOf = (trader: Trader): bigint =>
  street.driver.userOf(trader).perpPositions[0].quoteAssetAmount;

const takeProfit = {
  orderType: 'triggerMarket' as const,
  direction: 'short' as const,
  base: 2_000_000_000n,
  market: 0,
  limit: 0n,
  reduceOnly: true,
  more: { triggerPrice: 160_000_000n, triggerCondition: 'above' },
};
/** A long position with a take-profit order, whose price is reached. Returns the order's id. */
function arm(trader: Trader): number {
  const { driver } = street;
  driver.movePrice(0, 150_000_000n);
  driver.trade(trader, 'long', 2_000_000_000n);
  driver.send([placeOrder(trader, takeProfit)], [driver.faucet, trader.agent]);
  driver.movePrice(0, 165_000_000n);
  return (driver.userOf(trader).nextOrderId as number) - 1;
}

test('a take-profit order that a keeper triggers and fills is paid for, and leaves no gap', async () => {
  const { driver } = street;
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  const keeper = driver.createTrader({ deposit: 100_000_000n });
  await street.subscribe('ana', trader, creator);
  const orderId = arm(trader);
  const before = quoteOf(trader);
  driver.send([triggerOrder(keeper, trader, orderId)], [driver.faucet, keeper.agent]);
  expect(quoteOf(trader)).toBe(before - FLAT_FEE);
  // The auction of the triggered order ends some slots later.
  street.world.cluster.advance(60);
  driver.movePrice(0, 165_000_000n);
  const filled = driver.send(
    [fillOrder(keeper, trader, orderId, 0)],
    [driver.faucet, keeper.agent],
  );
  const share = await street.share('ana', (each) => each.status === 'paid');
  // Proceeds less entry less the fee of the fill: the keeper's fee is none of it.
  expect(BigInt(share.close.netPnl)).toBeGreaterThan(29_000_000n);
  expect(share.close.signature).toBe(filled.signature);
  expect(driver.usdcOf(creator)).toBe(BigInt(share.close.netPnl) / 10n);
  expect(await checkedTo(trader, filled.slot)).toBeNull();
  expect(await street.verdict('ana', 'allow')).toMatchObject({ allow: true });
});

test('a fee that the record tells as 0 is explained by exactly the flat fee', async () => {
  const { driver, world } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  const keeper = driver.createTrader({ deposit: 100_000_000n });
  // The keeper's position slots are all taken: the owner pays the fee, and no keeper receives it.
  bendAccount(world, 'User', addressOf(keeper), (user) => {
    for (const [index, slot] of (user.perpPositions as Struct[]).entries())
      Object.assign(slot, { marketIndex: 10 + index, openOrders: 1 });
  });
  await street.subscribe('bo', trader, Keypair.generate().publicKey);
  const orderId = arm(trader);
  const before = quoteOf(trader);
  const landed = driver.send(
    [triggerOrder(keeper, trader, orderId)],
    [driver.faucet, keeper.agent],
  );
  expect(quoteOf(trader)).toBe(before - FLAT_FEE);
  expect(await checkedTo(trader, landed.slot)).toBeNull();
  expect(await street.verdict('bo', 'allow')).toMatchObject({ allow: true });
});

test('a stranger who trades with a subscriber as referrer causes no gap', async () => {
  const { driver, world } = street;
  bendAccount(world, 'State', STATE.toBase58(), (state) => {
    for (const tier of state.perpFeeStructure.feeTiers as Struct[])
      Object.assign(tier, { referrerRewardNumerator: 15_000, refereeFeeNumerator: 5_000 });
  });
  const referrer = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  await street.subscribe('cy', referrer, Keypair.generate().publicKey);
  const stranger = { agent: Keypair.generate(), subAccountId: 0 };
  const { publicKey } = stranger.agent;
  driver.giveUsdc(publicKey, 1_000_000_000n);
  const { instructions, faucet } = driver;
  driver.send(
    [
      instructions.initializeUserStats(publicKey, faucet.publicKey),
      instructions.initializeUser(publicKey, faucet.publicKey, 0, referrer.agent.publicKey),
    ],
    [faucet, stranger.agent],
  );
  driver.send([instructions.deposit(stranger, 1_000_000_000n)], [faucet, stranger.agent]);
  const before = quoteOf(referrer);
  const order = { market: 0, base: 3_000_000_000n, reduceOnly: false, makers: [referrer] };
  let slot = 0;
  for (const direction of ['long', 'short'] as const) {
    const limit = direction === 'long' ? 10n ** 15n : 1n;
    const trade = instructions.trade(stranger, { ...order, direction, limit });
    slot = driver.send([trade], [faucet, stranger.agent]).slot;
  }
  expect(quoteOf(referrer)).toBeGreaterThan(before);
  expect(await checkedTo(referrer, slot)).toBeNull();
  expect(await street.verdict('cy', 'allow')).toMatchObject({ allow: true });
  expect(await street.shares('cy')).toEqual([]);
});
