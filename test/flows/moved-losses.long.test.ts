// Moved losses: a loss that a liquidator takes over, and one that a bankruptcy forgives, change the
// realised total of an account as a profit does. Behind a cut log nothing is reckoned, and the
// account is shown as a gap.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { FAST_CLUSTER } from '../../src/local/chain/cluster.ts';
import {
  DRIFT_SIGNER,
  insuranceVaultAddress,
  perpMarketAddress,
  spotMarketAddress,
  USDC,
  userAddress,
} from '../../src/local/drift/addresses.ts';
import { WRAPPED_SOL } from '../../src/local/drift/genesis.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import {
  liquidatePerpPnlForDeposit,
  resolvePerpBankruptcy,
} from '../../src/local/drift/keeper-instructions.ts';
import type { Struct } from '../../src/local/drift/layout.ts';
import { tokenAccount, wrappedAccount } from '../../src/local/drift/tokens.ts';
import { checksIn, factsOf, sightingsIn } from '../support/heard-rows.ts';
import { noise } from '../support/noise.ts';
import { openStreet, type Street, unscheduled } from '../support/street.ts';
import { bendAccount } from '../support/venue-world.ts';

const isFinal = async ({ database }: Street, signature: string): Promise<void> => {
  const status = async () =>
    (await sightingsIn(database)).find((each) => each.signature === signature)?.status;
  await expect.poll(status).toBe('finalized');
};
const bendUser = ({ world }: Street, { agent }: Trader, change: (user: Struct) => void) =>
  bendAccount(world, 'User', userAddress(agent.publicKey, 0).toBase58(), change);

/** ana's account holds 10 SOL, no USDC, and has lost in a perp market; nothing is open. */
async function loser(loss: bigint) {
  const street = await openStreet({ settings: unscheduled() });
  const { driver, world } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  const liquidator = driver.createTrader({ deposit: 100_000_000_000n });
  const at = Keypair.generate().publicKey;
  world.cluster.put(
    at.toBase58(),
    wrappedAccount(WRAPPED_SOL, trader.agent.publicKey, 10_000_000_000n),
  );
  driver.send(
    [driver.instructions.deposit(trader, 10_000_000_000n, 1, at)],
    [driver.faucet, trader.agent],
  );
  bendUser(street, trader, (user) => {
    user.spotPositions[0].scaledBalance = 0n;
    Object.assign(user.perpPositions[0], { quoteAssetAmount: -loss, quoteBreakEvenAmount: -loss });
  });
  return { street, driver, trader, liquidator };
}
/** Waits until the account's state is compared, and is shown as one that facts do not explain. */
const isShown = async (street: Street, { agent }: Trader): Promise<void> => {
  const address = userAddress(agent.publicKey, 0).toBase58();
  const row = async () =>
    (await checksIn(street.database)).find((each) => each.address === address);
  await expect.poll(async () => (await row())?.difference ?? null).not.toBeNull();
  expect(await factsOf(street.database, 'reckoning')).toEqual([]);
  expect(await street.shares('ana')).toEqual([]);
  await street.verdict('ana', 'unknown');
};

test('a loss that a liquidator takes over behind a cut log is reckoned as no profit', async () => {
  const { street, driver, trader, liquidator } = await loser(1_450_000_000n);
  await using _ = street;
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  const landed = driver.send(
    [...noise, liquidatePerpPnlForDeposit(liquidator, trader, [0, 1], 500_000_000n)],
    [driver.faucet, liquidator.agent],
  );
  expect(landed.execution.logs).toContain('Log truncated');
  await isFinal(street, landed.signature);
  await isShown(street, trader);
});

test('a loss that a bankruptcy forgives behind a cut log is reckoned as no profit', async () => {
  const { street, driver, trader, liquidator } = await loser(77_000_000n);
  await using _ = street;
  const { world } = street;
  const vault = insuranceVaultAddress(0);
  world.cluster.put(vault.toBase58(), tokenAccount(USDC, DRIFT_SIGNER, 1_000_000_000_000n));
  bendAccount(world, 'SpotMarket', spotMarketAddress(0).toBase58(), (value) => {
    value.insuranceFund.vault = vault.toBase58();
  });
  bendUser(street, trader, (user) => {
    for (const position of user.spotPositions as Struct[]) position.scaledBalance = 0n;
    user.status = 2;
  });
  bendAccount(world, 'PerpMarket', perpMarketAddress(0).toBase58(), (market) => {
    Object.assign(market.insuranceClaim, {
      quoteMaxInsurance: 50_000_000n,
      maxRevenueWithdrawPerPeriod: 50_000_000n,
    });
    Object.assign(market.amm, {
      totalFeeMinusDistributions: 0n,
      baseAssetAmountLong: 1_000_000_000_000n,
      baseAssetAmountShort: -1_000_000_000_000n,
    });
  });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  const landed = driver.send(
    [...noise, resolvePerpBankruptcy(liquidator, trader, 0)],
    [driver.faucet, liquidator.agent],
  );
  expect(landed.execution.logs).toContain('Log truncated');
  await isFinal(street, landed.signature);
  await isShown(street, trader);
});

test('a profit behind a cut log is not hidden by a loss that its owner takes over as liquidator', async () => {
  // `trader` is a friend's account here, whose loss and SOL ana takes over: worth nothing to lose.
  const { street, driver, trader: friend } = await loser(1_450_000_000n);
  await using _ = street;
  const ana = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  await street.subscribe('ana', ana, Keypair.generate().publicKey);
  driver.trade(ana, 'long', 2_000_000_000n);
  driver.movePrice(0, 153_000_000n);
  await street.stop();
  const order = {
    direction: 'short',
    base: 2_000_000_000n,
    market: 0,
    limit: 1n,
    reduceOnly: true,
  } as const;
  const closed = driver.send(
    [...noise, driver.instructions.trade(ana, order)],
    [driver.faucet, ana.agent],
  );
  const taken = driver.send(
    [...noise, liquidatePerpPnlForDeposit(ana, friend, [0, 1], 6_000_000n)],
    [driver.faucet, ana.agent],
  );
  for (const each of [closed, taken]) expect(each.execution.logs).toContain('Log truncated');
  street.world.cluster.advance(FAST_CLUSTER.finalizedAfter);
  await street.restart();
  await isFinal(street, taken.signature);
  await isShown(street, ana);
});
