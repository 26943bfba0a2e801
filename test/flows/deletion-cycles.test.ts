// Deletion cycles: a debtor moves its deposit out and in again many times, closes with profit
// behind a cut log, and deletes the account. The profit is owed to the unit.
import { getAssociatedTokenAddressSync } from '@solana/spl-token';
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { FAST_CLUSTER } from '../../src/local/chain/cluster.ts';
import { USDC } from '../../src/local/drift/addresses.ts';
import { DEPOSIT, leave, rise, traderWithFinalDeposit } from '../support/leaving-trader.ts';
import { noise } from '../support/noise.ts';
import { openStreet } from '../support/street.ts';

test('a deposit that goes out and in again lessens no profit of an account that is deleted', async () => {
  const sponsor = Keypair.generate();
  await using street = await openStreet({ sponsor });
  const { driver, world } = street;
  driver.giveSol(sponsor.publicKey, 10_000_000_000n);
  const trader = traderWithFinalDeposit(street);
  const creator = Keypair.generate().publicKey;
  await street.subscribe('ana', trader, creator);
  await street.stop();
  const { instructions } = driver;
  const own = getAssociatedTokenAddressSync(USDC, trader.agent.publicKey);
  for (let n = 0; n < 20; n++)
    driver.send(
      [
        instructions.withdraw(trader, own, 900_000_000n),
        instructions.deposit(trader, 900_000_000n),
        instructions.withdraw(trader, own, 900_000_001n),
        instructions.deposit(trader, 900_000_001n),
      ],
      [driver.faucet, trader.agent],
    );
  rise(street, trader);
  const landed = leave(street, trader, noise);
  expect(landed.execution.error).toBeNull();
  expect(landed.execution.logs).toContain('Log truncated');
  const profit = (driver.usdcOf(trader.agent.publicKey) ?? 0n) - DEPOSIT;
  expect(profit).toBeGreaterThan(20_000_000n);
  world.cluster.advance(FAST_CLUSTER.finalizedAfter);
  await street.restart();
  const share = await street.share('ana', (each) => each.status === 'paid');
  expect(BigInt(share.amount)).toBe(profit / 10n);
});
