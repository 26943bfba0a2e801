// Hedge: a subscriber wins in the copied sub-account what it loses elsewhere, and takes the rest
// under a clearance that was granted while both positions were open.
import { Keypair } from '@solana/web3.js';
import { expect } from 'vitest';
import { askClearance } from './clearing.ts';
import { aSlotLater, type Street } from './street.ts';
import { depositAt, openSubAccount } from './trades.ts';

const BASE = 20_000_000_000n;
/** Plays it. Returns the signature of the withdrawal that leaves nothing, and the share. */
export async function takeUnderHedge(street: Street, where: 'sub-account' | 'market') {
  const { driver } = street;
  const ana = driver.createTrader({ deposit: 1_000_000_000n, lamports: 1_000_000_000n });
  const own = openSubAccount(driver, ana, 1);
  driver.giveUsdc(ana.agent.publicKey, 1_000_000_000n);
  depositAt(driver, own, 1_000_000_000n);
  await street.subscribe('ana', ana, Keypair.generate().publicKey);
  const agentWallet = ana.agent.publicKey.toBase58();
  const both = { id: 'ana', agentWallet, subAccountIds: [0, 1] };
  expect((await street.post('/v1/subscribers', both)).status).toBeLessThan(300);
  aSlotLater(street);
  driver.movePrice(0, 150_000_000n);
  driver.movePrice(1, 90_000_000_000n);
  driver.trade(ana, 'long', BASE);
  const [by, market, base] =
    where === 'market' ? ([ana, 1, 40_000_000n] as const) : ([own, 0, BASE] as const);
  driver.trade(by, 'short', base, { market });
  driver.movePrice(0, 165_000_000n);
  driver.movePrice(1, 99_000_000_000n);
  await street.verdict('ana', 'allow');
  const amount = driver.depositOf(ana) + driver.depositOf(own);
  const cleared = await askClearance(street, { purpose: 'withdraw', amount: `${amount}` });
  expect(cleared).toMatchObject({ status: 'cleared' });
  driver.trade(ana, 'short', BASE, { reduceOnly: true });
  driver.trade(by, 'long', base, { market, reduceOnly: true });
  const { settlePnl } = driver.instructions;
  driver.send([settlePnl(ana, 0)], [driver.faucet, ana.agent]);
  driver.send([settlePnl(by, market)], [driver.faucet, ana.agent]);
  const friend = Keypair.generate().publicKey;
  const fled = [ana, own].map((each) => driver.withdrawTo(each, friend, driver.depositOf(each)));
  return { fled: fled[1]?.signature, share: await street.share('ana', () => true) };
}
