// Strangers' rewards: a fill of a stranger pays a reward to a referrer, and names the account of a
// debtor beside the referrer's. It lessens no profit that the debtor made behind a cut log.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { FAST_CLUSTER } from '../../src/local/chain/cluster.ts';
import { STATE, userAddress, userStatsAddress } from '../../src/local/drift/addresses.ts';
import { meta, type Trader } from '../../src/local/drift/instructions.ts';
import type { Struct } from '../../src/local/drift/layout.ts';
import { DRIFT_V2 } from '../../src/venue/drift-v2/venue.ts';
import { factsOf } from '../support/heard-rows.ts';
import { CLOSE, rise } from '../support/leaving-trader.ts';
import { noise } from '../support/noise.ts';
import { openStreet } from '../support/street.ts';
import { bendAccount } from '../support/venue-world.ts';

test('a referral reward of another account lessens no profit behind a cut log', async () => {
  const sponsor = Keypair.generate();
  await using street = await openStreet({ sponsor });
  const { driver, world } = street;
  driver.giveSol(sponsor.publicKey, 10_000_000_000n);
  const ana = driver.createTrader({ deposit: 1_000_000_000n });
  const friend = driver.createTrader({ deposit: 1_000_000_000n });
  const { instructions } = driver;
  const taker = Keypair.generate();
  driver.giveUsdc(taker.publicKey, 1_000_000_000_000n);
  const { faucet } = driver;
  driver.send(
    [
      instructions.initializeUserStats(taker.publicKey, faucet.publicKey),
      instructions.initializeUser(taker.publicKey, faucet.publicKey, 0, friend.agent.publicKey),
      instructions.deposit({ agent: taker, subAccountId: 0 }, 1_000_000_000_000n),
    ],
    [faucet, taker],
  );
  bendAccount(world, 'State', STATE.toBase58(), ({ perpFeeStructure }) => {
    for (const tier of perpFeeStructure.feeTiers as Struct[])
      Object.assign(tier, { referrerRewardNumerator: 15_000, refereeFeeNumerator: 5_000 });
  });
  world.cluster.advance(FAST_CLUSTER.finalizedAfter + 2);
  const creator = Keypair.generate().publicKey;
  await street.subscribe('ana', ana, creator);
  rise(street, ana);
  await street.stop();
  const landed = driver.send([...noise, instructions.trade(ana, CLOSE)], [faucet, ana.agent]);
  expect(landed.execution.logs).toContain('Log truncated');
  const at = { agent: taker, subAccountId: 0 };
  const bought = instructions.trade(at, {
    direction: 'long',
    base: 2_000_000_000_000n,
    market: 0,
    limit: 10n ** 15n,
    reduceOnly: false,
    makers: [friend],
  });
  for (const key of [userAddress(ana.agent.publicKey, 0), userStatsAddress(ana.agent.publicKey)])
    bought.keys.push(meta(key, true));
  const named = driver.send([bought], [faucet, taker]);
  expect(named.execution.error).toBeNull();
  const rewarded = ({ agent }: Trader): bigint => {
    const stats = world.cluster.bank.get(userStatsAddress(agent.publicKey).toBase58());
    return stats === null ? -1n : DRIFT_V2.accounts.referrerRewards(stats.data);
  };
  expect([rewarded(ana), rewarded(friend) > 30_000_000n]).toEqual([0n, true]);
  world.cluster.advance(FAST_CLUSTER.finalizedAfter);
  await street.restart();
  // Two SOL bought at 150 and sold at 165, less the fees of both trades.
  const share = await street.share('ana', (each) => each.status === 'paid');
  expect(share.close.signature).toBe(landed.signature);
  expect(BigInt(share.amount)).toBeGreaterThan(2_900_000n);
  const tallies = (await factsOf(street.database, 'tally')).map(({ body }) => body.perhaps ?? []);
  // The reward, which is more than the profit, is open for the account that the fill named.
  expect(tallies.flat().some((each) => each > 30_000_000n)).toBe(true);
});
