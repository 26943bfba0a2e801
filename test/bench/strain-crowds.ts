// Strain by crowds: more connections than are taken, headers that never end, bodies that never end
// or are many and large, and readers of the stream.
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Keypair } from '@solana/web3.js';
import { systemClock as clock } from '../../src/system/clock.ts';
import { type OwnDaemon, openOwnDaemon } from './own-daemon.ts';

const CONNECTIONS_MOST = 4_096;
const BEYOND = 200;
const READERS = 1_000;
const BODIES = 200;
const BODY_BYTES = 5_000_000;
const never = new AbortController().signal;
const say = (text: string): boolean => process.stdout.write(`${text}\n`);

/** The gate's answers beside a crowd, in milliseconds. */
async function gateMs(own: OwnDaemon): Promise<string> {
  const took: number[] = [];
  for (let n = 0; n < 200; n++) {
    const since = performance.now();
    await (await own.ask('/v1/gate/nobody')).text();
    took.push(performance.now() - since);
  }
  took.sort((a, b) => a - b);
  return `gate p50 ${took[100]?.toFixed(1)} ms, p99 ${took[197]?.toFixed(1)} ms`;
}

type Stranger = { readonly socket: Socket; read: string; closed: boolean };
/** Opens connections that send this much, fifty at a time. */
async function crowd(own: OwnDaemon, size: number, text: string): Promise<Stranger[]> {
  const all: Stranger[] = [];
  while (all.length < size) {
    const some = Array.from({ length: Math.min(50, size - all.length) }, () => {
      const socket = connect(own.port, '127.0.0.1');
      const stranger: Stranger = { socket, read: '', closed: false };
      socket.on('error', () => {});
      socket.on('close', () => {
        stranger.closed = true;
      });
      socket.on('data', (chunk) => {
        stranger.read += String(chunk).slice(0, 100);
      });
      socket.write(text);
      all.push(stranger);
      return new Promise((resolve) => {
        socket.once('connect', resolve);
        socket.once('close', resolve);
      });
    });
    await Promise.all(some);
  }
  return all;
}

async function connections(own: OwnDaemon, broken: string[]): Promise<void> {
  const before = own.rss();
  // The test's own connection is open already, and answers.
  await own.ask('/health/live');
  const all = await crowd(
    own,
    CONNECTIONS_MOST + BEYOND,
    'POST /webhooks/helius HTTP/1.1\r\nhost: x\r\n',
  );
  await clock.sleep(1_000, never);
  const refused = all.filter((each) => each.closed && each.read === '').length;
  const beside = await gateMs(own);
  const [during, descriptors] = [own.rss(), own.descriptors()];
  const since = performance.now();
  while (all.some((each) => !each.closed) && performance.now() - since < 60_000)
    await clock.sleep(250, never);
  const timedOut = all.filter((each) => each.read.startsWith('HTTP/1.1 408')).length;
  const left = all.filter((each) => !each.closed).length;
  say(
    `connections: ${all.length} whose headers never end; ${refused} closed at once, ${descriptors} descriptors, RSS ${before} -> ${during} MiB, ${beside} beside them; ${timedOut} answered 408 and closed within ${((performance.now() - since) / 1_000 + 1).toFixed(0)} s, ${left} left`,
  );
  if (refused < BEYOND) broken.push(`${refused} of ${BEYOND} connections were closed at once`);
  if (left > 0) broken.push(`${left} connections were never closed`);
}

async function bodies(own: OwnDaemon, broken: string[]): Promise<void> {
  const before = own.rss();
  const head = `POST /webhooks/helius HTTP/1.1\r\nhost: x\r\nauthorization: ${own.secret}\r\ncontent-length: ${BODY_BYTES}\r\n\r\n[`;
  const endless = await crowd(own, BODIES, head);
  await clock.sleep(1_000, never);
  const refused = endless.filter((each) => each.read.startsWith('HTTP/1.1 503')).length;
  const beside = await gateMs(own);
  say(
    `bodies: ${BODIES} of ${BODY_BYTES} bytes that never end; ${refused} answered 503 before they were read, the others wait; RSS ${before} -> ${own.rss()} MiB, ${beside}`,
  );
  for (const each of endless) each.socket.destroy();
  if (refused === 0) broken.push('no body was refused');
  const text = `[${' '.repeat(BODY_BYTES - 2)}]`;
  const statuses = new Map<number, number>();
  let most = 0;
  const until = performance.now() + 10_000;
  await Promise.all(
    Array.from({ length: 40 }, async () => {
      while (performance.now() < until) {
        const answer = await own
          .ask('/webhooks/helius', {
            method: 'POST',
            headers: { authorization: own.secret },
            body: text,
          })
          .catch(() => null);
        most = Math.max(most, own.rss());
        const status = answer?.status ?? 0;
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    }),
  );
  const told = [...statuses].map(([status, times]) => `${status}: ${times}`).join(', ');
  say(`bodies: 40 senders of ${BODY_BYTES} bytes each for 10 s; ${told}; RSS at most ${most} MiB`);
  if (!own.isAlive()) broken.push('the daemon ended under large bodies');
  if (most > 1_024) broken.push(`RSS was ${most} MiB`);
}

async function readers(own: OwnDaemon, broken: string[]): Promise<void> {
  const before = own.rss();
  let told = 0;
  const sockets: Socket[] = [];
  const open = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const { headers } = own;
      const asked = get(`${own.base}/v1/gate/stream`, { agent: false, headers }, (answer) => {
        answer.on('data', (chunk: Buffer) => {
          if (chunk.includes('late-comer')) told++;
        });
        answer.on('error', () => {});
        sockets.push(answer.socket);
        resolve(answer.statusCode ?? 0);
      });
      asked.on('error', reject);
    });
  for (let n = 0; n < READERS; n += 50) await Promise.all(Array.from({ length: 50 }, open));
  const beyond = await open();
  const during = own.rss();
  const since = performance.now();
  const trader = own.world.driver.createTrader({ deposit: 1_000_000n });
  await own.subscribe('late-comer', trader, Keypair.generate().publicKey);
  while (told < READERS && performance.now() - since < 10_000) await clock.sleep(10, never);
  const tookMs = performance.now() - since;
  const beside = await gateMs(own);
  const stopped = await own.end('SIGTERM');
  say(
    `readers: ${READERS} of the stream, the next one answered ${beyond}; RSS ${before} -> ${during} MiB; a change reached ${told} within ${tookMs.toFixed(0)} ms, its registration included; ${beside}; SIGTERM with all of them: exit ${stopped.code} after ${stopped.ms} ms`,
  );
  for (const each of sockets) each.destroy();
  if (beyond !== 503) broken.push(`reader ${READERS + 1} was answered ${beyond}`);
  if (told < READERS) broken.push(`${told} of ${READERS} readers were told`);
  if (stopped.code !== 0 || stopped.ms > 10_000) broken.push('SIGTERM with readers');
}

/** Returns a sentence for each promise that was broken. */
export async function measureCrowds(): Promise<string[]> {
  const broken: string[] = [];
  const own = await openOwnDaemon({ http: { streamsMost: READERS } });
  await own.start();
  await connections(own, broken);
  await bodies(own, broken);
  await readers(own, broken);
  await own.close();
  return broken;
}
