// Burst stage: the real daemon at mainnet's pace in a process of its own, its Postgres, and the
// chain of burst-world.ts in a third process, with a number of copiers of one creator who hold an
// open position with a profit.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Keypair } from '@solana/web3.js';
import postgres from 'postgres';
import { base58Text } from '../../src/core/ids.ts';
import { type Daemon, startDaemon } from '../../src/local/daemon.ts';
import { freePort } from '../../src/local/free-port.ts';
import { openPostgres } from '../../src/local/postgres.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { scansOf } from './asked.ts';
import type { Answer, Order, Ready } from './burst-world.ts';
import { say } from './say.ts';

export type Stage = {
  /** The daemon that webhooks are sent to. */
  readonly daemon: Daemon;
  /** That one and those beside it, which share the hearing with it. */
  readonly daemons: readonly Daemon[];
  /** The connection to the daemon's Postgres, with pg_stat_statements installed. */
  readonly sql: postgres.Sql;
  readonly secret: string;
  /** Gives the world an order, and resolves with its answer. */
  order(order: Order): Promise<Answer>;
  usage(): Usage;
  close(): Promise<void>;
};

/** CPU seconds of the daemon, of the chain, and of Postgres with all its processes. */
export type Usage = {
  readonly cpuS: number;
  /** The part of that of the main thread; the rest collects garbage, compiles and unpacks. */
  readonly mainS: number;
  /** Seconds for which the daemon's main thread was ready to run and waited for a core. */
  readonly waitedS: number;
  /** Resident memory of the daemon. */
  readonly rssMiB: number;
  readonly chainCpuS: number;
  readonly postgresCpuS: number;
};

const PATIENCE_MS = 600_000;
const ROWS_AT_ONCE = 1_000;
const MAINNET = path.join(import.meta.dirname, '../../config/mainnet.json');

/** `BURST_PROFILE=folder` writes a CPU profile of the daemon's whole life into that folder. */
const profiled = process.env.BURST_PROFILE;
const profiling: Record<string, string> =
  profiled === undefined
    ? {}
    : { NODE_OPTIONS: `--cpu-prof --cpu-prof-interval=500 --cpu-prof-dir=${profiled}` };

/**
 * Gives the chain's process a young generation of 64 MiB. The chain keeps all transactions, and
 * each small collection of garbage copies the newest of them.
 */
const ROOM_FOR_GARBAGE = '--max-semi-space-size=64';
/** `BURST_PROFILE_CHAIN=folder` writes a CPU profile of the chain as well. */
const profiledChain = process.env.BURST_PROFILE_CHAIN;
const chainOptions = [
  ROOM_FOR_GARBAGE,
  ...(profiledChain === undefined
    ? []
    : ['--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-dir=${profiledChain}`]),
];

/** The last lines of a log, which say why its daemon ended. */
const lastLines = (file: string): string =>
  readFileSync(file, 'utf8').trimEnd().split('\n').slice(-3).join('\n');

/** CPU seconds and resident memory of a process, from /proc; zeros where there is none. */
function usageOf(pid: number | undefined): Pick<Usage, 'cpuS' | 'mainS' | 'waitedS' | 'rssMiB'> {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const ticks = Number(fields[11]) + Number(fields[12]);
    // Schedstat of the main thread: nanoseconds on a core, and on the run queue.
    const [ran, waited] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
    return {
      cpuS: ticks / 100,
      mainS: Number(ran) / 1e9,
      waitedS: Number(waited) / 1e9,
      rssMiB: (Number(fields[21]) * 4_096) / 2 ** 20,
    };
  } catch {
    return { cpuS: 0, mainS: 0, waitedS: 0, rssMiB: 0 };
  }
}
/** CPU seconds of a process and of its children, those that have ended included. */
function treeCpuS(pid: number | undefined): number {
  try {
    const own = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const ended = (Number(own[13]) + Number(own[14])) / 100;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    const running = children.reduce((sum, each) => sum + usageOf(Number(each)).cpuS, 0);
    return usageOf(pid).cpuS + ended + running;
  } catch {
    return 0;
  }
}

/** Asks until a count is reached; throws when that takes longer than the patience. */
export async function until(
  wanted: number,
  count: () => Promise<number>,
  everyMs = 250,
): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await count();
    if (found >= wanted) return;
    if (performance.now() > endMs)
      throw new Error(`only ${found} of ${wanted} after ${PATIENCE_MS} ms`);
    await pause(everyMs);
  }
}

