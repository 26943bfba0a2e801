// Friends' rent: a debtor pays the rent of a friend's accounts at the venue, which the friend
// deletes.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { openStreet, profitableClose } from '../support/street.ts';

test('SOL that leaves as the rent of the accounts of a friend makes a debtor delinquent', async () => {
  await using street = await openStreet();
  const { driver } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 2_000_000_000n });
  const accumulates = { minimumPayment: '100000000' };
  await street.subscribe('ana', trader, Keypair.generate().publicKey, 1_000, accumulates);
  profitableClose(driver, trader);
  await street.share('ana', (each) => each.status === 'pending');
  const { initializeUserStats, initializeUser, deleteUser } = driver.instructions;
  const friends = Array.from({ length: 10 }, () => Keypair.generate());
  for (const friend of friends) {
    const ids = [0, 1, 2, 3];
    driver.send(
      [
        initializeUserStats(friend.publicKey, trader.agent.publicKey),
        ...ids.map((id) => initializeUser(friend.publicKey, trader.agent.publicKey, id)),
      ],
      [driver.faucet, trader.agent, friend],
    );
    driver.send(
      ids.map((subAccountId) => deleteUser({ agent: friend, subAccountId })),
      [driver.faucet, friend],
    );
  }
  const got = friends.reduce((sum, each) => sum + driver.lamportsOf(each.publicKey), 0n);
  expect(got).toBeGreaterThan(1_000_000_000n);
  const gate = await street.standing('ana', 'delinquent');
  expect(gate.reason).toContain('SOL');
});
