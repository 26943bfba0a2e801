// Soak: `npm run soak -- MINUTES`. The real daemon in a process of its own, under steady work: 60
// webhooks a second of strangers, a profitable close every 3 s, ten questions to the gate a second,
// and readers of the stream that come and go. Prints memory and handles every minute, and exits 1
// when memory grew, a request failed, or creators hold something else than what is booked.
import { Agent, get, request } from 'node:http';
import { Keypair, PublicKey } from '@solana/web3.js';
import { base58Text } from '../../src/core/ids.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { systemClock as clock } from '../../src/system/clock.ts';
import { silentLog as log } from '../../src/system/log.ts';
import { median } from './load.ts';
import { openOwnDaemon } from './own-daemon.ts';

const minutes = Number(process.argv[2] ?? 60);
const WEBHOOKS_A_SECOND = 60;
const CLOSE_EVERY_MS = 3_000;
const SUBSCRIBERS = 20;
const never = new AbortController().signal;
const say = (text: string): boolean => process.stdout.write(`${text}\n`);
const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));

const own = await openOwnDaemon(
  { watch: { backfillEveryMs: 60_000, sweepEveryMs: 10_000, checkEveryMs: 5_000 } },
  { slotMs: 400 },
);
await own.start();
const { world, base, headers, ask } = own;
const { driver } = world;
const creators = Array.from({ length: SUBSCRIBERS }, () => Keypair.generate().publicKey);
const traders = creators.map(() =>
  driver.createTrader({ deposit: 10_000_000_000n, lamports: 500_000_000n }),
);
for (const [index, trader] of traders.entries())
  await own.subscribe(`s${index}`, trader, creators[index] as PublicKey);

const outcomes = new Map<string, number>();
const count = (outcome: string): void =>
  void outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
// An idle connection is left before the daemon leaves it: a request on it would meet its end.
const agent = new Agent({ keepAlive: true, maxSockets: 16, timeout: 20_000 });
const strangers = Array.from({ length: 30 }, () => base58Text(random(32)));
const deliver = (): void => {
  const logMessages = Array.from({ length: 20 }, () => Buffer.from(random(60)).toString('hex'));
  const message = { accountKeys: strangers };
  const transaction = { signatures: [base58Text(random(64))], message };
  const body = JSON.stringify([{ slot: 1, meta: { logMessages, err: null }, transaction }]);
  const sent = request(
    `${base}/webhooks/helius`,
    {
      method: 'POST',
      agent,
      headers: { authorization: own.secret, 'content-length': body.length },
    },
    (answer) => {
      answer.resume();
      answer.on('end', () => count(`webhook ${answer.statusCode}`));
    },
  );
  sent.on('error', (thrown) => count(`webhook ${thrown.message}`));
  sent.end(body);
};
let closes = 0;
const close = (): void => {
  const trader = traders[closes++ % SUBSCRIBERS];
  if (trader === undefined) return;
  driver.movePrice(0, 150_000_000n);
  driver.trade(trader, 'long', 2_000_000_000n);
  driver.movePrice(0, 165_000_000n);
  driver.trade(trader, 'short', 2_000_000_000n, { reduceOnly: true });
  driver.movePrice(0, 150_000_000n);
};
const question = (): void =>
  void ask('/v1/gate/s1').then(
    async (answer) => count(`gate ${((await answer.json()) as { verdict: string }).verdict}`),
    (thrown: Error) => count(`gate ${thrown.message}`),
  );
const reader = (): void => {
  const reading = get(`${base}/v1/gate/stream`, { agent: false, headers }, (answer) => {
    answer.resume();
    answer.on('error', () => {});
  });
  reading.on('error', () => {});
  void clock.sleep(5_000, never).then(() => reading.destroy());
};
/** Repeats work until the soak is over. */
const over = new AbortController();
const every = async (ms: number, work: () => void): Promise<void> => {
  for (; !over.signal.aborted; await clock.sleep(ms, over.signal)) work();
};

