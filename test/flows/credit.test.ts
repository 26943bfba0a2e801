// Credit: another system, or the subscriber, pays the creator on chain. It counts as payment,
// nothing is paid twice, and it is no runaway.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { openStreet, type Street } from '../support/street.ts';

const win = ({ driver }: Street, trader: ReturnType<Street['driver']['createTrader']>): void => {
  driver.movePrice(0, 150_000_000n);
  driver.trade(trader, 'long', 2_000_000_000n);
  driver.movePrice(0, 165_000_000n);
  driver.trade(trader, 'short', 2_000_000_000n, { reduceOnly: true });
};

test('beside another system that pays: its withdrawals to the creator discharge what is observed, and nobody is barred', async () => {
  await using street = await openStreet({
    settings: (settings) => ({ ...settings, mode: 'observe' }),
  });
  const { driver } = street;
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  await street.subscribe('ana', trader, creator);
  win(street, trader);
  const share = await street.share('ana', () => true);
  expect(share).toMatchObject({ status: 'pending', observed: true });
  driver.send([driver.instructions.settlePnl(trader, 0)], [driver.faucet, trader.agent]);
  // The other system rounds up to half a cent.
  const rounded = BigInt(share.amount) + 4_500n;
  const { signature } = driver.withdrawTo(trader, creator, rounded);
  const paid = await street.share('ana', (each) => each.status === 'paid');
  expect(paid).toMatchObject({ credited: share.amount, creditedBy: [signature], paidBy: [] });
  await expect.poll(async () => (await street.gate('ana')).outstanding).toBe('0');
  expect(await street.verdict('ana', 'allow')).toMatchObject({ standing: 'good' });
  const credits = await fetch(`${street.app().url}/v1/subscribers/ana/credits`);
  expect(await credits.json()).toMatchObject({
    credits: [{ signature, amount: String(rounded), credited: share.amount }],
  });
  // A debt that nobody paid waits for a person, who adopts it once.
  win(street, trader);
  const second = await street.share('ana', (each) => each.status === 'pending');
  const body = { fromSlot: second.close.slot, reason: 'Cut-over.' };
  expect((await street.post('/v1/adoptions', body)).body).toEqual({
    adopted: 1,
    left: second.amount,
    waiting: [],
  });
  expect((await street.post('/v1/adoptions', body)).body).toEqual({
    adopted: 0,
    left: '0',
    waiting: [],
  });
  expect(driver.usdcOf(creator)).toBe(rounded);
});

test('a subscriber who pays the creator itself is no runaway, and is not charged again', async () => {
  await using street = await openStreet();
  const { driver } = street;
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  await street.subscribe('ana', trader, creator);
  win(street, trader);
  const share = await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
  driver.withdrawTo(trader, creator, BigInt(share.amount) - 1_000_000n);
  await street.share('ana', (each) => each.credited === String(BigInt(share.amount) - 1_000_000n));
  await street.standing('ana', 'good');
  // The rest is paid by Bailiff, and no more.
  street.sendSol(trader.agent.publicKey, 50_000_000n);
  await street.share('ana', (each) => each.status === 'paid');
  expect(driver.usdcOf(creator)).toBe(BigInt(share.amount));
});
