// Own daemon: the real daemon in a process of its own, with a Postgres, a local chain and a local
// Helius around it. For measurements that last minutes.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { PublicKey } from '@solana/web3.js';
import { base58Text } from '../../src/core/ids.ts';
import type { Trader } from '../../src/local/drift/instructions.ts';
import { freePort } from '../../src/local/free-port.ts';
import { openPostgres } from '../../src/local/postgres.ts';
import { type ServedWorld, serveWorld } from '../../src/local/world.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { processEnvironment } from '../../src/system/settings.ts';

export type OwnDaemon = {
  readonly world: ServedWorld;
  /** The URL of Postgres itself, even where the daemon is given the URL of a proxy. */
  readonly databaseUrl: string;
  readonly port: number;
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly secret: string;
  /** Starts the process and waits until it is ready. */
  start(): Promise<void>;
  /** Ends the process by a signal; tells its exit code and how long it took. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; ms: number }>;
  isAlive(): boolean;
  /** Resident memory in MiB. */
  rss(): number;
  descriptors(): number;
  /** Milliseconds for which its event loop has been ready to run and waited for a core. */
  waitedMs(): number;
  ask(route: string, init?: RequestInit): Promise<Response>;
  subscribe(id: string, trader: Trader, creator: PublicKey): Promise<void>;
  close(): Promise<void>;
};

const never = new AbortController().signal;
const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));

export async function openOwnDaemon(
  config: object,
  options: {
    slotMs?: number;
    /** The proxies between the daemon and Postgres, and between the daemon and its node, by URL. */
    between?: (urls: { database: string; rpc: string }) => Promise<{
      database: string;
      rpc: string;
    }>;
  } = {},
): Promise<OwnDaemon> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-own-'));
  const postgres = await openPostgres({ folder, clock, log });
  const heliusApiKey = base58Text(random(8));
  const world = await serveWorld({
    programFile: null,
    clock,
    heliusApiKey,
    cluster: { slotMs: options.slotMs ?? 100 },
  });
  const file = path.join(folder, 'config.json');
  writeFileSync(file, JSON.stringify(config));
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const [key, secret] = [base58Text(random(32)), base58Text(random(32))];
  const own = { database: postgres.url, rpc: world.chain.rpcUrl };
  const urls = (await options.between?.(own)) ?? own;
  const env = {
    ...Object.fromEntries(
      Object.entries(processEnvironment()).filter(([name]) => !name.startsWith('BAILIFF_TEST_')),
    ),
    BAILIFF_NETWORK: 'local',
    BAILIFF_CONFIG: file,
    BAILIFF_DRIFT_PROGRAM: '/nonexistent',
    BAILIFF_HTTP_PORT: String(port),
    BAILIFF_LOG_LEVEL: 'error',
    BAILIFF_RPC_URL: urls.rpc,
    BAILIFF_RPC_WS_URL: world.chain.wsUrl,
    BAILIFF_HELIUS_API_URL: world.helius.apiUrl,
    BAILIFF_HELIUS_API_KEY: heliusApiKey,
    BAILIFF_WEBHOOK_SECRETS: secret,
    BAILIFF_API_KEYS: key,
    BAILIFF_MASTER_KEY: Buffer.from(random(32)).toString('base64'),
    DATABASE_URL: urls.database,
  };
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  let daemon: ChildProcess | null = null;
  const ask = (route: string, init: RequestInit = {}): Promise<Response> =>
    fetch(base + route, { headers, ...init });
  const isAlive = (): boolean =>
    daemon !== null && daemon.exitCode === null && daemon.signalCode === null;
  const post = async (route: string, body: unknown): Promise<void> => {
    const answer = await ask(route, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${route}: ${await answer.text()}`);
  };
  const end = async (signal: NodeJS.Signals) => {
    const since = performance.now();
    if (daemon === null || !isAlive()) return { code: daemon?.exitCode ?? null, ms: 0 };
    const ended = once(daemon, 'exit');
    daemon.kill(signal);
    const [code] = (await ended) as [number | null];
    return { code, ms: Math.round(performance.now() - since) };
  };
  return {
    world,
    databaseUrl: postgres.url,
    port,
    base,
    headers,
    secret,
    async start() {
      const main = path.join(import.meta.dirname, '../../src/main.ts');
      daemon = spawn(process.execPath, [main, 'start'], {
        stdio: ['ignore', 'ignore', 'inherit'],
        env,
      });
      const isReady = () =>
        ask('/health/ready').then(
          ({ ok }) => ok,
          () => false,
        );
      while (!(await isReady())) {
        if (!isAlive()) throw new Error(`the daemon ended with ${daemon.exitCode}`);
        await clock.sleep(100, never);
      }
    },
    end,
    isAlive,
    rss() {
      const status = readFileSync(`/proc/${daemon?.pid}/status`, 'utf8');
      return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1_024);
    },
    descriptors: () => readdirSync(`/proc/${daemon?.pid}/fd`).length,
    waitedMs() {
      // The second number of schedstat: nanoseconds on the run queue of the main thread.
      const waited = readFileSync(`/proc/${daemon?.pid}/schedstat`, 'utf8').split(' ')[1];
      return Math.round(Number(waited) / 1_000_000);
    },
    ask,
    async subscribe(id, { agent }, creator) {
      await post('/v1/subscribers', {
        id,
        agentWallet: agent.publicKey.toBase58(),
        agentSecretKey: base58Text(agent.secretKey),
        subAccountIds: [0],
      });
      await post(`/v1/subscribers/${id}/subscriptions`, {
        id: `${id}-sub`,
        subAccountId: 0,
        creatorWallet: creator.toBase58(),
        shareBps: 1_000,
      });
    },
    async close() {
      await end('SIGKILL');
      await world.close();
      await postgres.close();
      for (const each of [folder, postgres.home]) rmSync(each, { recursive: true, force: true });
    },
  };
}
