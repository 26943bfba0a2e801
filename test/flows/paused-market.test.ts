// Paused market: a debt whose profit lies in a market that does not settle, while another
// sub-account of the subscriber has the money.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { aSlotLater, openStreet } from '../support/street.ts';
import { pauseSettling } from '../support/venue-world.ts';

test('a market that has paused settlements holds up no payment out of another sub-account', async () => {
  await using street = await openStreet();
  const { driver, world } = street;
  const ana = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  const { agent } = ana;
  driver.send(
    [driver.instructions.initializeUser(agent.publicKey, driver.faucet.publicKey, 1)],
    [driver.faucet, agent],
  );
  const creator = Keypair.generate().publicKey;
  await street.subscribe('ana', ana, creator);
  const agentWallet = agent.publicKey.toBase58();
  const more = await street.post('/v1/subscribers', {
    id: 'ana',
    agentWallet,
    subAccountIds: [0, 1],
  });
  expect(more.status).toBe(201);
  aSlotLater(street);
  driver.trade(ana, 'long', 4_000_000_000n);
  driver.movePrice(0, 160_000_000n);
  pauseSettling(world);
  driver.trade(ana, 'short', 4_000_000_000n, { reduceOnly: true });
  // The whole deposit moves to the other own sub-account, so nothing leaves the subscriber.
  driver.send(
    [driver.instructions.transferDeposit(ana, 1, driver.depositOf(ana))],
    [driver.faucet, agent],
  );
  const share = await street.share('ana', (each) => each.status === 'paid');
  expect(driver.usdcOf(creator)).toBe(BigInt(share.amount));
  await expect.poll(() => street.gate('ana')).toMatchObject({ verdict: 'allow', outstanding: '0' });
});
