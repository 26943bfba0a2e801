// Pool: a node that fails or asks for a pause is left alone while another one answers, and a 429
// narrows the window of requests under way.
import { expect, test } from 'vitest';
import { createPool } from '../../src/chain/pool.ts';
import { retryAfterMs } from '../../src/chain/pool-member.ts';
import { Fault } from '../../src/core/fault.ts';
import { createManualClock } from '../support/clock.ts';

type Answer = () => Response | Promise<Response>;
const ok = (by: string): Response => new Response(by);
const tooMany = (seconds?: string): Response =>
  new Response('', {
    status: 429,
    ...(seconds === undefined ? {} : { headers: { 'retry-after': seconds } }),
  });

/** A pool of nodes whose answers can be changed while it runs, and how often each was asked. */
function poolOf(...names: string[]) {
  return weighted(names.map((name) => ({ name })));
}
function weighted(nodes: readonly { name: string; weight?: number }[]) {
  const names = nodes.map((each) => each.name);
  const clock = createManualClock();
  const answers = new Map<string, Answer>(names.map((name) => [name, () => ok(name)]));
  const asked: string[] = [];
  const pool = createPool(
    nodes.map(({ name, ...weight }) => ({
      name,
      ...weight,
      send: async () => {
        asked.push(name);
        return answers.get(name)?.() ?? expect.fail(`${name} is no node`);
      },
    })),
    clock,
  );
  const ask = async () => (await pool.send('http://node')).text();
  return { pool, clock, answers, asked, ask };
}

test('the first node is asked while it answers, and the next one while it fails', async () => {
  const { answers, asked, ask, clock } = poolOf('first', 'second');
  expect(await ask()).toBe('first');
  answers.set('first', () => Promise.reject(new TypeError('connection refused')));
  expect(await ask()).toBe('second');
  expect(await ask()).toBe('second');
  answers.set('first', () => ok('first'));
  clock.advance(2_000);
  expect(await ask()).toBe('first');
  expect(asked).toEqual(['first', 'first', 'second', 'second', 'first']);
});

test.each([-32005, -32603, -32019])(
  'a request that a node answers with its own trouble %i goes to the next node',
  async (code) => {
    const { answers, asked, ask } = poolOf('first', 'second');
    const trouble = `{"jsonrpc":"2.0","id":1,"error":{"code":${code},"message":"trouble"}}`;
    answers.set('first', () => new Response(trouble));
    expect(await ask()).toBe('second');
    // One question may be too much for the node: the next one is put to it again.
    answers.set('first', () => ok('first'));
    expect(await ask()).toBe('first');
    expect(asked).toEqual(['first', 'second', 'first']);
    for (const name of ['first', 'second']) answers.set(name, () => new Response(trouble));
    expect(await ask()).toBe(trouble);
  },
);

test.each([401, 403])(
  'a node that answers %i rests, because it refuses its key',
  async (status) => {
    const { answers, asked, ask } = poolOf('first', 'second');
    answers.set('first', () => new Response('invalid api key', { status }));
    expect(await ask()).toBe('second');
    expect(await ask()).toBe('second');
    expect(asked).toEqual(['first', 'second', 'second']);
    const alone = poolOf('first');
    alone.answers.set('first', () => new Response('invalid api key', { status }));
    expect(await alone.ask()).toBe('invalid api key');
  },
);

test('a node that answers 5xx rests, and is asked nevertheless when no other one answers', async () => {
  const { answers, asked, ask, pool } = poolOf('first', 'second');
  for (const name of ['first', 'second'])
    answers.set(name, () => new Response('', { status: 503 }));
  expect((await pool.send('http://node')).status).toBe(503);
  answers.set('second', () => ok('second'));
  expect(await ask()).toBe('second');
  expect(asked).toEqual(['first', 'second', 'first', 'second']);
});

test('Retry-After is obeyed: meanwhile the second node is asked, and the first one not', async () => {
  const { answers, asked, ask, clock, pool } = poolOf('first', 'second');
  answers.set('first', () => tooMany('3'));
  expect(await ask()).toBe('second');
  answers.set('first', () => ok('first'));
  clock.advance(2_999);
  expect(await ask()).toBe('second');
  expect(pool.status()[0]).toMatchObject({ name: 'first', restsMs: 1, limited: 1 });
  clock.advance(1);
  expect(await ask()).toBe('first');
  expect(asked).toEqual(['first', 'second', 'second', 'first']);
});

