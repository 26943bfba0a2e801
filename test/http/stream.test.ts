// Stream: several daemons on one Postgres send the same changes in the same order; a reader that
// comes back receives the changes that it missed; a reader that is too slow is dropped; and the
// gate client decides as the daemon does, or says that it cannot.
import { connect } from 'node:net';
import { Keypair } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { route } from '../../examples/engine.ts';
import { startApp } from '../../src/app.ts';
import { createGateClient, type GateState } from '../../src/gate-client/client.ts';
import { createEventReader, type ServerEvent } from '../../src/gate-client/events.ts';
import { systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { manyRunaways, manySubscribers } from '../support/crowds.ts';
import { openStreet, profitableClose } from '../support/street.ts';

/** Reads a stream until `enough`, and returns its events. */
async function read(
  url: string,
  enough: (events: ServerEvent[]) => boolean,
  since?: string,
): Promise<ServerEvent[]> {
  const ending = new AbortController();
  const response = await fetch(`${url}/v1/gate/stream`, {
    signal: ending.signal,
    ...(since === undefined ? {} : { headers: { 'last-event-id': since } }),
  });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const parse = createEventReader();
  const decoder = new TextDecoder();
  const events: ServerEvent[] = [];
  for await (const chunk of response.body ?? []) {
    events.push(...parse(decoder.decode(chunk, { stream: true })));
    if (enough(events)) break;
  }
  ending.abort();
  return events;
}
const changes = (events: ServerEvent[]) =>
  events
    .filter((each) => each.event === 'change')
    .map(
      (each) => JSON.parse(each.data) as { revision: string; subscriber: string; standing: string },
    );
const isLive = (events: ServerEvent[]) => events.some((each) => each.event === 'live');

test('hydration, then every change by gapless revision, the same from two daemons', async () => {
  await using street = await openStreet();
  const { driver } = street;
  const secrets = { ...street.settings.secrets, heliusApiKey: null };
  const second = await startApp({ ...street.settings, secrets }, systemClock, silentLog);
  const urls = [street.app().url, second.url];
  const told = urls.map((url) => read(url, (events) => changes(events).length >= 5));
  const traders = ['ana', 'bo'].map(() =>
    driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n }),
  );
  await street.subscribe('ana', traders[0] as never, Keypair.generate().publicKey);
  await street.subscribe('bo', traders[1] as never, Keypair.generate().publicKey);
  profitableClose(driver, traders[0] as never);
  await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
  driver.withdrawTo(traders[0] as never, Keypair.generate().publicKey, 10_000_000n);
  await street.standing('ana', 'delinquent');
  profitableClose(driver, traders[1] as never);
  const raw = await Promise.all(told);
  const [one, other] = raw.map(changes);
  const idOf = (events: ServerEvent[] | undefined, revision: number) =>
    events?.find((each) => each.id?.startsWith(`${revision}:`))?.id ?? undefined;
  expect(idOf(raw[0], 2)).toBe(idOf(raw[1], 2));
  expect(one?.slice(0, 5)).toEqual(other?.slice(0, 5));
  expect(one?.slice(0, 5).map((each) => Number(each.revision))).toEqual([1, 2, 3, 4, 5]);

  const late = await read(urls[1] ?? '', isLive, idOf(raw[0], 2));
  expect(late.some((each) => each.event === 'entries')).toBe(false);
  expect(Number(changes(late)[0]?.revision)).toBe(3);
  // An id of an earlier release says nothing of the ledger that it came from: everything is sent.
  const fresh = await read(urls[0] ?? '', isLive, '2');
  const entries = fresh
    .filter((each) => each.event === 'entries')
    .flatMap((each) => JSON.parse(each.data) as { subscriber: string; standing: string }[]);
  expect(entries.map((each) => [each.subscriber, each.standing]).sort()).toEqual([
    ['ana', 'delinquent'],
    ['bo', 'good'],
  ]);
  await second.close();
});

