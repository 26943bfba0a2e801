// Strangers: what is no request, is broken off or never ends costs a connection at most for a
// moment, is answered as a problem where a reader is left, and is no error of the daemon.
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBareServer } from '../support/bare-server.ts';

const errors: string[] = [];
const quiet = () => {};
const log = {
  debug: quiet,
  info: quiet,
  warn: quiet,
  error: (event: string) => void errors.push(event),
};
const counted: string[] = [];
const app = createBareServer({
  log,
  webhook: {
    receive: { reserve: () => quiet, accept: async () => {} } as never,
    secrets: ['x'],
    bytesMost: 1_000,
    onDelivery: quiet,
  },
  acts: { begin: async () => ({ kind: 'begun', id: 1n }), end: async () => {} } as never,
  access: {
    count: (route, _method, outcome) => void counted.push(`${route} ${outcome}`),
    begin: quiet,
    elapsedMs: () => 0,
    level: 'off',
    debugging: false,
    idPrefix: 'test',
  },
});
const webhook = 'POST /webhooks/helius HTTP/1.1\r\nHost: localhost\r\nAuthorization: x\r\n';
let port = 0;
beforeAll(async () => {
  await app.listen({ host: '127.0.0.1', port: 0 });
  port = (app.server.address() as { port: number }).port;
});
afterAll(() => app.close());

/** A client that never closes its own side, also after the server has closed its side. */
const stranger = (text: string): { readonly socket: Socket; readonly answer: Promise<string> } => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () =>
    socket.write(text),
  );
  const answer = new Promise<string>((resolve) => {
    let read = '';
    socket.on('data', (chunk) => {
      read += String(chunk);
    });
    socket.on('end', () => resolve(read));
    socket.on('error', () => resolve(read));
  });
  return { socket, answer };
};
const connections = (): Promise<number> =>
  new Promise((resolve, reject) => {
    app.server.getConnections((thrown, count) => (thrown ? reject(thrown) : resolve(count)));
  });

test.each([
  ['garbage', 'nonsense\r\n\r\n', 400, 'unreadable 4xx'],
  ['oversized headers', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n`, 431, 'unreadable 4xx'],
  ['a tunnel', 'CONNECT x:1 HTTP/1.1\r\nHost: localhost\r\n\r\n', 405, 'unreadable 4xx'],
  ['no host', 'GET /health/live HTTP/1.1\r\n\r\n', 400, 'unknown 4xx'],
  ['an impossible expectation', `${webhook}Expect: wonders\r\n\r\n`, 417, 'unknown 4xx'],
])(
  '%s is a problem, and its connection is gone although the client keeps its side open',
  async (_, text, status, count) => {
    const { socket, answer } = stranger(text);
    const read = await answer;
    expect(read).toContain(`HTTP/1.1 ${status} `);
    expect(read.toLowerCase()).toContain('content-type: application/problem+json');
    expect(read.toLowerCase()).toContain('x-content-type-options: nosniff');
    expect(read.toLowerCase()).toContain("content-security-policy: default-src 'none'");
    expect(read).toContain('"type":"urn:bailiff:problem:request_invalid"');
    await expect.poll(connections).toBe(0);
    await expect.poll(() => counted).toContain(count);
    socket.destroy();
  },
);

test('a client that goes amid its body is no error of the daemon', async () => {
  for (const head of [webhook, 'PUT /v1/halts HTTP/1.1\r\nHost: localhost\r\n']) {
    const asked = counted.length;
    const { socket } = stranger(
      `${head}Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{`,
    );
    await expect.poll(connections).toBe(1);
    socket.destroy();
    await expect
      .poll(() => counted.slice(asked))
      .toContainEqual(expect.stringMatching(/^\/(webhooks\/helius|v1\/halts) aborted$/));
  }
  expect(errors).toEqual([]);
});

test('where there is no route, a body that does not fit changes nothing about that', async () => {
  for (const payload of ['', '{', '{"a":1}']) {
    const answer = await app.inject({
      method: 'PUT',
      url: '/webhooks/helius',
      headers: { 'content-type': 'application/json', 'content-length': payload.length },
      payload,
    });
    expect(answer.json()).toMatchObject({
      status: 404,
      detail: 'There is no PUT /webhooks/helius.',
    });
  }
});
