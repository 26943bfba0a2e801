// Clear: a platform asks before it withdraws. What is owed is paid at once, or the answer says why not.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { openStreet, profitableClose } from '../support/street.ts';

test('pays what is owed, clears, and the withdrawal that follows makes no runaway', async () => {
  const sponsor = Keypair.generate();
  await using street = await openStreet({ sponsor });
  const { driver } = street;
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 1_000_000_000n });
  await street.subscribe('ana', trader, creator);
  const ask = (body: unknown) => street.post('/v1/subscribers/ana/clearances', body);
  profitableClose(driver, trader);
  const waiting = await street.share('ana', (each) => each.reason?.code === 'sponsor_needs_sol');

  const blocked = await ask({ purpose: 'withdraw', amount: '400000000' });
  expect(blocked).toMatchObject({
    status: 200,
    body: { status: 'blocked', outstanding: waiting.amount },
  });
  expect(blocked.body.reason).toMatch(/You owe .* USDC .*Add SOL/);

  driver.giveSol(sponsor.publicKey, 1_000_000_000n);
  const cleared = await ask({ purpose: 'withdraw', amount: '400000000' });
  expect(cleared).toMatchObject({ status: 201, body: { status: 'cleared', amount: '400000000' } });
  expect(driver.usdcOf(creator)).toBe(BigInt(waiting.amount));

  // A close in between makes a debt; the cleared withdrawal is none the less as agreed. One more is not.
  street.world.mischief.swallowSends = 1_000_000;
  profitableClose(driver, trader);
  await street.share('ana', (each) => each.id !== waiting.id);
  const agreed = driver.withdrawTo(trader, Keypair.generate().publicKey, 400_000_000n);
  const finalized = (signature: string) => async () =>
    (
      await street.database
        .sql`select 1 from fact where signature = ${signature} and kind = 'outflow' and finality = 'finalized'`
    ).length;
  await expect.poll(finalized(agreed.signature), { timeout: 20_000 }).toBe(1);
  expect((await street.gate('ana')).standing).toBe('good');
  const more = driver.withdrawTo(trader, Keypair.generate().publicKey, 1_000_000n);
  expect((await street.standing('ana', 'delinquent')).evidence?.signature).toBe(more.signature);
});

test('wrong questions are answered as such', async () => {
  await using street = await openStreet({ webhooks: false });
  const trader = street.driver.createTrader({ deposit: 1_000_000n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  const ask = async (id: string, body: unknown) =>
    (await street.post(`/v1/subscribers/${id}/clearances`, body)).status;
  expect(await ask('nobody', { purpose: 'close' })).toBe(404);
  expect(await ask('ana', { purpose: 'withdraw' })).toBe(400);
  expect(await ask('ana', { purpose: 'withdraw', amount: '0' })).toBe(400);
  expect(await ask('ana', { purpose: 'withdraw', amount: '1.5' })).toBe(400);
  expect(await ask('ana', { purpose: 'close', amount: '5' })).toBe(400);
  expect(await ask('ana', { purpose: 'dance' })).toBe(400);
  expect(await ask('ana', { purpose: 'close' })).toBe(201);
});
