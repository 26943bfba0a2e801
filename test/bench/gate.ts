// Gate: the question over HTTP against a Fastify that answers a constant, many ids at once against
// one by one, and the client that decides in-process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createRoster } from '../../src/core/roster.ts';
import type { RosterEntry } from '../../src/core/roster-entry.ts';
import { openLoader } from './load.ts';

const ROUNDS = 7;
const CONNECTIONS = [10, 100];
const BATCH = 50;
const CLIENT_SUBSCRIBERS = 100_000;

type Server = { readonly port: number; readonly pid: number; readonly stop: () => void };

async function start(mode: string): Promise<Server> {
  const child = spawn(
    process.execPath,
    [path.join(import.meta.dirname, 'gate-server.ts'), mode, '10000'],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_ENV: 'production' } },
  );
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return { port: Number(port.toString()), pid: child.pid ?? 0, stop: () => child.kill() };
}

const ONE = Buffer.from('GET /v1/gate/subscriber-77?action=open HTTP/1.1\r\nhost: x\r\n\r\n');
function many(): Buffer {
  const subscribers = Array.from({ length: BATCH }, (_, n) => `subscriber-${n * 37}`);
  const body = JSON.stringify({ subscribers, action: 'open' });
  return Buffer.from(
    `POST /v1/gate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
}

/** The best round: other work on the machine makes a round worse and never better. */
const best = (rates: readonly number[]): number => Math.max(...rates);

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

/** Microseconds a decision takes in the engine's own process. */
function decideUs(): number {
  const roster = createRoster({
    staleAfterMs: 1e12,
    failOpen: false,
    outstandingMost: null,
    owedForMsMost: null,
  });
  const ids = Array.from({ length: CLIENT_SUBSCRIBERS }, (_, n) => `subscriber-${n}`);
  roster.hydrate(
    ids.map(
      (subscriberId, n): RosterEntry => ({
        subscriberId,
        agentWallet: `wallet-${n}`,
        standing: 'good',
        outstanding: 0n,
        owedSinceMs: null,
        reason: null,
        evidence: null,
        revision: BigInt(n),
      }),
    ),
  );
  roster.observe(1, 0);
  let allowed = 0;
  const startedMs = performance.now();
  for (let round = 0; round < 10; round++)
    for (const id of ids) if (roster.decide(id, 'open', 0).allow) allowed++;
  if (allowed !== 10 * ids.length) throw new Error('a decision was wrong');
  return ((performance.now() - startedMs) * 1_000) / allowed;
}

export async function benchGate(): Promise<boolean> {
  const [constant, bailiff, counted] = await Promise.all([
    start('constant'),
    start('bailiff'),
    start('counted'),
  ]);
  const loader = openLoader();
  let met = true;
  const judge = (name: string, ratio: number, target: number): void => {
    met &&= ratio >= target;
    say(
      `  ${name}: ${ratio.toFixed(2)} ×, stated ${target} ×: ${ratio >= target ? 'met' : 'MISSED'}`,
    );
  };
  say(
    '\nGate over HTTP, answers in a second of CPU of the server, ratios of the best rounds in one run',
  );
  for (const connections of CONNECTIONS) {
    const rates: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      const order = round % 2 === 0 ? [0, 1] : [1, 0];
      for (const which of order)
        rates[which as 0 | 1].push(
          await loader.perCpuSecond(which === 0 ? constant : bailiff, connections, ONE),
        );
    }
    say(`  ${connections} connections: ${best(rates[1]).toFixed(0)} answers in a second of CPU`);
    judge(`to a constant, ${connections} connections`, best(rates[1]) / best(rates[0]), 0.85);
  }
  const access: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++)
    for (const which of round % 2 === 0 ? [0, 1] : [1, 0])
      access[which as 0 | 1].push(
        await loader.perCpuSecond(which === 0 ? bailiff : counted, 10, ONE),
      );
  const cost = best(access[1]) / best(access[0]);
  say(`  with counters and durations of requests, to without: ${cost.toFixed(2)} ×`);
  const [single, batched]: [number[], number[]] = [[], []];
  const request = many();
  for (let round = 0; round < ROUNDS; round++) {
    single.push(await loader.perCpuSecond(bailiff, 10, ONE));
    batched.push(BATCH * (await loader.perCpuSecond(bailiff, 10, request)));
  }
  judge(`ids a second in batches of ${BATCH}, to one by one`, best(batched) / best(single), 15);
  say(`  in the engine's own process: ${decideUs().toFixed(2)} µs a decision`);
  loader.stop();
  constant.stop();
  bailiff.stop();
  counted.stop();
  return met;
}