type Sample = { rss: number; heap: number; external: number; handles: number; waitedMs: number };
const MIB = 1_024 * 1_024;
async function sample(): Promise<Sample> {
  const text = await (await ask('/metrics')).text();
  const of = (name: string): number =>
    Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  return {
    rss: of('process_resident_memory_bytes') / MIB,
    heap: of('nodejs_heap_size_used_bytes') / MIB,
    external: of('nodejs_external_memory_bytes') / MIB,
    handles: own.descriptors(),
    waitedMs: own.waitedMs(),
  };
}
const shown = ({ rss, heap, external, handles }: Sample): string =>
  `RSS ${rss.toFixed(0)} MiB, heap ${heap.toFixed(0)} MiB, external ${external.toFixed(0)} MiB, ${handles} descriptors`;

/** The part of the time in which the daemon was ready to run and another process had the core. */
const starved = ({ waitedMs }: Sample): string => {
  const part = (100 * (waitedMs - waitedBeforeMs)) / (performance.now() - begunMs);
  return `${part.toFixed(1)} % of the time without a core`;
};

say(`soak of ${minutes} min`);
const begunMs = performance.now();
const waitedBeforeMs = own.waitedMs();
const load = [
  every(1_000 / WEBHOOKS_A_SECOND, deliver),
  every(CLOSE_EVERY_MS, close),
  every(100, question),
  every(500, reader),
];
const samples: Sample[] = [];
for (let minute = 1; minute <= minutes && own.isAlive(); minute++) {
  for (let part = 0; part < 6; part++) {
    await clock.sleep(10_000, never);
    samples.push(await sample());
  }
  const last = samples.at(-1);
  if (last) say(`${minute} min: ${shown(last)}, ${closes} closes, ${starved(last)}`);
}
over.abort();
await Promise.all(load);

const sql = openDatabase(own.databaseUrl, log, 1);
const [counted] = await sql<{ open: number; undigested: number }[]>`
  select (select count(*)::int from profit_share where status <> 'paid') as open,
    (select count(*)::int from delivery where digested_at is null) as undigested`;
for (let tries = 0; tries < 300; tries++) {
  // The last close is booked only once its block is final.
  const [row] = await sql<{ paid: number }[]>`
    select count(*)::int as paid from profit_share where status = 'paid'`;
  if (row?.paid === closes) break;
  await clock.sleep(200, never);
}
const paid = await sql<{ creator_wallet: string; amount: bigint; shares: number }[]>`
  select creator_wallet, sum(amount)::bigint as amount, count(*)::int as shares from profit_share
  where status = 'paid' group by creator_wallet`;
await sql.end();
const owed = paid.reduce((sum, each) => sum + each.amount, 0n);
const held = paid.reduce(
  (sum, each) => sum + (driver.usdcOf(new PublicKey(each.creator_wallet)) ?? 0n),
  0n,
);
const shares = paid.reduce((sum, each) => sum + each.shares, 0);
const { code, ms: stoppedMs } = await own.end('SIGTERM');

/** Medians over a part of the samples, so that one moment before a collection does not count. */
const part = (from: number, to: number): Sample => {
  const own = samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to));
  const of = (name: keyof Sample): number => median(own.map((each) => each[name]));
  return {
    rss: of('rss'),
    heap: of('heap'),
    external: of('external'),
    handles: of('handles'),
    waitedMs: of('waitedMs'),
  };
};
const [start, middle, end] = [part(0, 0.2), part(0.4, 0.6), part(0.8, 1)];
say(`start:  ${shown(start)}`);
say(`middle: ${shown(middle)}`);
say(`end:    ${shown(end)}`);
say(`answers: ${[...outcomes].map(([what, times]) => `${what} ${times}`).join(', ')}`);
say(`${closes} closes, ${shares} shares paid; booked ${owed}, creators hold ${held}`);
say(`at the end of the load ${counted?.open} shares open, ${counted?.undigested} bodies unread`);
say(`SIGTERM: exit ${code} after ${stoppedMs} ms`);
const grown =
  end.heap > middle.heap * 1.25 || end.rss > middle.rss * 1.15 || end.handles > middle.handles + 20;
const failed = [...outcomes.keys()].some(
  (each) => each.startsWith('webhook') && each !== 'webhook 200',
);
if (grown) say('FAILED: memory or descriptors grew from the middle to the end');
if (failed) say('FAILED: webhooks were not all answered 200');
if (owed !== held || shares !== closes) say('FAILED: the books and the chain differ');
await own.close();
process.exit(grown || failed || owed !== held || shares !== closes || code !== 0 ? 1 : 0);