/**
 * Mainnet's pace of reading and paying, with the limits of the API lifted for the registrations.
 */
function settingsFile(
  folder: string,
  {
    share,
    webhookUrl,
    callsPerSecond,
  }: Pick<Required<StageOptions>, 'callsPerSecond'> & {
    readonly share: boolean;
    readonly webhookUrl: string;
  },
): string {
  const mainnet = JSON.parse(readFileSync(MAINNET, 'utf8')) as Record<string, object>;
  const file = path.join(folder, 'settings.json');
  const { $schema: _, network: __, rpc: ___, ...rest } = mainnet;
  const watch = { ...rest.watch, share };
  const { patienceMs } = rest.helius as { patienceMs?: number };
  const helius = { patienceMs, webhookUrl };
  const http = {
    ...rest.http,
    requestsPerMinuteMost: 10_000_000,
    publicRequestsPerMinuteMost: 10_000_000,
  };
  const rpc = { callsPerSecond };
  writeFileSync(file, JSON.stringify({ ...rest, http, watch, helius, rpc, logLevel: 'warn' }));
  return file;
}

/**
 * Brings all copiers, in imports of the size that the API allows. Those from number `copiers` on
 * come without a key, so that their debts stay open.
 */
async function register(
  daemon: Daemon,
  secrets: readonly string[],
  copiers: number,
  creatorWallet: string,
): Promise<void> {
  const rows = secrets.flatMap((secret, index) => {
    const agent = Keypair.fromSecretKey(Buffer.from(secret, 'base64'));
    const subscriber = {
      kind: 'subscriber',
      id: `s${index}`,
      agentWallet: agent.publicKey.toBase58(),
      ...(index < copiers ? { agentSecretKey: base58Text(agent.secretKey) } : {}),
      subAccountIds: [0],
    };
    const subscription = {
      kind: 'subscription',
      id: `s${index}-sub`,
      subscriber: `s${index}`,
      subAccountId: 0,
      creatorWallet,
      shareBps: 1_000,
    };
    return [subscriber, subscription];
  });
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
    const brought = rows.slice(from, from + ROWS_AT_ONCE);
    const { refused } = await daemon.ask<{ refused: readonly unknown[] }>('POST', '/v1/imports', {
      dryRun: false,
      rows: brought,
    });
    if (refused.length > 0) throw new Error(`refused: ${JSON.stringify(refused[0])}`);
  }
}

/**
 * Waits until no daemon has searched a history for fifteen seconds: a daemon walks the history of
 * each account that was brought once, and searches those of accounts that changed meanwhile. Throws
 * when the searches go on for longer than the patience.
 */
async function quiet(daemons: readonly Daemon[]): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  for (let before = Number.NaN; performance.now() < endMs; ) {
    const scans = await scansOf(daemons);
    if (scans === before) return;
    before = scans;
    await pause(15_000);
  }
  throw new Error(`histories are searched for longer than ${PATIENCE_MS} ms`);
}

export type StageOptions = {
  /** Subscribers who will run away. */
  readonly runaways?: number;
  /** Daemons on one Postgres; several share the hearing by leases. */
  readonly daemons?: number;
  /** The rate of the plan that the daemon is told, as a list of one; none: it is not told. */
  readonly callsPerSecond?: readonly number[];
};

/**
 * Opens the stage. Each copier has an open position that was heard of as final. Each subscriber
 * that will run away has closed with a profit and owes a share that cannot be paid.
 */
