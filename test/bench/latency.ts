// Latency: from the POST of a webhook that tells of a runaway's withdrawal to the moment at which
// the gate client in an engine's process denies, with the real daemon, a real Postgres and a chain
// on sockets in between.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { Keypair } from '@solana/web3.js';
import { startApp } from '../../src/app.ts';
import { base58Text } from '../../src/core/ids.ts';
import { createGateClient } from '../../src/gate-client/client.ts';
import type { Landed } from '../../src/local/chain/cluster.ts';
import { encodeDelivery } from '../../src/local/chain/encode.ts';
import { openPostgres } from '../../src/local/postgres.ts';
import { serveWorld } from '../../src/local/world.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { loadSettings } from '../../src/system/settings.ts';

const RUNAWAYS = 120;
const say = (text: string): boolean => process.stdout.write(`${text}\n`);
const at = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;

/** Waits until `holds` is true; other work of the event loop goes on meanwhile. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

export async function benchLatency(): Promise<boolean> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-bench-'));
  const server = await openPostgres({ folder, clock, log });
  const base = loadSettings({});
  const world = await serveWorld({
    programFile: null,
    clock,
    heliusApiKey: 'x',
    cluster: { slotMs: 50 },
  });
  const secret = randomBytes(16).toString('hex');
  const app = await startApp(
    {
      ...base,
      http: { ...base.http, port: 0 },
      rpc: { ...base.rpc, url: world.chain.rpcUrl, wsUrl: world.chain.wsUrl },
      // The daemon hears by webhooks alone, because another source could be faster.
      watch: { ...base.watch, sources: ['webhooks'] },
      gate: { ...base.gate, lagMsMost: 3_600_000 },
      secrets: {
        ...base.secrets,
        databaseUrl: server.url,
        webhookSecrets: [secret],
        masterKey: new Uint8Array(32).fill(1),
      },
    },
    clock,
    log,
  );
  const ask = async (route: string, body: unknown, authorization = ''): Promise<void> => {
    const answer = await fetch(app.url + route, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${route}: ${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
  };
  const tell = (landed: Landed) => ask('/webhooks/helius', [encodeDelivery(landed)], secret);
  const confirmed = ({ slot }: Landed) => until(() => world.cluster.slot('confirmed') >= slot);
  const gate = createGateClient({ url: app.url });
  const took: number[] = [];
  try {
    await gate.ready();
    const { driver } = world;
    const out = Keypair.generate().publicKey;
    const creatorWallet = Keypair.generate().publicKey.toBase58();
    driver.giveUsdc(out, 1n);
    for (let n = 0; n < RUNAWAYS; n++) {
      const id = `r${n}`;
      const trader = driver.createTrader({ deposit: 1_000_000_000n });
      const { publicKey, secretKey } = trader.agent;
      await ask('/v1/subscribers', {
        id,
        agentWallet: publicKey.toBase58(),
        agentSecretKey: base58Text(secretKey),
        subAccountIds: [0],
      });
      await ask(`/v1/subscribers/${id}/subscriptions`, {
        id: `${id}-sub`,
        subAccountId: 0,
        creatorWallet,
        shareBps: 1_000,
      });
      driver.movePrice(0, 150_000_000n);
      driver.trade(trader, 'long', 1_000_000_000n);
      driver.movePrice(0, 160_000_000n);
      const close = driver.trade(trader, 'short', 1_000_000_000n, { reduceOnly: true });
      await confirmed(close);
      await tell(close);
      await until(() => (gate.decide(id, 'open').outstanding ?? 0n) > 0n);
      const fled = driver.withdrawTo(trader, out, 5_000_000n);
      await confirmed(fled);
      const startedMs = performance.now();
      void tell(fled);
      await until(() => gate.decide(id, 'open').verdict === 'deny');
      took.push(performance.now() - startedMs);
    }
  } finally {
    gate.close();
    await app.close();
    await world.close();
    await server.close();
    for (const gone of [folder, server.home]) rmSync(gone, { recursive: true, force: true });
  }
  const sorted = took.sort((one, other) => one - other);
  say(
    `\nFrom the webhook of a withdrawal to the denying client, ${RUNAWAYS} runaways, everything in one process`,
  );
  say(`  median ${at(sorted, 0.5).toFixed(1)} ms, p99 ${at(sorted, 0.99).toFixed(1)} ms`);
  return true;
}
