// Clearance funds, long: further ways in which a deposit left without using up its clearance.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { asking } from '../support/ask.ts';
import { askClearance, comeBackAndWin, nodeThatActs } from '../support/clearing.ts';
import { takeUnderHedge } from '../support/hedge.ts';
import { openStreet, type Street } from '../support/street.ts';

const ALL = { purpose: 'withdraw', amount: '1000000000' };
/** The last withdrawal makes a runaway. */
async function expectRunaway(street: Street, fled: string) {
  const { outstanding, evidence } = await street.standing('ana', 'delinquent');
  const share = await street.share('ana', () => true);
  expect([outstanding, evidence?.signature]).toEqual([share.amount, fled]);
}

test('a loss in another market of the same account', async () => {
  await using street = await openStreet();
  const { fled, share } = await takeUnderHedge(street, 'market');
  const { outstanding, evidence } = await street.standing('ana', 'delinquent');
  expect([outstanding, evidence?.signature]).toEqual([share.amount, fled]);
});

test('the deposit goes to a recipient of the terms and comes back', async () => {
  await using street = await openStreet();
  const { driver } = street;
  const ana = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  const friend = Keypair.generate().publicKey;
  const splits = [{ wallet: friend.toBase58(), shareBps: 100, label: 'referrer' }];
  await street.subscribe('ana', ana, Keypair.generate().publicKey, 1_000, { splits });
  await street.verdict('ana', 'allow');
  expect(await askClearance(street, ALL)).toMatchObject({ status: 'cleared' });
  driver.withdrawTo(ana, friend, 1_000_000_000n);
  street.world.cluster.advance(20);
  const fled = comeBackAndWin(street, ana, Keypair.generate().publicKey);
  const { evidence } = await street.standing('ana', 'delinquent');
  expect(evidence?.signature).toBe(fled);
});

test('the deposit leaves while the subscriber is not registered', async () => {
  await using street = await openStreet();
  const { driver } = street;
  const ask = asking(() => street.app().url);
  const creator = Keypair.generate().publicKey;
  const ana = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  await street.subscribe('ana', ana, creator);
  await street.verdict('ana', 'allow');
  expect(await askClearance(street, ALL)).toMatchObject({ status: 'cleared' });
  await expect.poll(async () => (await ask('DELETE', '/v1/subscribers/ana')).status).toBe(204);
  const friend = Keypair.generate().publicKey;
  driver.withdrawTo(ana, friend, 1_000_000_000n);
  street.world.cluster.advance(20);
  await street.subscribe('ana', ana, creator);
  await expectRunaway(street, comeBackAndWin(street, ana, friend));
});

test('the deposit leaves between the readings and the grant', async () => {
  let ana: Trader | null = null;
  let taken: string | null = null;
  const friend = Keypair.generate().publicKey;
  await using node = await nodeThatActs(
    () => ana,
    () => {
      if (ana === null) return;
      taken = street.driver.withdrawTo(ana, friend, 1_000_000_000n).signature;
    },
  );
  await using street = await openStreet({ settings: node.settings });
  // Without SOL, so that nothing is paid in between.
  const trader = street.driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  await street.verdict('ana', 'allow');
  ana = trader;
  expect(await askClearance(street, ALL)).toMatchObject({ status: 'cleared' });
  expect(taken).not.toBe(null);
  await expectRunaway(street, comeBackAndWin(street, trader, friend));
});