test('one node alone: a request waits for the pause to end, and for a long one it fails at once', async () => {
  const { answers, asked, ask, clock } = poolOf('only');
  answers.set('only', () => (asked.length === 1 ? tooMany('2') : ok('only')));
  const beganMs = clock.nowMs();
  expect(await ask()).toBe('only');
  expect(clock.nowMs() - beganMs).toBe(2_000);
  answers.set('only', () => tooMany('20'));
  expect(await ask()).toBe('');
  await expect(ask()).rejects.toMatchObject({ code: 'rpc_unavailable' });
  expect(asked).toHaveLength(3);
});

test('a 429 halves the window of requests under way, and answers widen it again', async () => {
  const { answers, pool, clock } = poolOf('first', 'second');
  const held: ((answer: Response) => void)[] = [];
  answers.set('first', () => new Promise((answer) => held.push(answer)));
  const all = Array.from({ length: 40 }, () => pool.send('http://node'));
  await expect.poll(() => held.length).toBe(40);
  for (const answer of held) answer(tooMany());
  await Promise.all(all);
  expect(pool.status()[0]).toMatchObject({ window: 20, underWay: 0, limited: 40 });
  clock.advance(1_000);
  held.length = 0;
  const next = Array.from({ length: 30 }, () => pool.send('http://node'));
  await expect.poll(() => held.length).toBe(20);
  for (const answer of held.splice(0)) answer(ok('first'));
  await expect.poll(() => held.length).toBe(10);
  for (const answer of held.splice(0)) answer(ok('first'));
  await Promise.all(next);
  expect(pool.status()[0]?.window).toBe(21);
});

test('a node of another chain is left alone; when all are, that is what is said', async () => {
  const { answers, ask } = poolOf('first', 'second');
  const foreign = () => Promise.reject(new Fault('chain_foreign', 'another chain'));
  answers.set('first', foreign);
  expect(await ask()).toBe('second');
  answers.set('second', foreign);
  await expect(ask()).rejects.toMatchObject({ code: 'chain_foreign' });
});

test.each([
  ['2', 2_000],
  ['0.5', 500],
  ['Thu, 01 Jan 1970 00:00:04 GMT', 3_000],
  ['900', 30_000],
  ['soon', 1_000],
  ['-4', 1_000],
])('Retry-After %s is a pause of %i ms', (given, ms) => {
  expect(retryAfterMs(tooMany(given), 1_000)).toBe(ms);
});

test('nodes share requests by their weights, and the share of one that rests goes to the others', async () => {
  const { answers, asked, ask, clock } = weighted([
    { name: 'first', weight: 3 },
    { name: 'second', weight: 1 },
    { name: 'third', weight: 1 },
  ]);
  const shareOf = (name: string): number => asked.filter((each) => each === name).length;
  for (let n = 0; n < 100; n++) await ask();
  expect([shareOf('first'), shareOf('second'), shareOf('third')]).toEqual([60, 20, 20]);
  answers.set('first', () => Promise.reject(new TypeError('connection refused')));
  await ask();
  asked.length = 0;
  for (let n = 0; n < 50; n++) await ask();
  expect([shareOf('first'), shareOf('second') + shareOf('third')]).toEqual([0, 50]);
  expect(Math.abs(shareOf('second') - shareOf('third'))).toBeLessThanOrEqual(1);
  // After its rest the node gets its share of the requests again, and no more.
  answers.set('first', () => ok('first'));
  clock.advance(2_000);
  asked.length = 0;
  for (let n = 0; n < 50; n++) await ask();
  expect(Math.abs(shareOf('first') - 30)).toBeLessThanOrEqual(3);
});

test('a node that fails again and again rests twice as long each time, 30 s at most', async () => {
  const { answers, asked, ask, clock, pool } = poolOf('first', 'second');
  answers.set('first', () => Promise.reject(new TypeError('connection refused')));
  const rests: number[] = [];
  for (let n = 0; n < 6; n++) {
    await ask();
    const restMs = pool.status()[0]?.restsMs ?? 0;
    rests.push(restMs);
    clock.advance(restMs);
  }
  expect(rests).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  // After one answer the node is preferred again.
  answers.set('first', () => ok('first'));
  expect(await ask()).toBe('first');
  answers.set('first', () => Promise.reject(new TypeError('connection refused')));
  expect(await ask()).toBe('second');
  expect(pool.status()[0]?.restsMs).toBe(2_000);
  expect(asked.at(-1)).toBe('second');
});
