// Strain by outages: Postgres, and then the node, fails in each way in which they fail, for ten
// seconds under webhooks. Measures what is answered meanwhile, and how soon every part works again.
import { Keypair } from '@solana/web3.js';
import { openDatabase } from '../../src/ledger/database.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { type Proxy as Door, openProxy } from '../support/proxy.ts';
import { profitableClose } from '../support/trades.ts';
import { sendDeliveries } from './deliveries.ts';
import { openOwnDaemon } from './own-daemon.ts';

const OUTAGE_MS = 10_000;
const CUT_EVERY_MS = 300;
const HEALED_MS_MOST = 120_000;
const STALE_AFTER_MS = 5_000;
const CONNECTIONS = 4;
const never = new AbortController().signal;
const say = (text: string): boolean => process.stdout.write(`${text}\n`);
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

/** Begins an outage; returns what ends it. */
type Outage = () => Promise<() => Promise<void>>;

/** Returns a sentence for each promise that was broken. */
export async function measureOutages(): Promise<string[]> {
  const broken: string[] = [];
  const doors: { database?: Door; node?: Door } = {};
  const own = await openOwnDaemon(
    { gate: { staleAfterMs: STALE_AFTER_MS } },
    {
      async between({ database, rpc }) {
        const [to, node] = [new URL(database), new URL(rpc)];
        doors.database = await openProxy(Number(to.port));
        doors.node = await openProxy(Number(node.port));
        to.port = String(doors.database.port);
        node.port = String(doors.node.port);
        return { database: to.href, rpc: node.href };
      },
    },
  );
  const { driver, mischief } = own.world;
  const database = doors.database as Door;
  const node = doors.node as Door;
  const cut = (): void => {
    database.slam();
    database.open();
  };
  const sql = openDatabase(own.databaseUrl, log, 1);
  const name = new URL(own.databaseUrl).pathname.slice(1);
  const readOnly = async (on: boolean): Promise<void> => {
    await sql.unsafe('set default_transaction_read_only = off');
    await sql.unsafe(`alter database ${name} set default_transaction_read_only = ${on}`);
    cut();
  };
  const outages: Readonly<Record<string, Outage>> = {
    'Postgres gone (connections refused)': async () => {
      database.slam();
      return async () => database.open();
    },
    'Postgres hangs': async () => {
      database.freeze();
      return async () => database.thaw();
    },
    'packets to Postgres lost, and its open connections dead for good': async () => {
      database.lose();
      return async () => database.find();
    },
    'Postgres takes no writes': async () => {
      await readOnly(true);
      return () => readOnly(false);
    },
    'Postgres has no connection left': async () => {
      cut();
      const taken = Array.from({ length: 400 }, () => openDatabase(own.databaseUrl, log, 1));
      await Promise.allSettled(taken.map((each) => each`select 1`));
      return async () => void (await Promise.allSettled(taken.map((each) => each.end())));
    },
    [`every connection to Postgres cut each ${CUT_EVERY_MS} ms`]: async () => {
      const ended = new AbortController();
      const cutting = (async () => {
        for (; !ended.signal.aborted; await clock.sleep(CUT_EVERY_MS, ended.signal)) cut();
      })();
      return async () => {
        ended.abort();
        await cutting;
      };
    },
    'the node dead (connections refused)': async () => {
      node.slam();
      return async () => node.open();
    },
    'the node hangs': async () => {
      node.freeze();
      return async () => node.thaw();
    },
    'the node takes 2 s for each answer': async () => {
      mischief.delayMs = 2_000;
      return async () => {
        mischief.delayMs = 0;
      };
    },
    'the node answers 429': async () => {
      mischief.tooManyRequests = 1_000_000;
      return async () => {
        mischief.tooManyRequests = 0;
      };
    },
  };
  await own.start();
  const trader = driver.createTrader({ deposit: 100_000_000_000n, lamports: 1_000_000_000n });
  await own.subscribe('ana', trader, Keypair.generate().publicKey);
  const paid = async (): Promise<number> => {
    const answer = await own.ask('/v1/shares?subscriber=ana&status=paid').catch(() => null);
    return answer?.ok ? ((await answer.json()) as { total: number }).total : -1;
  };
  const status = async (route: string): Promise<number> =>
    (await own.ask(route).catch(() => null))?.status ?? 0;
  const verdict = async (): Promise<string> => {
    const answer = await own.ask('/v1/gate/ana').catch(() => null);
    return answer === null ? 'none' : ((await answer.json()) as { verdict: string }).verdict;
  };
  const deliveries = sendDeliveries(own, CONNECTIONS, 50);
  const since = (began: number): number => performance.now() - began;
  let closes = 0;
  for (const [what, begin] of Object.entries(outages)) {
    const untilAllowed = performance.now();
    while ((await verdict()) !== 'allow' && since(untilAllowed) < HEALED_MS_MOST)
      await clock.sleep(100, never);
    const before = new Map(deliveries.outcomes());
    deliveries.slowestMs();
    const heal = await begin();
    const began = performance.now();
    profitableClose(driver, trader);
    closes++;
    let unknownMs: number | null = null;
    const memory = new Set<string>();
    while (since(began) < OUTAGE_MS) {
      if ((await verdict()) === 'unknown') unknownMs ??= since(began);
      memory.add(`live ${await status('/health/live')}, metrics ${await status('/metrics')}`);
      await clock.sleep(100, never);
    }
    const slowest = deliveries.slowestMs();
    const answers = [...deliveries.outcomes()].flatMap(([outcome, times]) => {
      const own = times - (before.get(outcome) ?? 0);
      return own === 0 ? [] : [`${outcome}: ${own}`];
    });
    await heal();
    const healed = performance.now();
    const after = async (done: () => Promise<boolean>): Promise<number> => {
      while (!(await done()) && since(healed) < HEALED_MS_MOST) await clock.sleep(50, never);
      return since(healed);
    };
    const readyMs = await after(async () => (await status('/health/ready')) === 200);
    const allowMs = await after(async () => (await verdict()) === 'allow');
    const paidMs = await after(async () => (await paid()) >= closes);
    say(
      `outage: ${what} for ${OUTAGE_MS / 1_000} s; webhooks ${answers.join(', ')}, slowest ${slowest} ms; gate unknown ${unknownMs === null ? 'never' : `after ${seconds(unknownMs)}`}; ${[...memory].join(' / ')}; then ready after ${seconds(readyMs)}, gate allow after ${seconds(allowMs)}, the close amid it paid after ${seconds(paidMs)}`,
    );
    if (!own.isAlive()) {
      broken.push(`${what}: the daemon ended`);
      break;
    }
    if (paidMs >= HEALED_MS_MOST) broken.push(`${what}: the close was not paid`);
    if (memory.size !== 1 || !memory.has('live 200, metrics 200'))
      broken.push(`${what}: ${[...memory].join(' / ')}`);
  }
  await deliveries.stop();
  const lost = await deliveries.lost();
  const rss = own.rss();
  const { code, ms } = await own.end('SIGTERM');
  say(
    `outages: ${deliveries.acknowledged()} bodies acknowledged through all of them, ${lost.length} lost; RSS ${rss} MiB; SIGTERM: exit ${code} after ${ms} ms`,
  );
  if (lost.length > 0) broken.push(`${lost.length} acknowledged bodies are lost`);
  await sql.end();
  for (const each of [database, node]) await each.close();
  await own.close();
  return broken;
}
