// Hedging: what the gate waits for is asked of a second node when the first one is late. The first
// answer counts, the other request is ended, and nothing is held against its node. Real HTTP where
// a request is ended; else nodes whose answers the test gives by hand.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createAnswerReader, USUAL_BOUNDS } from '../../src/chain/answer.ts';
import { askedBy } from '../../src/chain/asker.ts';
import { createLatency } from '../../src/chain/latency.ts';
import { createPool } from '../../src/chain/pool.ts';
import { listening, within } from '../../src/chain/rpc.ts';

const READ = JSON.stringify({
  method: 'getTransaction',
  params: ['x', { commitment: 'confirmed' }],
});

/** A clock whose sleeps end when the test says so. */
function heldClock() {
  const sleeps: { readonly ms: number; readonly end: () => void }[] = [];
  return {
    sleeps,
    nowMs: () => 0,
    elapsedMs: () => 0,
    sleep: (ms: number, signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve());
        sleeps.push({ ms, end: resolve });
      }),
  };
}
type Held = {
  readonly answer: (body: string, status?: number) => void;
  readonly signal: AbortSignal | null;
};
function poolOfTwo(methodsAtOnce: Record<string, number> = {}) {
  const clock = heldClock();
  const held: Record<string, Held[]> = { first: [], second: [] };
  const nodes = ['first', 'second'].map((name) => ({
    name,
    send: (_url: unknown, init?: RequestInit) =>
      new Promise<Response>((resolve, reject) => {
        const signal = init?.signal ?? null;
        signal?.addEventListener('abort', () => reject(new Error('ended')));
        held[name]?.push({
          answer: (body, status = 200) => resolve(new Response(body, { status })),
          signal,
        });
      }),
  }));
  const pool = createPool(nodes, clock, { hedge: true, methodsAtOnce });
  const ask = (asker: string, body = READ) =>
    askedBy(asker, () => pool.send('http://node', { method: 'POST', body })).then((answer) =>
      answer.text(),
    );
  const late = async (): Promise<void> => {
    await expect.poll(() => clock.sleeps.length).toBe(1);
    clock.sleeps[0]?.end();
  };
  return { pool, clock, held, ask, late };
}

test('a late read of the gate goes to a second node, whose answer counts; the first one is given up', async () => {
  const { pool, clock, held, ask, late } = poolOfTwo();
  const answer = ask('scan');
  await late();
  // Few requests are known, so the first node has a whole second.
  expect(clock.sleeps[0]?.ms).toBe(1_000);
  await expect.poll(() => held.second?.length).toBe(1);
  held.second?.[0]?.answer('from the second');
  expect(await answer).toBe('from the second');
  expect(held.first?.[0]?.signal?.aborted).toBe(true);
  await expect.poll(() => pool.status()[0]).toMatchObject({ underWay: 0, restsMs: 0 });
  expect(pool.status()[1]).toMatchObject({ hedges: 1, hedgesWon: 1 });
});

test('when the first node answers after all, the second request is given up', async () => {
  const { pool, held, ask, late } = poolOfTwo();
  const answer = ask('ahead');
  await late();
  await expect.poll(() => held.second?.length).toBe(1);
  held.first?.[0]?.answer('from the first');
  expect(await answer).toBe('from the first');
  expect(held.second?.[0]?.signal?.aborted).toBe(true);
  expect(pool.status()[1]).toMatchObject({ hedges: 1, hedgesWon: 0, restsMs: 0 });
});

test('a failure of one of the two is not the outcome while the other may still answer', async () => {
  const { held, ask, late } = poolOfTwo();
  const answer = ask('inspect');
  await late();
  await expect.poll(() => held.second?.length).toBe(1);
  held.first?.[0]?.answer('broken', 503);
  held.second?.[0]?.answer('from the second');
  expect(await answer).toBe('from the second');
});

test('the first node’s answer counts where the second had failed before', async () => {
  const { held, ask, late } = poolOfTwo();
  const answer = ask('inspect');
  await late();
  await expect.poll(() => held.second?.length).toBe(1);
  held.second?.[0]?.answer('broken', 503);
  await new Promise(setImmediate);
  held.first?.[0]?.answer('from the first');
  expect(await answer).toBe('from the first');
  expect(held.second?.length).toBe(1);
});

test.each([
  ['a read that nobody at the gate waits for', 'backfill', READ],
  ['a finalized read', 'inspect', READ.replace('confirmed', 'finalized')],
  [
    'a transaction that is sent',
    'inspect',
    JSON.stringify({ method: 'sendTransaction', params: ['confirmed'] }),
  ],
])('%s is put to one node', async (_, asker, body) => {
  const { pool, clock, held, ask } = poolOfTwo();
  const answer = ask(asker, body);
  await expect.poll(() => held.first?.length).toBe(1);
  held.first?.[0]?.answer('x');
  expect(await answer).toBe('x');
  expect(clock.sleeps).toEqual([]);
  expect(pool.status()[1]?.hedges).toBe(0);
});

test('requests of a method beyond its bound wait, and others do not', async () => {
  const { held, ask } = poolOfTwo({ getTransaction: 1 });
  const one = ask('backfill');
  await expect.poll(() => held.first?.length).toBe(1);
  const two = ask('backfill');
  const other = ask('backfill', JSON.stringify({ method: 'getSlot' }));
  await expect.poll(() => held.first?.length).toBe(2);
  held.first?.[1]?.answer('a slot');
  expect(await other).toBe('a slot');
  expect(held.first?.length).toBe(2);
  held.first?.[0]?.answer('one');
  expect(await one).toBe('one');
  await expect.poll(() => held.first?.length).toBe(3);
  held.first?.[2]?.answer('two');
  expect(await two).toBe('two');
});

test('a node is late after the 95th percentile of its latest requests of the method', () => {
  const latency = createLatency();
  expect(latency.lateAfterMs('getSlot')).toBe(1_000);
  for (let ms = 1; ms <= 100; ms++) latency.note('getSlot', ms);
  // The 64 latest took 37 to 100 ms.
  expect(latency.lateAfterMs('getSlot')).toBe(96);
  expect(latency.lateAfterMs('getTransaction')).toBe(1_000);
  for (let n = 0; n < 64; n++) latency.note('getSlot', 1);
  expect(latency.lateAfterMs('getSlot')).toBe(20);
});

test('a request that is given up ends its connection, and counts as given up', async () => {
  const ended = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const server = createServer((request) => {
    reached.resolve();
    request.on('close', () => ended.resolve());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const outcomes: string[] = [];
  const send = listening(
    `http://127.0.0.1:${port}`,
    ({ method, source, outcome }) => outcomes.push(`${source} ${method} ${outcome}`),
    () => 0,
    within({ answerMs: 60_000, read: createAnswerReader(USUAL_BOUNDS) }),
  );
  const givenUp = new AbortController();
  const asked = askedBy('scan', () =>
    send('', { method: 'POST', body: READ, signal: givenUp.signal }),
  );
  await reached.promise;
  givenUp.abort();
  await expect(asked).rejects.toThrow();
  await ended.promise;
  server.close();
  expect(outcomes).toEqual(['scan getTransaction given_up']);
});
