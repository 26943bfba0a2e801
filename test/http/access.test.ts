// Access: every request has an id, is counted by its route and how it ended, and leaves one line
// without secrets.

import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import { createRoster } from '../../src/core/roster.ts';
import { systemClock } from '../../src/system/clock.ts';
import { createMetrics } from '../../src/system/metrics.ts';
import { createBareServer } from '../support/bare-server.ts';

type Line = { event: string; level: string; fields: Record<string, unknown> };
const lines: Line[] = [];
const note =
  (level: string) =>
  (event: string, fields: Record<string, unknown> = {}): void =>
    void lines.push({ level, event, fields });
const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
// With a clock that only tests move, every request would end by its deadline.
const clock = systemClock;
const roster = createRoster({
  staleAfterMs: 1_000,
  failOpen: false,
  owedForMsMost: null,
  outstandingMost: null,
});

function serve(level: 'off' | 'debug' | 'info', debugging: boolean) {
  const metrics = createMetrics(clock);
  let ms = 0;
  const app = createBareServer({
    log,
    clock,
    gate: { roster, clock, onVerdict: () => {} },
    health: {
      roster,
      pulse: () => ({ ledgerAtMs: null, backlog: null, skewMs: null, halts: [] }) as never,
      findings: () => [],
      clock,
      staleAfterMs: 1_000,
      venue: 'v',
      venues: ['v'],
      network: 'n',
      mode: 'm',
      stuck: () => [],
    },
    metrics: { ...metrics, text: () => Promise.reject(new Error('broken on purpose')) },
    access: {
      count: metrics.request,
      begin: metrics.beginRoute,
      // Each look is 3 ms later than the last.
      elapsedMs: () => (ms += 3),
      level,
      debugging,
      idPrefix: 'p',
    },
  });
  return { app, metrics };
}

let served: ReturnType<typeof serve>;
let port: number;
beforeAll(async () => {
  served = serve('info', false);
  served.app.get('/refusing', { config: { scope: 'public' } }, async () => {
    throw new Fault('not_ready', 'on purpose');
  });
  await served.app.listen({ host: '127.0.0.1', port: 0 });
  ({ port } = served.app.server.address() as AddressInfo);
});
afterAll(() => served.app.close());
beforeEach(() => {
  lines.length = 0;
});
const ask = (path: string, init: RequestInit = {}) =>
  fetch(`http://127.0.0.1:${port}${path}`, init);
const counted = async (series: string): Promise<number | null> => {
  const found = (await served.metrics.text())
    .split('\n')
    .find((each) => each.startsWith(`${series} `));
  return found === undefined ? null : Number(found.slice(series.length + 1));
};
const total = (route: string, method: string, outcome: string) =>
  counted(`bailiff_http_requests_total{route="${route}",method="${method}",outcome="${outcome}"}`);
const line = () =>
  expect
    .poll(() => lines.filter((each) => each.event === 'http.request').length)
    .toBe(1)
    .then(() => lines.find((each) => each.event === 'http.request') as Line);

describe('ids', () => {
  test.each([
    ['an id within the bound', 'trace.1:a_b-C', 'trace.1:a_b-C'],
    ['the longest one', 'x'.repeat(64), 'x'.repeat(64)],
    ['one that is too long', 'x'.repeat(65), null],
    ['one with a space', 'a b', null],
    ['one that would break a log line', 'a"b', null],
    ['none', undefined, null],
  ])('%s', async (_name, given, kept) => {
    const paths = ['/v1/gate/ana', '/health/live', '/nowhere', '/v1/shares?limit=x', '/%zz'];
    for (const path of paths) {
      const headers = given === undefined ? {} : { 'x-request-id': given };
      const answer = await ask(path, { headers });
      await answer.arrayBuffer();
      const id = answer.headers.get('x-request-id');
      if (kept === null) expect(id, path).toMatch(/^p-[0-9a-z]+$/);
      else expect(id, path).toBe(kept);
    }
  });

  test('are different for every request, and stand in the line and with the error', async () => {
    const ids = new Set<string | null>();
    for (let n = 0; n < 20; n++) ids.add((await ask('/health/live')).headers.get('x-request-id'));
    expect(ids.size).toBe(20);
    const failed = await ask('/metrics', { headers: { 'x-request-id': 'mine' } });
    expect(failed.status).toBe(500);
    const line = lines.find((each) => each.event === 'http.failed');
    expect(line).toMatchObject({ level: 'error', fields: { request: 'mine' } });
    expect(line?.fields.err).toBeDefined();
  });

  test('stand in a line without a stack where the failure passes by itself', async () => {
    const failed = await ask('/refusing', { headers: { 'x-request-id': 'later' } });
    expect(failed.status).toBe(503);
    const line = lines.find((each) => each.event === 'http.failed');
    expect(line).toMatchObject({ level: 'warn', fields: { request: 'later' } });
    expect(line?.fields).not.toHaveProperty('err');
  });
});

