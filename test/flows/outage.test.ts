// Outage: Postgres or RPC goes away under a running daemon and comes back. Nothing is lost, nothing
// is made up, and the gate says when it cannot vouch for its answer.
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { refuseWrites } from '../support/damage.ts';
import { LONG } from '../support/long.ts';
import { openProxy } from '../support/proxy.ts';
import { paymentsIn } from '../support/rows.ts';
import { openStreet, profitableClose } from '../support/street.ts';

test('Postgres gone: webhooks are answered 503, and what happened meanwhile is paid once it is back', async () => {
  let slam = (): void => {};
  let open = (): void => {};
  let close = async (): Promise<void> => {};
  // Disposed after the street, whose daemon must end over a proxy that still passes.
  await using _proxy = { [Symbol.asyncDispose]: () => close() };
  await using street = await openStreet({
    async settings(given) {
      const url = new URL(given.secrets.databaseUrl ?? '');
      const proxy = await openProxy(Number(url.port));
      ({ slam, open, close } = proxy);
      url.port = String(proxy.port);
      return {
        ...given,
        http: { ...given.http, webhookAnswerMs: 1_000 },
        gate: { ...given.gate, staleAfterMs: 1_500, failOpen: false },
        secrets: { ...given.secrets, databaseUrl: url.href },
      };
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
  const delivered = async () => (await deliver()).status;
  await expect.poll(delivered).toBe(200);
  slam();
  expect(await delivered()).toBe(503);
  await expect
    .poll(() => street.gate('ana'))
    .toMatchObject({
      verdict: 'unknown',
      reason: expect.stringMatching(/^The ledger has taken no write for/),
    });
  const ready = async () => (await fetch(`${street.app().url}/health/ready`)).status;
  await expect.poll(ready).toBe(503);
  expect((await street.post('/v1/shares/none/retry', {})).body.title).toBe('ledger_unavailable');
  profitableClose(driver, trader);
  open();
  const share = await street.share('ana', (each) => each.status === 'paid');
  expect(driver.usdcOf(creator)).toBe(BigInt(share.amount));
  await expect.poll(delivered).toBe(200);
  // The verdict reaches the roster too, although the connection that listens was cut.
  await expect.poll(async () => (await street.gate('ana')).outstanding).toBe('0');
});

test.runIf(LONG)(
  'Postgres hangs or takes no writes: webhooks and the API are answered 503, the gate says unknown, metrics and health from memory',
  async () => {
    let door: Awaited<ReturnType<typeof openProxy>> | null = null;
    await using _door = { [Symbol.asyncDispose]: async () => door?.close() };
    await using street = await openStreet({
      async settings(given) {
        const url = new URL(given.secrets.databaseUrl ?? '');
        door = await openProxy(Number(url.port));
        url.port = String(door.port);
        return {
          ...given,
          http: { ...given.http, webhookAnswerMs: 500, answerMs: 5_000 },
          gate: { ...given.gate, staleAfterMs: 1_500, failOpen: false },
          secrets: { ...given.secrets, databaseUrl: url.href },
        };
      },
    });
    const { driver, database } = street;
    const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 50_000_000n });
    await street.subscribe('ana', trader, Keypair.generate().publicKey);
    const base = street.app().url;
    const verdict = async () => (await street.gate('ana')).verdict;
    const deliver = async () =>
      (
        await fetch(`${base}/webhooks/helius`, {
          method: 'POST',
          headers: { authorization: street.secret },
          body: '[]',
        })
      ).status;
    await expect.poll(verdict).toBe('allow');
    door!.freeze();
    expect(await deliver()).toBe(503);
    await expect.poll(verdict).toBe('unknown');
    const asked = await fetch(`${base}/v1/shares`);
    expect([asked.status, ((await asked.json()) as { title: string }).title]).toEqual([
      503,
      'ledger_unavailable',
    ]);
    const metrics = await fetch(`${base}/metrics`);
    expect(metrics.status).toBe(200);
    expect(await metrics.text()).toContain('bailiff_sample_age_seconds{gauge="bailiff_debts"}');
    await expect.poll(async () => (await fetch(`${base}/health/ready`)).status).toBe(503);
    expect((await fetch(`${base}/health/live`)).status).toBe(200);
    door!.thaw();
    await expect.poll(verdict).toBe('allow');
    await expect.poll(deliver).toBe(200);

    // Every byte is lost, and the connections that were open never work again.
    door!.lose();
    expect(await deliver()).toBe(503);
    await expect.poll(verdict).toBe('unknown');
    door!.find();
    await expect.poll(verdict).toBe('allow');
    await expect.poll(deliver).toBe(200);

    // A standby, or a full disk: everything can be read and nothing written.
    const allowWrites = await refuseWrites(database.sql, database.url);
    const cut = () => {
      door!.slam();
      door!.open();
    };
    cut();
    await expect.poll(verdict).toBe('unknown');
    expect(await deliver()).toBe(503);
    await allowWrites();
    cut();
    await expect.poll(verdict).toBe('allow');
  },
);

test('RPC gone: the gate says unknown, a payment on its way is neither repeated nor given up', async () => {
  let slam = (): void => {};
  let open = (): void => {};
  let close = async (): Promise<void> => {};
  // Disposed after the street, whose daemon must end over a proxy that still passes.
  await using _proxy = { [Symbol.asyncDispose]: () => close() };
  await using street = await openStreet({
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
  street.world.mischief.swallowSends = 1_000_000;
  profitableClose(driver, trader);
  const states = async () => (await paymentsIn(database)).map(({ state }) => state);
  await expect.poll(states).toEqual(['sent']);
  slam();
  expect(await street.verdict('ana', 'unknown')).toMatchObject({ allow: false, stale: true });
  await expect.poll(async () => (await street.gate('ana', 'close')).allow).toBe(true);
  expect(await states()).toEqual(['sent']);
  street.world.mischief.swallowSends = 0;
  open();
  const share = await street.share('ana', (each) => each.status === 'paid');
  expect(driver.usdcOf(creator)).toBe(BigInt(share.amount));
  await expect.poll(async () => (await street.gate('ana')).verdict).toBe('allow');
});
