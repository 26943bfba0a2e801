// Bodies: taken exactly as sent, refused by name where they do not fit, unpacked within the route's
// limit, and free of what nothing behind the route can keep.
import { connect } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import Type from 'typebox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Reason } from '../../src/http/operator-shapes.ts';
import { NewClearance } from '../../src/http/shapes.ts';
import { NewSubscriber } from '../../src/http/subscriber-shapes.ts';
import { NewSubscription } from '../../src/http/terms-shapes.ts';
import { createBareServer } from '../support/bare-server.ts';

const LIMIT = 100_000;
const stored: Buffer[] = [];
const receive = {
  reserve: () => () => {},
  accept: async (body: Buffer) => void stored.push(body),
} as never;
const app = createBareServer({
  acts: { begin: async () => ({ kind: 'begun', id: 1n }), end: async () => {} } as never,
  webhook: { receive, secrets: ['x'], bytesMost: LIMIT, onDelivery: () => {} },
});
const config = { scope: 'public' } as const;
for (const [url, body] of [
  ['/subscriber', NewSubscriber],
  ['/subscription', NewSubscription],
  ['/clearance', NewClearance],
  ['/reason', Reason],
  ['/anything', Type.Object({}, { additionalProperties: true })],
] as const)
  app.post(url, { config, schema: { body } }, async (request) => ({ got: request.body }));
app.post('/none', { config }, async () => ({}));
const querystring = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
  status: Type.Optional(Type.Enum(['open', 'closed'])),
});
app.get('/list', { config, schema: { querystring } }, async (request) => ({ got: request.query }));
app.get('/plain', { config }, async () => ({}));

beforeAll(() => app.listen({ host: '127.0.0.1', port: 0 }));
afterAll(() => app.close());

const post = async (url: string, body: unknown, headers: Record<string, string> = {}) => {
  const answer = await app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', ...headers },
    payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  });
  return {
    status: answer.statusCode,
    ...(answer.json() as { title?: string; detail?: string; got?: unknown }),
  };
};
const terms = { id: 'a', subAccountId: 0, creatorWallet: 'x'.repeat(40), shareBps: 1_000 };

describe('values keep the type they were sent with', () => {
  test.each([
    [
      '/subscription',
      { ...terms, shareBps: null },
      'shareBps must be of type integer, and is null.',
    ],
    [
      '/subscription',
      { ...terms, shareBps: true },
      'shareBps must be of type integer, and is a boolean.',
    ],
    [
      '/subscription',
      { ...terms, shareBps: '1000' },
      'shareBps must be of type integer, and is a string.',
    ],
    [
      '/subscription',
      { ...terms, subAccountId: null },
      'subAccountId must be of type integer, and is null.',
    ],
    [
      '/subscriber',
      { id: 'a', agentWallet: 'x'.repeat(40), subAccountIds: [null] },
      'subAccountIds[0] must be of type integer, and is null.',
    ],
    [
      '/subscriber',
      { id: 'a', agentWallet: 'x'.repeat(40), subAccountIds: 0 },
      'subAccountIds must be of type array, and is a number.',
    ],
    [
      '/clearance',
      { purpose: 'withdraw', amount: 100 },
      'amount must be of type string, and is a number.',
    ],
  ])('%s %j', async (url, body, detail) => {
    expect(await post(url, body)).toMatchObject({ status: 400, title: 'body_invalid', detail });
  });
});

