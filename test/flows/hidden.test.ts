// Hidden: a close behind a cut log, judged by a whole daemon from the chain.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { FAST_CLUSTER } from '../../src/local/chain/cluster.ts';
import { instructions as atVelocity } from '../../src/local/velocity/instructions.ts';
import { asking } from '../support/ask.ts';
import { noise } from '../support/noise.ts';
import { openStreet } from '../support/street.ts';

test.each([
  ['', 0],
  [', also with two more orders behind cut logs after it', 2],
])('value that leaves after a hidden close is a runaway%s', async (_, more) => {
  await using street = await openStreet();
  const { driver } = street;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  driver.movePrice(0, 150_000_000n);
  driver.trade(trader, 'long', 2_000_000_000n);
  driver.movePrice(0, 165_000_000n);
  const hidden = (direction: 'long' | 'short', base: bigint, reduceOnly: boolean) => {
    const limit = direction === 'long' ? 10n ** 15n : 1n;
    const order = { direction, base, market: 0, limit, reduceOnly };
    const asked = [...noise, driver.instructions.trade(trader, order)];
    const landed = driver.send(asked, [driver.faucet, trader.agent]);
    expect(landed.execution.logs).toContain('Log truncated');
    return landed;
  };
  // While the daemon is stopped, all of it becomes final: the next check finds all of it at once.
  await street.stop();
  const close = hidden('short', 2_000_000_000n, true);
  const left = driver.withdrawTo(trader, Keypair.generate().publicKey, 500_000_000n);
  const later = Array.from({ length: more }, () => hidden('long', 100_000_000n, false));
  street.world.cluster.advance(FAST_CLUSTER.finalizedAfter);
  await street.restart();
  expect(await street.standing('ana', 'delinquent')).toMatchObject({
    reason: expect.stringContaining(`in slot ${left.slot}`),
  });
  // The reckoning is booked at the last transaction that may have made the profit.
  const share = await street.share('ana', (each) => each.amount !== '0');
  expect(share.close.slot).toBe((later.at(-1) ?? close).slot);
});

test('a profit that a friend got by a fill far off the price, behind a cut log, is a suspicion', async () => {
  await using street = await openStreet({
    venues: ['velocity'],
    settings: ({ gate, ...settings }) => ({
      ...settings,
      gate: { ...gate, suspicions: { ...gate.suspicions, amountMost: '50000000' } },
    }),
  });
  const { people: driver } = street;
  const [ana, friend] = [2_000_000_000n, 10_000_000_000n].map((deposit) =>
    driver.createTrader({ deposit, lamports: 1_000_000_000n }),
  );
  if (ana === undefined || friend === undefined) throw new Error('unreachable');
  await street.subscribe('ana', ana, Keypair.generate().publicKey, 1_000, {}, 'velocity');
  const base = 10_000_000_000n;
  driver.movePrice(0, 150_000_000n);
  driver.trade(ana, 'long', base);
  driver.movePrice(0, 156_000_000n);
  const { faucet } = driver;
  const price = 150_100_000n;
  driver.send([atVelocity.make(friend, 'long', base, price)], [faucet, friend.agent]);
  const order = { direction: 'short', base, price, reduceOnly: true } as const;
  const taken = atVelocity.take(ana, friend, order);
  const landed = driver.send([...noise, taken], [faucet, ana.agent]);
  expect(landed.execution.logs).toContain('Log truncated');
  const ask = asking(() => street.app().url);
  const suspicions = async () => (await ask('GET', '/v1/hearing/suspicions')).body.suspicions;
  // 59 USDT of the profit, and the fee of the close.
  await expect
    .poll(suspicions)
    .toMatchObject([{ kinds: ['off_price_fill'], amount: expect.stringMatching(/^59\d{6}$/) }]);
});
