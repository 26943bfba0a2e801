// Settling: a payment settles only as far as its withdrawal needs it, and goes on without what the
// venue refuses.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { perpMarketAddress, userAddress } from '../../src/local/drift/addresses.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { decodeAccount, encodeAccount } from '../../src/local/drift/layout.ts';
import { loseAgentKeys } from '../support/damage.ts';
import { paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose, type Street, unscheduled } from '../support/street.ts';
import { setExchangeStatus, setPerpMarket } from '../support/venue-world.ts';

const SOL = 1_000_000_000n;
const WITHDRAW_ALL = 5_000_000_000n;

/**
 * A trader whose debt is booked while no key is at hand, so that the world can be bent before it is
 * paid.
 */
async function indebted(
  street: Street,
  { deposit = 1_000_000_000n, creator = Keypair.generate().publicKey, shareBps = 1_000 } = {},
) {
  const { driver } = street;
  const trader = driver.createTrader({ deposit, lamports: SOL });
  await street.subscribe('ana', trader, creator, shareBps);
  await loseAgentKeys(street.database);
  return { trader, creator };
}
const owed = (street: Street) =>
  street.share('ana', (each) => each.reason?.code === 'no_agent_key');
const giveKey = (street: Street, { agent }: Trader) =>
  street.post('/v1/subscribers', {
    id: 'ana',
    agentWallet: agent.publicKey.toBase58(),
    agentSecretKey: JSON.stringify([...agent.secretKey]),
    subAccountIds: [0],
  });
const settled = async (street: Street): Promise<number[]> => {
  const landed = (await paymentsIn(street.database)).find(({ state }) => state === 'landed');
  return landed?.settleMarkets ?? expect.fail('no payment has landed');
};
const bendUser = (street: Street, { agent }: Trader, change: Record<string, unknown>): void => {
  const address = userAddress(agent.publicKey, 0).toBase58();
  const account = street.world.cluster.bank.get(address);
  if (account === null) throw new Error(`no account ${address}`);
  const data = encodeAccount('User', { ...decodeAccount('User', account.data), ...change });
  street.world.cluster.put(address, { ...account, data });
};

const emptyPool = { scaledBalance: 0n, marketIndex: 0, padding: [0, 0, 0, 0, 0, 0] };

test('a deposit that suffices pays whatever keeps the market from settling', async () => {
  await using street = await openStreet({ settings: unscheduled() });
  const { driver, world, database } = street;
  const { trader } = await indebted(street);
  const account = world.cluster.bank.get(perpMarketAddress(0).toBase58());
  const market = decodeAccount('PerpMarket', account?.data ?? new Uint8Array());
  const pools = { pnlPool: market.pnlPool };
  const refusals: [bend: () => void, mend: () => void][] = [
    [() => setExchangeStatus(world, 64), () => setExchangeStatus(world, 0)],
    [
      () => setPerpMarket(world, { pausedOperations: 8 }),
      () => setPerpMarket(world, { pausedOperations: 0 }),
    ],
    [
      () => setPerpMarket(world, { status: 'delisted' }),
      () => setPerpMarket(world, { status: 'active' }),
    ],
    [() => setPerpMarket(world, { pnlPool: emptyPool }), () => setPerpMarket(world, pools)],
  ];
  for (const [bend, mend] of refusals) {
    profitableClose(driver, trader);
    await owed(street);
    bend();
    await giveKey(street, trader);
    await expect
      .poll(async () => (await street.shares('ana')).every((each) => each.status === 'paid'))
      .toBe(true);
    await loseAgentKeys(database);
    mend();
  }
  expect((await paymentsIn(database)).map(({ settleMarkets }) => settleMarkets)).toEqual([
    [],
    [],
    [],
    [],
  ]);
});

test('where the deposit falls short and the market settles nothing, the debt says what the venue said', async () => {
  await using street = await openStreet({ settings: unscheduled() });
  const { trader } = await indebted(street, { shareBps: 5_000 });
  profitableClose(street.driver, trader);
  await owed(street);
  street.driver.withdrawTo(trader, Keypair.generate().publicKey, WITHDRAW_ALL, {
    reduceOnly: true,
  });
  setPerpMarket(street.world, { pausedOperations: 8 });
  await giveKey(street, trader);
  const share = await street.share('ana', (each) => each.reason?.code === 'venue_6158');
  expect(share.reason?.class).toBe('venue_paused');
  setPerpMarket(street.world, { pausedOperations: 0 });
  await street.post(`/v1/shares/${share.id}/retry`, {});
  await street.share('ana', (each) => each.status === 'paid');
  expect(await settled(street)).toEqual([0]);
});

test('a healthy account that is still marked as being liquidated is paid from', async () => {
  await using street = await openStreet({ settings: unscheduled() });
  const { trader } = await indebted(street);
  profitableClose(street.driver, trader);
  await owed(street);
  bendUser(street, trader, { status: 1 });
  await giveKey(street, trader);
  await street.share('ana', (each) => each.status === 'paid');
});

test('of a debt that the margin does not leave room for, a part is paid at once', async () => {
  await using street = await openStreet({ settings: unscheduled({ partialLeast: '1000000' }) });
  const { driver } = street;
  const { trader, creator } = await indebted(street, { deposit: 200_000_000n, shareBps: 9_000 });
  driver.movePrice(0, 150_000_000n);
  driver.trade(trader, 'long', 20_000_000_000n);
  driver.movePrice(0, 180_000_000n);
  driver.trade(trader, 'short', 10_000_000_000n, { reduceOnly: true });
  driver.movePrice(0, 125_000_000n);
  await owed(street);
  await giveKey(street, trader);
  const part = await street.share('ana', (each) => each.paid !== '0');
  expect(part.status).toBe('pending');
  expect(BigInt(part.paid)).toBeGreaterThan(150_000_000n);
  expect(driver.usdcOf(creator)).toBe(BigInt(part.paid));
  const rest = await street.share('ana', (each) => each.reason !== null);
  expect(rest.reason?.code).toBe('margin_floor');
});
