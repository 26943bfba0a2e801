// Outage: Postgres or RPC goes away under a running daemon and comes back. Nothing is lost, nothing is made up, and
// the gate says when it cannot vouch for its answer.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { openProxy } from '../support/proxy.ts';
import { openStreet, profitableClose } from '../support/street.ts';

const PATIENCE = { timeout: 30_000 };

test('Postgres gone: webhooks are answered 503, and what happened meanwhile is paid once it is back', async () => {
  let slam = (): void => {};
  let open = (): void => {};
  let close = async (): Promise<void> => {};
  const street = await openStreet({
    async settings(given) {
      const url = new URL(given.secrets.databaseUrl ?? '');
      const proxy = await openProxy(Number(url.port));
      ({ slam, open, close } = proxy);
      url.port = String(proxy.port);
      return { ...given, secrets: { ...given.secrets, databaseUrl: url.href } };
    },
  });
  const { driver } = street;
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  await street.subscribe('ana', trader, creator);
  const deliver = () =>
    fetch(`${street.app().url}/webhooks/helius`, {
      method: 'POST',
      headers: { authorization: street.secret },
      body: '[]',
    });
  expect((await deliver()).status).toBe(200);
  slam();
  expect((await deliver()).status).toBe(503);
  const health = await fetch(`${street.app().url}/health/ready`);
  expect(health.status).toBe(503);
  expect(((await health.json()) as { reasons: string[] }).reasons).toContain(
    'Postgres does not answer',
  );
  profitableClose(driver, trader);
  open();
  const share = await street.share('ana', (each) => each.status === 'paid');
  expect(driver.usdcOf(creator)).toBe(BigInt(share.amount));
  await expect.poll(async () => (await deliver()).status, PATIENCE).toBe(200);
  // The verdict reaches the roster too, although the connection that listens was cut.
  await expect.poll(async () => (await street.gate('ana')).outstanding, PATIENCE).toBe('0');
  await street[Symbol.asyncDispose]();
  await close();
});

test('RPC gone: the gate says unknown, a payment on its way is neither repeated nor given up', async () => {
  let slam = (): void => {};
  let open = (): void => {};
  let close = async (): Promise<void> => {};
  const street = await openStreet({
    async settings(given) {
      const proxy = await openProxy(Number(new URL(given.rpc.url ?? '').port));
      ({ slam, open, close } = proxy);
      return {
        ...given,
        rpc: { ...given.rpc, url: `http://127.0.0.1:${proxy.port}` },
        gate: { ...given.gate, staleAfterMs: 1_500, failOpen: false },
      };
    },
  });
  const { driver, database } = street;
  const creator = Keypair.generate().publicKey;
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
  await street.subscribe('ana', trader, creator);
  street.world.mischief.swallowSends = 1;
  profitableClose(driver, trader);
  await expect
    .poll(
      async () => (await database.sql`select 1 from payment where state = 'sent'`).length,
      PATIENCE,
    )
    .toBe(1);
  slam();
  await expect.poll(async () => (await street.gate('ana')).verdict, PATIENCE).toBe('unknown');
  expect(await street.gate('ana')).toMatchObject({ allow: false, stale: true });
  expect((await street.gate('ana', 'close')).allow).toBe(true);
  expect((await database.sql`select state from payment`).map((row) => row.state)).toEqual(['sent']);
  open();
  const share = await street.share('ana', (each) => each.status === 'paid');
  expect(driver.usdcOf(creator)).toBe(BigInt(share.amount));
  await expect.poll(async () => (await street.gate('ana')).verdict, PATIENCE).toBe('allow');
  await street[Symbol.asyncDispose]();
  await close();
});
