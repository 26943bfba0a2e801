// Scopes: every route is held to the scope that it declares, however its path is spelled.
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import Fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { covers, SCOPES, type Scope } from '../../src/core/api-key.ts';
import { enforceScopes, type RouteScope } from '../../src/http/scopes.ts';
import { systemClock } from '../../src/system/clock.ts';
import { createBareServer } from '../support/bare-server.ts';

/** Authorization header for each kind of caller: a key with one scope, or no key. */
const CALLERS = [...SCOPES, 'none'] as const;
type Caller = (typeof CALLERS)[number];
const headerOf = (caller: Caller) => (caller === 'none' ? undefined : `Bearer ${caller}`);
const authority = {
  permits: (header: string | undefined, asked: Scope) => {
    const scope = SCOPES.find((each) => header === `Bearer ${each}`);
    if (scope === undefined) return 'unknown' as const;
    return covers([scope], asked) ? ('yes' as const) : ('no' as const);
  },
  actor: () => 'someone',
  budget: () => 'someone',
  refresh: async () => {},
  onRead: () => () => {},
};
const routes: { method: string; url: string; scope: RouteScope }[] = [];
const acts = { begin: async () => ({ kind: 'begun', id: 1n }), end: async () => {} } as never;
const decision = {
  verdict: 'unknown',
  allow: false,
  reason: '',
  standing: null,
  outstanding: null,
  owed: null,
};
const more = { evidence: null, asOfSlot: null, revision: null, stale: true, failOpen: false };
const gate = {
  roster: { decide: () => ({ ...decision, ...more }) },
  clock: systemClock,
  onVerdict: () => {},
} as never;
const app = createBareServer({ authority, acts, gate });
app.addHook('onRoute', ({ method, url, config }) => {
  for (const each of [method].flat())
    routes.push({ method: each, url, scope: config?.scope as RouteScope });
});
let port = 0;
beforeAll(async () => {
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  port = typeof address === 'object' ? (address?.port ?? 0) : 0;
});
afterAll(() => app.close());

/** Sends the target exactly as it is written, and resolves with the status of the answer. */
const status = (method: string, target: string, caller: Caller): Promise<number> =>
  new Promise((resolve, reject) => {
    const authorization = headerOf(caller);
    const asked = httpRequest(
      {
        host: '127.0.0.1',
        port,
        method,
        path: target,
        headers: {
          connection: 'close',
          ...(authorization === undefined ? {} : { authorization }),
          ...(method === 'GET' || method === 'HEAD' ? {} : { 'content-length': '0' }),
        },
      },
      (answer) => {
        // A stream never ends by itself.
        answer.destroy();
        resolve(answer.statusCode ?? 0);
      },
    );
    asked.on('error', reject);
    asked.end();
  });

const hex = (letter: string): string => `%${letter.charCodeAt(0).toString(16)}`;
/** Ways to write a path that a router or a proxy may take for the same one. */
const spellings = (path: string): string[] => {
  const segments = path.split('/').filter((each) => each !== '');
  const last = segments.at(-1) ?? '';
  return [
    path,
    `${path}?x=1`,
    `${path}/`,
    `/${segments.map((each) => `${hex(each[0] ?? 'x')}${each.slice(1)}`).join('/')}`,
    `/${[...segments.slice(0, -1), `${last.slice(0, -1)}${hex(last.at(-1) ?? 'x').toUpperCase()}`].join('/')}`,
    `/${segments.join('//')}`,
    `/./${segments.join('/')}`,
    `/v1/gate/../${segments.slice(1).join('/')}`,
    `/v1/gate/..%2f${segments.slice(1).join('/')}`,
    path.toUpperCase(),
    `${path};x=1`,
    `http://127.0.0.1${path}`,
    `http://other.example${path}?a=b`,
  ];
};
const pathOf = (url: string): string => url.replace(/:\w+/g, 'x');

