// Burst: a creator closes once, and all copiers close in the same second. The real daemon runs in a
// process of its own, the chain in another, and RPC answers with a fixed latency up to a fixed
// rate. Prints the time to the first and the last payment, calls and credits per close, CPU of the
// daemon per payment, and beside them the least time that the node's rate allows for the calls
// made.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Keypair } from '@solana/web3.js';
import postgres from 'postgres';
import { base58Text } from '../../src/core/ids.ts';
import { startDaemon } from '../../src/local/daemon.ts';
import { openPostgres } from '../../src/local/postgres.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { silentLog as log } from '../../src/system/log.ts';
import type { Answer, Order, Ready } from './burst-world.ts';

export type BurstCase = {
  readonly closes: number;
  readonly latencyMs: number;
  readonly perSecond: number;
  /** Transactions of a stranger that name one subscriber, sent together with the closes. */
  readonly flood: number;
};
const CASES: readonly BurstCase[] = [
  { closes: 200, latencyMs: 20, perSecond: 200, flood: 0 },
  { closes: 200, latencyMs: 20, perSecond: 1_000, flood: 0 },
  { closes: 200, latencyMs: 60, perSecond: 1_000, flood: 5_000 },
  { closes: 2_000, latencyMs: 20, perSecond: 1_000, flood: 0 },
  { closes: 10_000, latencyMs: 20, perSecond: 1_000, flood: 0 },
];
const PATIENCE_MS = 600_000;
const REGISTERED_AT_ONCE = 32;
/** Helius credits of the methods that cost more than one (its price list of 2026-11). */
const CREDITS: Readonly<Record<string, number>> = {
  getTransaction: 10,
  getSignaturesForAddress: 10,
  getProgramAccounts: 10,
};
/** `BURST_PROFILE=folder` writes a CPU profile of the daemon's whole life into that folder. */
const profiled = process.env.BURST_PROFILE;
const profiling: Record<string, string> =
  profiled === undefined
    ? {}
    : {
        NODE_OPTIONS: `--cpu-prof --cpu-prof-interval=500 --cpu-prof-dir=${profiled}`,
      };
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const MAINNET = path.join(import.meta.dirname, '../../config/mainnet.json');

/** The last lines of a log, which say why its daemon ended. */
const lastLines = (file: string): string =>
  readFileSync(file, 'utf8').trimEnd().split('\n').slice(-3).join('\n');

/** CPU seconds and resident memory of a process, from /proc; zeros where there is none. */
function usageOf(pid: number | undefined): { cpuS: number; rssMiB: number } {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const ticks = Number(fields[11]) + Number(fields[12]);
    return { cpuS: ticks / 100, rssMiB: (Number(fields[21]) * 4_096) / 2 ** 20 };
  } catch {
    return { cpuS: 0, rssMiB: 0 };
  }
}
async function obeyed(world: ChildProcess, order: Order): Promise<Answer> {
  world.send(order);
  const [answer] = (await once(world, 'message')) as [Answer];
  return answer;
}
/**
 * Mainnet's pace of reading and paying, with the limits of the API lifted for the registrations.
 */
function settingsFile(folder: string): string {
  const mainnet = JSON.parse(readFileSync(MAINNET, 'utf8')) as Record<string, object>;
  const file = path.join(folder, 'settings.json');
  const { $schema: _, network: __, rpc: ___, helius: ____, ...rest } = mainnet;
  const http = {
    ...rest.http,
    requestsPerMinuteMost: 10_000_000,
    publicRequestsPerMinuteMost: 10_000_000,
  };
  writeFileSync(file, JSON.stringify({ ...rest, http, logLevel: 'warn' }));
  return file;
}