test('an engine with the client denies a runaway, goes stale when the daemon is gone, and comes back', async () => {
  await using street = await openStreet({
    settings: (given) => ({ ...given, gate: { ...given.gate, staleAfterMs: 3_000 } }),
  });
  const { driver } = street;
  const port = Number(new URL(street.app().url).port);
  const trader = driver.createTrader({ deposit: 1_000_000_000n, lamports: 0n });
  await street.subscribe('ana', trader, Keypair.generate().publicKey);
  const states: GateState[] = [];
  const gate = createGateClient({ url: street.app().url, onState: (state) => states.push(state) });
  expect(gate.decide('ana', 'open')).toMatchObject({ verdict: 'unknown', allow: false });
  expect(gate.decide('ana', 'close').allow).toBe(true);
  await gate.ready();
  await expect.poll(() => gate.decide('ana', 'open').verdict).toBe('allow');
  expect(gate.decide('nobody', 'open').verdict).toBe('deny');
  profitableClose(driver, trader);
  await street.share('ana', (each) => each.reason?.code === 'agent_needs_sol');
  driver.withdrawTo(trader, Keypair.generate().publicKey, 10_000_000n);
  await expect.poll(() => gate.decide('ana', 'open').verdict).toBe('deny');
  const signal = { copiers: ['ana'] };
  expect(route(gate, { action: 'open', ...signal }).skipped[0]?.why).toContain(
    'Withdrew 10.000000 USDC',
  );
  expect(route(gate, { action: 'close', ...signal }).copied).toEqual(['ana']);
  expect(gate.decide(trader.agent.publicKey.toBase58(), 'open').verdict).toBe('deny');
  const { reason } = await street.gate('ana');
  expect(gate.decide('ana', 'open').reason).toBe(reason);

  await street.stop();
  await expect.poll(() => gate.state).toBe('stale');
  await expect
    .poll(() => gate.decide('bo', 'open').reason)
    .toMatch(/^The stream from Bailiff broke off \d+ s ago: /);
  await expect.poll(() => gate.decide('bo', 'open').verdict).toBe('unknown');
  const again = await startApp(
    { ...street.settings, http: { ...street.settings.http, port } },
    systemClock,
    silentLog,
  );
  await expect.poll(() => gate.state).toBe('live');
  expect(gate.decide('ana', 'open').verdict).toBe('deny');
  gate.close();
  const told = states.filter((each, at) => each !== states[at - 1]);
  expect(told).toEqual(
    ['hydrating', 'live', 'reconnecting', 'stale', 'live', 'closed'].slice(
      states[0] === 'live' ? 1 : 0,
    ),
  );
  await again.close();
});

test('a reader that does not read is dropped, and holds nobody up', async () => {
  await using street = await openStreet();
  const { database } = street;
  // Thirty thousand subscribers are more than may wait for one reader.
  await manySubscribers(database, 30_000);
  await street.restart();
  const { port } = new URL(street.app().url);
  const slow = connect(Number(port), '127.0.0.1');
  slow.pause();
  slow.on('error', () => {});
  const closed = new Promise((resolve) => slow.once('close', resolve));
  slow.write('GET /v1/gate/stream HTTP/1.1\r\nHost: localhost\r\n\r\n');
  let told = 0n;
  let live = false;
  let enough = false;
  const brisk = read(street.app().url, (events) => {
    live ||= isLive(events);
    told = BigInt(events.findLast(({ id }) => id !== null)?.id?.split(':')[0] ?? 0n);
    return enough;
  });
  await expect.poll(() => live).toBe(true);
  // The kernel's buffer for the slow reader is full at some time; the other reader gets every
  // change meanwhile.
  const dropped = async (): Promise<boolean> =>
    (await (await fetch(`${street.app().url}/metrics`)).text()).includes(
      'bailiff_events_total{event="stream.reader_dropped",level="warn"} 1',
    );
  let last = 30_000n;
  while (!(await dropped())) {
    await manyRunaways(database, 2_000);
    last += 2_000n;
    await expect.poll(() => told).toBe(last);
  }
  enough = true;
  const revisions = changes(await brisk).map((each) => BigInt(each.revision));
  expect(revisions).toEqual(
    Array.from({ length: Number(last) - 30_000 }, (_, at) => BigInt(at + 30_001)),
  );
  await street.verdict('s7', 'deny');
  slow.resume();
  await closed;
});

test('a beat tells the ledger’s time, also from a machine whose clock is an hour ahead', async () => {
  const hourMs = 3_600_000;
  const ahead = { ...systemClock, nowMs: () => systemClock.nowMs() + hourMs };
  await using street = await openStreet();
  const secrets = { ...street.settings.secrets, heliusApiKey: null };
  const second = await startApp({ ...street.settings, secrets }, ahead, silentLog);
  const events = await read(second.url, (all) => all.some((each) => each.event === 'beat'));
  await second.close();
  const beat = events.find((each) => each.event === 'beat');
  const { now } = JSON.parse(beat?.data ?? '{}') as { now: string };
  expect(Math.abs(Date.parse(now) - systemClock.nowMs())).toBeLessThan(hourMs / 2);
});
