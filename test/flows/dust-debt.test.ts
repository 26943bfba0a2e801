// Dust debt: the oldest debt is too small to be worth its fee, and the account that made the debts
// reaches no more than that one. The debts are paid out of another own account.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { aSlotLater, openStreet } from '../support/street.ts';
import { moveDeposit, openSubAccount } from '../support/trades.ts';

test('a debt below its fee, and half a dollar in its account, keep no debt from being paid out of another sub-account', async () => {
  // The settings of mainnet: a fee of at most a tenth, and parts from one USDC on.
  const mainnet = { costBpsMost: 1_000, usdcPerSol: '200000000', partialLeast: '1000000' };
  await using street = await openStreet({
    settings: (given) => ({ ...given, payments: { ...given.payments, ...mainnet } }),
  });
  const { driver } = street;
  const ana = driver.createTrader({ deposit: 300_000_000n, lamports: 0n });
  const { agent } = ana;
  const own = openSubAccount(driver, ana, 1);
  const creator = Keypair.generate().publicKey;
  driver.giveUsdc(creator, 1n);
  await street.subscribe('ana', ana, creator);
  const both = { id: 'ana', agentWallet: agent.publicKey.toBase58(), subAccountIds: [0, 1] };
  expect((await street.post('/v1/subscribers', both)).status).toBe(201);
  aSlotLater(street);
  driver.movePrice(0, 150_000_000n);
  for (const [base, price] of [
    [100_000_000n, 151_000_000n],
    [10_000_000_000n, 161_000_000n],
  ] as const) {
    driver.trade(ana, 'long', base);
    driver.movePrice(0, price);
    driver.trade(ana, 'short', base, { reduceOnly: true });
    aSlotLater(street);
  }
  const outcomes = async () =>
    (await street.shares('ana')).map(({ status, reason }) => reason?.code ?? status);
  await expect.poll(outcomes).toEqual(['agent_needs_sol', 'agent_needs_sol']);
  // While the agent has no SOL, the profit is settled and moves to the other sub-account.
  driver.send([driver.instructions.settlePnl(ana, 0)], [driver.faucet, agent]);
  moveDeposit(driver, ana, own.subAccountId, driver.depositOf(ana) - 500_000n);
  street.sendSol(agent.publicKey, 1_000_000_000n);
  await expect.poll(outcomes).toEqual(['paid', 'paid']);
  const owed = (await street.shares('ana')).reduce((sum, each) => sum + BigInt(each.amount), 1n);
  expect(driver.usdcOf(creator)).toBe(owed);
});