async function burst(given: BurstCase): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-burst-'));
  const server = await openPostgres({ folder, clock, log });
  const heliusApiKey = 'burst';
  const world = fork(path.join(import.meta.dirname, 'burst-world.ts'), [
    String(given.latencyMs),
    heliusApiKey,
  ]);
  const [ready] = (await once(world, 'message')) as [Ready];
  const logFile = path.join(folder, 'daemon.log');
  const daemon = await startDaemon({
    clock,
    logFile,
    onDeath: (how) => say(`  the daemon died: ${how}\n${lastLines(logFile)}`),
    env: {
      BAILIFF_NETWORK: 'local',
      BAILIFF_CONFIG: settingsFile(folder),
      DATABASE_URL: server.url,
      BAILIFF_RPC_URL: ready.rpcUrl,
      BAILIFF_RPC_WS_URL: ready.wsUrl,
      BAILIFF_HELIUS_API_URL: ready.heliusUrl,
      BAILIFF_HELIUS_API_KEY: heliusApiKey,
      BAILIFF_WEBHOOK_SECRETS: 'burst-secret-of-24-chars',
      BAILIFF_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
      BAILIFF_LOG_LEVEL: 'warn',
      ...profiling,
    },
  });
  const sql = postgres(server.url, { max: 1, fetch_types: false, onnotice: () => {} });
  try {
    const { secrets = [] } = await obeyed(world, { kind: 'traders', count: given.closes });
    const creatorWallet = Keypair.generate().publicKey.toBase58();
    await obeyed(world, { kind: 'creator', wallet: creatorWallet });
    const waiting = secrets.entries();
    const register = async (): Promise<void> => {
      for (const [index, secret] of waiting) {
        const agent = Keypair.fromSecretKey(Buffer.from(secret, 'base64'));
        await daemon.ask('POST', '/v1/subscribers', {
          id: `s${index}`,
          agentWallet: agent.publicKey.toBase58(),
          agentSecretKey: base58Text(agent.secretKey),
          subAccountIds: [0],
        });
        await daemon.ask('POST', `/v1/subscribers/s${index}/subscriptions`, {
          id: `s${index}-sub`,
          subAccountId: 0,
          creatorWallet,
          shareBps: 1_000,
        });
      }
    };
    await Promise.all(Array.from({ length: REGISTERED_AT_ONCE }, register));
    await obeyed(world, { kind: 'open' });
    await until(given.closes, async () => {
      const [row] = await sql<{ n: number }[]>`
        select count(distinct subscriber_id)::int as n from fact where kind = 'tally' and finality = 'finalized'`;
      return row?.n ?? 0;
    });
    await pause(5_000);
    await obeyed(world, { kind: 'limit', perSecond: given.perSecond });
    if (given.flood > 0) world.send({ kind: 'flood', count: given.flood } satisfies Order);
    if (given.flood > 0) await once(world, 'message');
    await obeyed(world, { kind: 'close' });
    const startedMs = performance.now();
    const before = usageOf(daemon.pid());
    let firstMs = Number.NaN;
    await until(given.closes, async () => {
      const [row] = await sql<{ n: number }[]>`
        select count(*)::int as n from payment where state = 'landed'`;
      const landed = row?.n ?? 0;
      if (landed > 0 && Number.isNaN(firstMs)) firstMs = performance.now() - startedMs;
      return landed;
    });
    const lastMs = performance.now() - startedMs;
    const after = usageOf(daemon.pid());
    const { calls = {}, refused = 0 } = await obeyed(world, { kind: 'count' });
    const total = Object.values(calls).reduce((sum, each) => sum + each, 0);
    const credits = Object.entries(calls).reduce(
      (sum, [method, each]) => sum + each * (CREDITS[method] ?? 1),
      0,
    );
    const leastMs = (total / given.perSecond) * 1_000;
    say(
      `\n${given.closes.toLocaleString('en')} closes, ${given.latencyMs} ms a call, ${given.perSecond} calls/s, ${given.flood} foreign transactions`,
    );
    say(
      `  first payment after ${(firstMs / 1_000).toFixed(1)} s, last after ${(lastMs / 1_000).toFixed(1)} s`,
    );
    say(
      `  ${((given.closes * 1_000) / lastMs).toFixed(1)} payments/s; ${(leastMs / lastMs).toFixed(2)} of what the rate allows for these calls`,
    );
    say(
      `  ${(total / given.closes).toFixed(1)} calls and ${(credits / given.closes).toFixed(0)} credits a close, ${refused} refused with 429`,
    );
    say(`  ${JSON.stringify(calls)}`);
    say(
      `  daemon: ${(((after.cpuS - before.cpuS) * 1_000) / given.closes).toFixed(1)} ms CPU a payment, ${after.rssMiB.toFixed(0)} MiB`,
    );
  } finally {
    await sql.end();
    await daemon.stop();
    world.kill();
    await server.close();
    for (const gone of [folder, server.home]) rmSync(gone, { recursive: true, force: true });
  }
}
/** Asks until a count is reached; throws when that takes longer than the patience. */
async function until(wanted: number, count: () => Promise<number>): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await count();
    if (found >= wanted) return;
    if (performance.now() > endMs)
      throw new Error(`only ${found} of ${wanted} after ${PATIENCE_MS} ms`);
    await pause(50);
  }
}

/** Runs the cases; `BURST=200,20,1000,0` runs one of closes, latency, calls a second and flood. */
export async function benchBurst(): Promise<boolean> {
  const [closes, latencyMs, perSecond, flood] = (process.env.BURST ?? '').split(',').map(Number);
  const asked: BurstCase | null =
    closes && latencyMs && perSecond ? { closes, latencyMs, perSecond, flood: flood ?? 0 } : null;
  for (const each of asked === null ? CASES : [asked]) await burst(each);
  return true;
}