describe('every route', () => {
  test('declares a scope, and all the scopes there are occur', () => {
    expect(routes.filter((each) => each.scope === undefined)).toEqual([]);
    expect([...new Set(routes.map((each) => each.scope))].sort()).toEqual(
      ['public', 'webhook', ...SCOPES].sort(),
    );
  });

  test('operators alone may halt, void, accept, audit and read metrics', () => {
    const operator = routes.filter((each) => each.scope === 'operator');
    expect([...new Set(operator.map((each) => each.url))].sort()).toEqual([
      '/metrics',
      '/v1/adoptions',
      '/v1/audit',
      '/v1/audit/lost',
      '/v1/halts',
      '/v1/halts/:scope',
      '/v1/hearing',
      '/v1/hearing/acceptances',
      '/v1/hearing/rescans',
      '/v1/hearing/reviews',
      '/v1/hearing/suspicions',
      '/v1/overview',
      '/v1/payments/:id/accept',
      '/v1/payments/:id/cancel',
      '/v1/shares/:id/retry',
      '/v1/shares/:id/void',
    ]);
  });

  test('lets in no key without its scope, in any spelling of its path', async () => {
    const wrong: string[] = [];
    let refused = 0;
    for (const { method, url, scope } of routes) {
      if (scope === 'public' || scope === 'webhook' || method === 'HEAD') continue;
      for (const caller of CALLERS) {
        if (caller !== 'none' && covers([caller], scope)) continue;
        for (const target of spellings(pathOf(url))) {
          const answer = await status(method, target, caller);
          if (answer === 401 || answer === 403) refused++;
          // A spelling that is no route, or is the gate's own, may be answered as such.
          else if (answer !== 404 && answer !== 400 && !target.startsWith('/v1/gate/..'))
            wrong.push(`${caller}: ${method} ${target} ${answer}`);
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(refused).toBeGreaterThan(routes.length * 4);
  });

  test('lets in a key with its scope', async () => {
    const wrong: string[] = [];
    for (const { method, url, scope } of routes) {
      // The stream has nothing behind it here: test/http/stream.test.ts opens it with keys.
      if (scope === 'public' || scope === 'webhook' || url.endsWith('/stream')) continue;
      const answer = await status(method, pathOf(url), scope);
      if (answer === 401 || answer === 403) wrong.push(`${method} ${url} ${answer}`);
    }
    expect(wrong).toEqual([]);
  });
});

test('a route that declares no scope stops the daemon at start', () => {
  const bare = Fastify();
  enforceScopes(bare, authority);
  expect(() => bare.get('/v1/new', async () => '')).toThrow('GET /v1/new declares no scope');
  expect(() => bare.get('/v1/old', { config: { scope: 'public' } }, async () => '')).not.toThrow();
});

test('bytes that are no request are answered as problems, and so are oversized headers and broken URLs', async () => {
  const raw = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let answer = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(text));
      socket.on('data', (chunk) => {
        answer += chunk.toString();
      });
      socket.on('close', () => resolve(answer));
      socket.on('error', reject);
    });
  const head = 'Host: localhost\r\nConnection: close\r\n\r\n';
  for (const [text, wanted] of [
    ['nonsense\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nX-Large: ${'x'.repeat(20_000)}\r\n${head}`, 431],
    [`GET /v1/shares/%zz HTTP/1.1\r\n${head}`, 400],
    [`GET /v1/shares/${'x'.repeat(300)} HTTP/1.1\r\n${head}`, 414],
    [`GET /nowhere HTTP/1.1\r\n${head}`, 404],
  ] as const) {
    const answer = await raw(text);
    expect(answer, answer).toContain(`HTTP/1.1 ${wanted} `);
    expect(answer.toLowerCase()).toContain('content-type: application/problem+json');
    expect(answer.toLowerCase()).toContain('x-content-type-options: nosniff');
    expect(answer).toContain('"type":"urn:bailiff:problem:');
  }
});