export async function openStage(
  copiers: number,
  latencyMs: number,
  { runaways = 0, daemons: replicas = 1, callsPerSecond = [] }: StageOptions = {},
): Promise<Stage> {
  const count = copiers + runaways;
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-burst-'));
  const settings = {
    shared_preload_libraries: 'pg_stat_statements',
    'pg_stat_statements.max': '10000',
    'pg_stat_statements.track_planning': process.env.BURST_STATEMENTS === undefined ? 'off' : 'on',
  };
  const server = await openPostgres({ folder, clock, log, settings });
  const [heliusApiKey, secret] = ['burst', 'burst-secret-of-24-chars'];
  const world: ChildProcess = fork(
    path.join(import.meta.dirname, 'burst-world.ts'),
    [String(latencyMs), heliusApiKey],
    { execArgv: chainOptions },
  );
  const [ready] = (await once(world, 'message')) as [Ready];
  const port = await freePort();
  const webhookUrl = `http://127.0.0.1:${port}/webhooks/helius`;
  const env = {
    BAILIFF_NETWORK: 'local',
    BAILIFF_CONFIG: settingsFile(folder, { share: replicas > 1, webhookUrl, callsPerSecond }),
    DATABASE_URL: server.url,
    BAILIFF_RPC_URL: ready.rpcUrl,
    BAILIFF_RPC_WS_URL: ready.wsUrl,
    BAILIFF_HELIUS_API_URL: ready.heliusUrl,
    BAILIFF_HELIUS_API_KEY: heliusApiKey,
    BAILIFF_WEBHOOK_SECRETS: secret,
    BAILIFF_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    BAILIFF_LOG_LEVEL: process.env.BURST_LOG ?? 'warn',
    ...profiling,
  };
  const start = (nth: number): Promise<Daemon> => {
    const logFile = path.join(folder, nth === 0 ? 'daemon.log' : `daemon-${nth}.log`);
    const onDeath = (how: string): void =>
      void say(`  the daemon died: ${how}\n${lastLines(logFile)}`);
    return startDaemon({ clock, logFile, onDeath, env, ...(nth === 0 ? { port } : {}) });
  };
  const daemon = await start(0);
  const { logFile } = daemon;
  const sql = postgres(server.url, { max: 1, fetch_types: false, onnotice: () => {} });
  const order = async (given: Order): Promise<Answer> => {
    world.send(given);
    const [answer] = (await once(world, 'message')) as [Answer];
    return answer;
  };
  const postmaster = Number(
    readFileSync(path.join(server.home, 'data', 'postmaster.pid'), 'utf8').split('\n')[0],
  );
  const usage = (): Usage => ({
    ...usageOf(daemon.pid()),
    chainCpuS: usageOf(world.pid).cpuS,
    postgresCpuS: treeCpuS(postmaster),
  });
  const daemons = [daemon];
  const close = async (): Promise<void> => {
    await sql.end();
    for (const each of daemons) await each.stop();
    const ended = once(world, 'exit');
    world.disconnect();
    await ended;
    await server.close();
    if (process.env.BURST_LOG !== undefined) say(`  log: ${logFile}`);
    else rmSync(folder, { recursive: true, force: true });
    rmSync(server.home, { recursive: true, force: true });
  };
  try {
    await sql`create extension pg_stat_statements`;
    const { secrets = [] } = await order({ kind: 'traders', count });
    const creatorWallet = Keypair.generate().publicKey.toBase58();
    await order({ kind: 'creator', wallet: creatorWallet });
    await register(daemon, secrets, copiers, creatorWallet);
    await order({ kind: 'open' });
    await until(count, async () => {
      const [row] = await sql<{ n: number }[]>`
        select count(distinct subscriber_id)::int as n from fact where kind = 'tally' and finality = 'finalized'`;
      return row?.n ?? 0;
    });
    for (let index = copiers; index < count; index++) await order({ kind: 'close-one', index });
    await until(runaways, async () => {
      const [row] = await sql<{ n: number }[]>`select count(*)::int as n from profit_share`;
      return row?.n ?? 0;
    });
    while (daemons.length < replicas) daemons.push(await start(daemons.length));
    for (const each of daemons) await each.ask('GET', '/health/live');
    await quiet(daemons);
    return { daemon, daemons, sql, secret, order, usage, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}
