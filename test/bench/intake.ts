// Intake: durable webhook intake, answered after the commit, against a server that only parses the
// body, and against one that inserts each request by itself. Real sockets, real Postgres with its
// defaults, a body as Helius sends it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openDatabase } from '../../src/ledger/database.ts';
import { migrate } from '../../src/ledger/migrate.ts';
import { encodeDelivery } from '../../src/local/chain/encode.ts';
import { openPostgres } from '../../src/local/postgres.ts';
import { createWorld } from '../../src/local/world.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { median, openLoader } from './load.ts';

const MODES = ['parse', 'bailiff', 'insert'] as const;
type Mode = (typeof MODES)[number];
const ROUNDS = 9;

/**
 * One raw webhook body of a trade, padded with further log lines to the 11 KB of a documented one.
 */
function sampleBody(): Buffer {
  const { driver } = createWorld({ programFile: null, clock: systemClock });
  const trader = driver.createTrader({ deposit: 1_000_000_000n });
  const entry = encodeDelivery(driver.trade(trader, 'long', 1_000_000_000n));
  const lines = [...entry.meta.logMessages];
  while (
    JSON.stringify([{ ...entry, meta: { ...entry.meta, logMessages: lines } }]).length < 11_400
  )
    lines.push('Program log: a line that says nothing of note, as many programs write them');
  return Buffer.from(JSON.stringify([{ ...entry, meta: { ...entry.meta, logMessages: lines } }]));
}

function requestOf(body: Buffer): Buffer {
  const head = `POST /webhooks/helius HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer bench\r\ncontent-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

export async function benchIntake(): Promise<boolean> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bailiff-bench-'));
  const postgres = await openPostgres({ folder, clock: systemClock, log: silentLog });
  const sql = openDatabase(postgres.url, silentLog, 1);
  await migrate(sql, silentLog);
  const servers = await Promise.all(
    MODES.map(async (mode) => {
      const child = spawn(
        process.execPath,
        [path.join(import.meta.dirname, 'intake-server.ts'), mode, postgres.url],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
          env: { ...process.env, NODE_ENV: 'production' },
        },
      );
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      return { mode, child, port: Number(line.toString()), pid: child.pid ?? 0 };
    }),
  );
  const request = requestOf(sampleBody());
  const loader = openLoader();
  let met = true;
  try {
    for (const connections of [10, 100]) {
      const rates = new Map<Mode, number[]>(MODES.map((mode) => [mode, []]));
      const byCpu = new Map<Mode, number[]>(MODES.map((mode) => [mode, []]));
      for (const { port } of servers) await loader.rate(port, connections, request);
      for (let round = 0; round < ROUNDS; round++) {
        for (const index of MODES.keys()) {
          const server = servers[(index + round) % MODES.length];
          if (server === undefined) continue;
          const { rate, perCpuSecond } = await loader.measure(server, connections, request);
          rates.get(server.mode)?.push(rate);
          byCpu.get(server.mode)?.push(perCpuSecond);
        }
        await sql`truncate delivery cascade`;
      }
      const ratioTo = (other: Mode): number =>
        median(
          (rates.get('bailiff') ?? []).map(
            (rate, round) => rate / (rates.get(other)?.[round] ?? Number.NaN),
          ),
        );
      process.stdout.write(
        `\nWebhook intake, ${connections} connections, ${request.length} bytes a request\n`,
      );
      for (const mode of MODES)
        process.stdout.write(
          `  ${mode.padEnd(8)} ${median(rates.get(mode) ?? [])
            .toFixed(0)
            .padStart(6)} requests/s, ${median(byCpu.get(mode) ?? [])
            .toFixed(0)
            .padStart(
              6,
            )} (at best ${Math.max(...(byCpu.get(mode) ?? [])).toFixed(0)}) in a second of the server's CPU\n`,
        );
      const claims: [string, number, number][] =
        connections === 10
          ? [['parse-only', ratioTo('parse'), 0.35]]
          : [
              ['parse-only', ratioTo('parse'), 0.7],
              ['an insert per request', ratioTo('insert'), 4],
            ];
      for (const [what, ratio, target] of claims) {
        met &&= ratio >= target;
        process.stdout.write(
          `  durable, after commit: ${ratio.toFixed(2)} × ${what}  target ${target} ×: ${ratio >= target ? 'met' : 'MISSED'}\n`,
        );
      }
    }
  } finally {
    loader.stop();
    for (const { child } of servers) child.kill('SIGTERM');
    await sql.end();
    await postgres.close();
    for (const each of [folder, postgres.home]) rmSync(each, { recursive: true, force: true });
  }
  return met;
}
