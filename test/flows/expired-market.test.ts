// Expired market: a copied position is held until its market expires, and a settlement closes it.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { executorOf } from '../support/programs.ts';
import { aSlotLater, openStreet } from '../support/street.ts';
import { expireMarket } from '../support/venue-world.ts';

test('the profit of a position that an expired market closed is shared', async ({ skip }) => {
  await using street = await openStreet();
  const { driver, world } = street;
  if (executorOf('drift-v2') === 'stand-in') return skip('The stand-in settles no expired market.');
  const ana = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  const creator = Keypair.generate().publicKey;
  await street.subscribe('ana', ana, creator);
  aSlotLater(street);
  driver.trade(ana, 'long', 2_000_000_000n);
  await street.verdict('ana', 'allow');
  expireMarket(world, 160_000_000n);
  aSlotLater(street);
  driver.send([driver.instructions.settlePnl(ana, 0)], [driver.faucet, ana.agent]);
  // Two SOL at 150, settled at 160, less the fees.
  expect(driver.depositOf(ana)).toBeGreaterThan(1_019_000_000n);
  const share = await street.share('ana', (each) => each.status === 'paid');
  expect(BigInt(share.amount)).toBeGreaterThan(1_900_000n);
  expect(BigInt(share.amount)).toBeLessThan(2_000_000n);
  expect(driver.usdcOf(creator)).toBe(BigInt(share.amount));
  await street.verdict('ana', 'allow');
});