describe('a field that does not fit is named', () => {
  test.each([
    ['/clearance', { purpose: 'take' }, 'purpose must be one of: withdraw, close.'],
    ['/clearance', {}, 'The body lacks purpose.'],
    [
      '/clearance',
      { purpose: 'close', all: 1 },
      'The body has no all; it takes: purpose, amount, venue.',
    ],
    [
      '/clearance',
      { purpose: 'withdraw', amount: '9223372036854775808' },
      'amount does not fit: base units as a decimal string of at most 18 digits.',
    ],
    ['/clearance', { purpose: 'withdraw', amount: '-1' }, /^amount does not fit/],
    ['/subscription', { ...terms, shareBps: 10_001 }, 'shareBps must be at most 10000.'],
    [
      '/subscriber',
      { id: 'a/b', agentWallet: 'x'.repeat(40), subAccountIds: [0] },
      'id does not fit: an id of 1 to 64 letters, digits or any of _ . : - (not ., .. or stream).',
    ],
    ...['.', '..', 'stream'].flatMap((id): [string, object, RegExp][] => [
      ['/subscriber', { id, agentWallet: 'x'.repeat(40), subAccountIds: [0] }, /^id does not fit/],
      ['/subscription', { ...terms, id }, /^id does not fit/],
    ]),
    [
      '/subscriber',
      { id: 'a', agentWallet: 'x'.repeat(31), subAccountIds: [0] },
      'agentWallet must have at least 32 characters.',
    ],
    [
      '/subscriber',
      { id: 'a', agentWallet: 'x'.repeat(40), subAccountIds: [] },
      'subAccountIds must not be empty.',
    ],
    ['/clearance', null, 'The body is missing; it takes: purpose, amount, venue.'],
    ['/clearance', '', 'The body is missing; it takes: purpose, amount, venue.'],
    ['/clearance', '{"purpose":', 'The body is not valid JSON. Send one JSON object.'],
    ['/none', { a: 1 }, 'This route takes no body.'],
    ['/none', [1], 'This route takes no body.'],
  ])('%s %j', async (url, body, detail) => {
    const answer = await post(url, body);
    expect(answer).toMatchObject({ status: 400, title: 'body_invalid' });
    if (typeof detail === 'string') expect(answer.detail).toBe(detail);
    else expect(answer.detail).toMatch(detail);
  });

  test('a client that names the type of a body and sends none is served', async () => {
    expect(await post('/none', '')).toEqual({ status: 200 });
  });

  test('in a query, too, whose values alone are converted', async () => {
    const get = async (url: string) => {
      const answer = await app.inject({ method: 'GET', url });
      return { status: answer.statusCode, ...(answer.json() as object) };
    };
    expect(await get('/list?limit=3&status=open')).toEqual({
      status: 200,
      got: { limit: 3, status: 'open' },
    });
    const refused = (detail: string) => ({ status: 400, title: 'query_invalid', detail });
    expect(await get('/list?subscrber=ana')).toMatchObject(
      refused('The query has no subscrber; it takes: limit, status.'),
    );
    expect(await get('/list?status=opn')).toMatchObject(
      refused('status must be one of: open, closed.'),
    );
    expect(await get('/list?limit=many')).toMatchObject(
      refused('limit must be of type integer, and is a string.'),
    );
    expect(await get('/plain?x=1')).toMatchObject(
      refused('This route takes no query parameter x.'),
    );
  });
});

