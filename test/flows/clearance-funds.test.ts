// Clearance funds: a clearance covers an outflow only as far as enough stays behind for the debts
// that were made since it was asked for.
import {
  createAssociatedTokenAccountIdempotentInstruction,
  getAssociatedTokenAddressSync,
} from '@solana/spl-token';
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { USDC } from '../../src/local/drift/addresses.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { asking } from '../support/ask.ts';
import { askClearance, nodeThatActs } from '../support/clearing.ts';
import { takeUnderHedge } from '../support/hedge.ts';
import { openStreet } from '../support/street.ts';

test('a clearance lets out nothing that the loss of another own position took from the share of a win', async () => {
  await using street = await openStreet();
  const { fled, share } = await takeUnderHedge(street, 'sub-account');
  const { outstanding, evidence } = await street.standing('ana', 'delinquent');
  expect([outstanding, evidence?.signature]).toEqual([share.amount, fled]);
});

test('a clearance to close ends with a trade between its readings and its grant, at the place of the trade', async () => {
  let ana: Trader | null = null;
  let opened: string | null = null;
  await using node = await nodeThatActs(
    () => ana,
    () => {
      if (ana !== null) opened = street.driver.trade(ana, 'long', 10_000_000_000n).signature;
    },
  );
  await using street = await openStreet({ settings: node.settings });
  const { driver } = street;
  // Without SOL, so that nothing is paid in between.
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  await street.verdict('ana', 'allow');
  driver.movePrice(0, 150_000_000n);
  ana = trader;
  expect(await askClearance(street, { purpose: 'close' })).toMatchObject({ status: 'cleared' });
  expect(opened).not.toBe(null);
  driver.movePrice(0, 165_000_000n);
  const friend = Keypair.generate().publicKey;
  const to = getAssociatedTokenAddressSync(USDC, friend);
  const opening = createAssociatedTokenAccountIdempotentInstruction;
  driver.send([opening(driver.faucet.publicKey, to, friend, USDC)], [driver.faucet]);
  const { trade, settlePnl, withdraw } = driver.instructions;
  const ending = { direction: 'short', base: 10_000_000_000n, market: 0 } as const;
  const fled = driver.send(
    [
      trade(trader, { ...ending, reduceOnly: true, limit: 1n }),
      settlePnl(trader, 0),
      withdraw(trader, to, 1_140_000_000n),
    ],
    [driver.faucet, trader.agent],
  );
  expect(fled.execution.error).toBe(null);
  const { evidence } = await street.standing('ana', 'delinquent');
  expect(evidence?.signature).toBe(fled.signature);
});

test('nothing is cleared for a subscriber that has left', async () => {
  await using street = await openStreet();
  const ask = asking(() => street.app().url);
  const trader = street.driver.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  await street.verdict('ana', 'allow');
  await expect.poll(async () => (await ask('DELETE', '/v1/subscribers/ana')).status).toBe(204);
  const close = { purpose: 'close' };
  expect((await street.post('/v1/subscribers/ana/clearances', close)).status).toBe(404);
});