describe('counters', () => {
  test('begin at 0 for every route', async () => {
    for (const [route, method] of [
      ['/v1/shares/:id/void', 'POST'],
      ['/v1/gate/:subscriber', 'GET'],
      ['/webhooks/helius', 'POST'],
    ] as const) {
      expect(await total(route, method, '5xx'), route).toBe(0);
      const seconds = `bailiff_http_request_seconds_count{route="${route}",method="${method}"}`;
      expect(await counted(seconds), route).not.toBeNull();
    }
  });

  test.each([
    ['/v1/gate/ana', 'GET', '/v1/gate/:subscriber', '2xx'],
    ['/v1/gate/ana?action=close&x', 'GET', '/v1/gate/:subscriber', '4xx'],
    ['/v1/shares?limit=x', 'GET', '/v1/shares', '4xx'],
    ['/v1/shares/abc/explanation?x=1', 'GET', '/v1/shares/:id/explanation', '4xx'],
    ['/metrics', 'GET', '/metrics', '5xx'],
    ['/nowhere/at/all', 'GET', 'unknown', '4xx'],
    ['/%zz', 'GET', 'unknown', '4xx'],
    ['/nowhere', 'PROPFIND', 'unknown', '4xx'],
  ])('%s %s counts as %s %s', async (path, method, route, outcome) => {
    const known = method === 'PROPFIND' ? 'OTHER' : method;
    const before = (await total(route, known, outcome)) ?? 0;
    await (await ask(path, { method })).arrayBuffer();
    await expect.poll(() => total(route, known, outcome)).toBe(before + 1);
  });

  test('the gate for many counts once, also where Fastify answers it', async () => {
    const before = await total('/v1/gate', 'POST', '2xx');
    const refused = await total('/v1/gate', 'POST', '4xx');
    const headers = { 'content-type': 'application/json' };
    for (const body of ['{"subscribers":["ana"]}', '{"subscribers":[1]}'])
      await (await ask('/v1/gate', { method: 'POST', headers, body })).arrayBuffer();
    await expect.poll(() => total('/v1/gate', 'POST', '4xx')).toBe((refused ?? 0) + 1);
    expect(await total('/v1/gate', 'POST', '2xx')).toBe((before ?? 0) + 1);
  });

  test('durations are those between head and end, by a time that never goes back', async () => {
    const series = (name: string) =>
      counted(`bailiff_http_request_seconds_${name}{route="/health/live",method="GET"}`);
    const [sum, count] = [(await series('sum')) ?? 0, (await series('count')) ?? 0];
    await (await ask('/health/live')).arrayBuffer();
    await expect.poll(() => series('count')).toBe(count + 1);
    expect(((await series('sum')) ?? 0) - sum).toBeCloseTo(0.003, 6);
  });

  test('bytes that are no request are counted', async () => {
    const before = (await total('unreadable', 'OTHER', '4xx')) ?? 0;
    const socket = connect(port, '127.0.0.1');
    socket.resume().end('nonsense\r\n\r\n');
    await expect.poll(() => total('unreadable', 'OTHER', '4xx')).toBe(before + 1);
  });

  test('a request that the client gave up is counted as that', async () => {
    const before = (await total('/v1/halts', 'PUT', 'aborted')) ?? 0;
    const socket = connect(port, '127.0.0.1');
    const head = ['PUT /v1/halts HTTP/1.1', 'host: localhost', 'content-type: application/json'];
    socket.write([...head, 'content-length: 10', '', 'half'].join('\r\n'), () =>
      setTimeout(() => socket.destroy(), 20),
    );
    await expect.poll(() => total('/v1/halts', 'PUT', 'aborted')).toBe(before + 1);
  });
});

describe('lines', () => {
  test('one a request, with its id, route, path, status, duration and who asked', async () => {
    const answer = await ask('/v1/shares/share-1/explanation?limit=secret', {
      headers: { 'x-request-id': 'r1', authorization: 'Bearer bailiff_abc_0123456789abcdef01' },
    });
    expect(answer.status).toBe(400);
    expect(await line()).toEqual({
      level: 'info',
      event: 'http.request',
      fields: {
        request: 'r1',
        method: 'GET',
        route: '/v1/shares/:id/explanation',
        path: '/v1/shares/share-1/explanation',
        status: 400,
        ended: true,
        ms: expect.any(Number),
        actor: 'anyone',
        from: '127.0.0.1',
      },
    });
  });

  test.each([
    [`/v1/shares/${'5'.repeat(88)}`],
    ['/v1/shares/bailiff_0123456789ab_0123456789abcdef01'],
    ['/v1/shares?api-key=0123456789abcdef01'],
    ['/nowhere/0123456789abcdef01?token=0123456789abcdef01'],
  ])('hold no secret that a client put into %s', async (path) => {
    await (await ask(path)).arrayBuffer();
    const text = JSON.stringify(await line());
    expect(text).not.toContain('5'.repeat(65));
    expect(text.replace('/nowhere/0123456789abcdef01', '')).not.toContain('0123456789abcdef01');
  });

  test('of the gate, health, metrics and webhooks are left out at info', async () => {
    for (const path of ['/v1/gate/ana', '/health/ready', '/metrics', '/webhooks/helius'])
      await (await ask(path, { method: path.startsWith('/web') ? 'POST' : 'GET' })).arrayBuffer();
    await (await ask('/nowhere')).arrayBuffer();
    expect((await line()).fields.route).toBe('unknown');
  });

  test.each([
    ['info', true, 'debug', 1],
    ['debug', true, 'debug', 2],
    ['debug', false, null, 0],
    ['off', true, null, 0],
  ] as const)('level %s with debug %s', async (level, debugging, wanted, count) => {
    const other = serve(level, debugging);
    onTestFinished(() => other.app.close());
    await other.app.listen({ host: '127.0.0.1', port: 0 });
    const at = `http://127.0.0.1:${(other.app.server.address() as AddressInfo).port}`;
    await (await fetch(`${at}/v1/gate/ana`)).arrayBuffer();
    await (await fetch(`${at}/nowhere`)).arrayBuffer();
    await other.app.close();
    const seen = lines.filter((each) => each.event === 'http.request');
    expect(seen.filter((each) => each.level === wanted)).toHaveLength(count);
    expect(seen).toHaveLength(level === 'info' ? 2 : count);
  });
});