describe('a body with NUL, half a surrogate pair, a prototype member or too much depth is refused before the route', () => {
  test.each([
    ['a NUL', JSON.stringify({ reason: 'a\0b' }), /NUL/],
    ['a NUL in a name', '{"a\\u0000":1}', /NUL/],
    ['half a surrogate pair', '{"reason":"\\ud800"}', /surrogate/],
    ['half a surrogate pair in a name', '{"\\udfff":1}', /surrogate/],
    ['a member __proto__', '{"a":[{"__proto__":{"admin":true}}]}', /has a member __proto__/],
    ['a constructor', '{"constructor":{"prototype":{}}}', /has a member constructor/],
    ['3,000 levels', `${'{"a":'.repeat(3_000)}1${'}'.repeat(3_000)}`, /deeper than 32 levels/],
    ['30,000 arrays', `{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, /deeper than 32 levels/],
  ])('%s', async (_, body, detail) => {
    for (const url of ['/anything', '/none']) {
      const answer = await post(url, body);
      expect(answer).toMatchObject({ status: 400, title: 'body_invalid' });
      expect(answer.detail).toMatch(detail);
    }
  });
});

describe('packed bodies', () => {
  const hook = (body: Buffer, headers: Record<string, string>) =>
    post('/webhooks/helius', body, { authorization: 'x', ...headers });
  const body = Buffer.from(JSON.stringify([{ a: 'x'.repeat(1_000) }]));

  test.each([
    ['gzip', gzipSync(body)],
    ['deflate', deflateSync(body)],
  ])('%s is unpacked', async (encoding, packed) => {
    stored.length = 0;
    expect(await hook(packed, { 'content-encoding': encoding })).toMatchObject({ status: 200 });
    expect(stored.map(String)).toEqual([String(body)]);
  });

  test('a small one that would unpack to more than the limit is refused', async () => {
    const bomb = gzipSync(Buffer.from(`[${' '.repeat(50_000_000)}]`));
    expect(bomb.length).toBeLessThan(LIMIT);
    expect(await hook(bomb, { 'content-encoding': 'gzip' })).toMatchObject({
      status: 413,
      title: 'body_too_large',
    });
  });

  test('one that is cut, is no gzip, or comes in another encoding is refused', async () => {
    for (const bad of [gzipSync(body).subarray(0, 30), Buffer.from('[nonsense]')])
      expect(await hook(bad, { 'content-encoding': 'gzip' })).toMatchObject({
        status: 400,
        title: 'body_invalid',
      });
    expect(await hook(body, { 'content-encoding': 'br' })).toMatchObject({
      status: 415,
      title: 'encoding_unsupported',
    });
  });
});

test.each([
  ['is no gzip', Buffer.from('no gzip at all'), false],
  ['is cut', gzipSync('{"a":1}').subarray(0, 12), false],
  ['is broken off with its connection', gzipSync('{"a":1}').subarray(0, 12), true],
])(
  'a packed body that no route reads and that %s ends nothing but its request',
  async (_name, body, cut) => {
    const { port } = app.server.address() as { port: number };
    const died: unknown[] = [];
    const note = (thrown: unknown): void => void died.push(thrown);
    process.on('uncaughtException', note);
    const length = body.length + (cut ? 10 : 0);
    const head = [
      'POST /none HTTP/1.1',
      'host: x',
      // The refusal comes before a byte of the body is read.
      'content-type: application/x-unknown',
      'content-encoding: gzip',
      `content-length: ${length}`,
    ];
    const socket = connect(port, '127.0.0.1');
    const answered = new Promise<string>((resolve) =>
      socket.once('data', (chunk) => resolve(String(chunk))),
    );
    socket.write(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
    const answer = await answered;
    expect(answer).toContain('HTTP/1.1 415');
    expect(answer).toContain('Send the body as application/json');
    socket.destroy();
    // The next request is answered by the same process, and nothing was thrown in between.
    expect((await fetch(`http://127.0.0.1:${port}/plain`)).status).toBe(200);
    // Bodies are unpacked in turn: when these are answered, the broken one has been read, too.
    for (let n = 0; n < 8; n++)
      expect((await post('/anything', gzipSync('{}'), { 'content-encoding': 'gzip' })).status).toBe(
        200,
      );
    process.off('uncaughtException', note);
    expect(died).toEqual([]);
  },
);

test('an expectation that is not met is answered as a problem', async () => {
  const { port } = app.server.address() as { port: number };
  const socket = connect(port, '127.0.0.1');
  const chunks: string[] = [];
  socket.on('data', (chunk) => chunks.push(String(chunk)));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write('GET /plain HTTP/1.1\r\nhost: x\r\nexpect: wonders\r\n\r\n');
  await closed;
  expect(chunks.join('')).toMatch(/^HTTP\/1\.1 417 .*application\/problem\+json.*100-continue/s);
});

test.each(['keep-alive', 'close'])(
  'a client that is still sending a body which is too large can read why (%s)',
  async (connection) => {
    const { port } = app.server.address() as { port: number };
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const bytes = 4_000_000;
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(
          `POST /webhooks/helius HTTP/1.1\r\nHost: x\r\nAuthorization: x\r\nConnection: ${connection}\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n`,
        );
        // The whole body goes out before the client looks for an answer.
        socket.write(Buffer.alloc(bytes, 32), () => socket.resume());
      });
      socket.pause();
      socket.on('data', (chunk) => {
        text += chunk.toString();
        // A client that asked for closing reads until the server closes.
        if (connection === 'close' || !text.includes('body_too_large')) return;
        socket.destroy();
        resolve(text);
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('urn:bailiff:problem:body_too_large');
  },
);

test.each(['unambiguous', 'a\u2028b', 'a\u202eb', 'a\u009b31mb', 'a\u007fb', 'a\u001bb'])(
  'a reason is one line that a terminal shows as it is: %j',
  async (reason) => {
    const answer = await post('/reason', { reason });
    expect(answer.status).toBe(reason === 'unambiguous' ? 200 : 400);
  },
);
