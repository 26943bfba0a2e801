// Helius: the local one, driven by the real helius-sdk through our registry.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { createWebhookRegistry } from '../../src/chain/helius.ts';
import type { Address } from '../../src/core/ids.ts';
import { serveHelius } from '../../src/local/helius.ts';
import { createWorld } from '../../src/local/world.ts';
import { silentLog } from '../../src/system/log.ts';
import { createManualClock } from '../support/clock.ts';

async function receiver(answer: () => number) {
  const got: { authorization: string | undefined; body: unknown }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      got.push({
        authorization: request.headers.authorization,
        body: JSON.parse(Buffer.concat(chunks).toString()),
      });
      response.writeHead(answer()).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    got,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

test('registers, merges, switches on again, delivers raw bodies, retries three times and gives up', async () => {
  const clock = createManualClock();
  const world = createWorld({ programFile: null, clock });
  const helius = await serveHelius(world.cluster, { apiKey: 'key', clock });
  let status = 200;
  let writes = 0;
  let edits = 0;
  let locked = false;
  const hook = await receiver(() => status);
  const registry = createWebhookRegistry({
    apiKey: 'key',
    apiUrl: helius.apiUrl,
    webhookUrl: hook.url,
    secret: 'Bearer s',
    alone(work) {
      writes++;
      if (!locked) return work();
      locked = false;
      return Promise.reject(new Error('the lock is gone'));
    },
    ids: null,
    log: silentLog,
    onEdit: () => void edits++,
  });
  const trader = world.driver.createTrader({ deposit: 1_000_000_000n });
  const wallet = trader.agent.publicKey.toBase58() as Address;
  const stranger = world.driver.faucet.publicKey.toBase58() as Address;
  await registry.ensure([stranger]);
  await registry.ensure([wallet]);
  await registry.ensure([wallet]);
  // It was created and changed once; what is complete is not written again.
  expect(edits).toBe(2);
  const [webhook] = [...helius.webhooks.values()];
  expect(helius.webhooks.size).toBe(1);
  expect(webhook).toMatchObject({
    webhookURL: hook.url,
    authHeader: 'Bearer s',
    webhookType: 'raw',
    transactionTypes: ['ANY'],
  });
  expect(webhook?.accountAddresses.sort()).toEqual([stranger, wallet].sort());
  const others = Array.from(
    { length: 9 },
    () => Keypair.generate().publicKey.toBase58() as Address,
  );
  locked = true;
  await expect(registry.ensure(others)).rejects.toThrow(/lock is gone/);
  writes = 0;
  await Promise.all(others.map((each) => registry.ensure([each])));
  expect(webhook?.accountAddresses).toHaveLength(2 + others.length);
  // One edit costs as much as any.
  expect(writes).toBeLessThanOrEqual(2);
  await registry.remove(others);
  await registry.remove([stranger]);
  expect(webhook?.accountAddresses).toEqual([wallet]);
  // A webhook must hold something.
  await registry.remove([wallet]);
  expect(webhook?.accountAddresses).toEqual([wallet]);
  if (webhook) webhook.active = false;
  edits = 0;
  await registry.ensure([]);
  expect(webhook?.active).toBe(true);
  expect(edits).toBe(1);

  world.cluster.advance(3);
  await helius.deliveriesEnded();
  hook.got.length = 0;
  const landed = world.driver.trade(trader, 'long', 1_000_000_000n);
  world.cluster.advance(2);
  await helius.deliveriesEnded();
  expect(hook.got).toHaveLength(1);
  expect(hook.got[0]?.authorization).toBe('Bearer s');
  const [entry] = (hook.got[0]?.body ?? []) as {
    slot: number;
    indexWithinBlock: number;
    transaction: { signatures: string[] };
    meta: { err: null; logMessages: string[] };
  }[];
  expect(entry).toMatchObject({
    slot: landed.slot,
    indexWithinBlock: 0,
    transaction: { signatures: [landed.signature, expect.any(String)] },
    meta: { err: null },
  });

  status = 500;
  hook.got.length = 0;
  world.driver.trade(trader, 'short', 100_000_000n);
  world.cluster.advance(2);
  await helius.deliveriesEnded();
  expect(hook.got).toHaveLength(4);
  await expect(
    createWebhookRegistry({
      apiKey: 'wrong',
      apiUrl: helius.apiUrl,
      webhookUrl: hook.url,
      secret: 's',
      alone: (work) => work(),
      ids: null,
      log: silentLog,
    }).ensure([wallet]),
  ).rejects.toMatchObject({ code: 'helius_key_rejected' });
  await helius.close();
  await hook.close();
});
