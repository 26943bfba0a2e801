// Closing: how the API stops. It has stopped two seconds later, with every connection that
// strangers and clients hold open, and what can end before ends whole.
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { closeServer } from '../../src/http/server.ts';
import { createBareServer } from '../support/bare-server.ts';

type App = ReturnType<typeof createBareServer>;
let app: App;
let port: number;
/** Lets the server answer `GET /slow`. */
let answer: PromiseWithResolvers<void>;
let taken: PromiseWithResolvers<void>;
const sockets: Socket[] = [];
beforeEach(async () => {
  answer = Promise.withResolvers();
  taken = Promise.withResolvers();
  app = createBareServer({
    webhook: {
      receive: { reserve: () => () => {}, accept: async () => {} } as never,
      secrets: ['x'],
      bytesMost: 1_000,
      onDelivery: () => {},
    },
  });
  app.get('/slow', { config: { scope: 'public' } }, async () => {
    taken.resolve();
    await answer.promise;
    return { done: true };
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  port = (app.server.address() as { port: number }).port;
});
afterEach(async () => {
  for (const each of sockets.splice(0)) each.destroy();
  answer.resolve();
  await app.close();
});

const connections = (): Promise<number> =>
  new Promise((resolve, reject) => {
    app.server.getConnections((thrown, count) => (thrown ? reject(thrown) : resolve(count)));
  });
/** A client that sends these bytes, and nothing more; resolves with all it reads. */
async function client(text: string): Promise<{ readonly read: Promise<string> }> {
  const before = await connections();
  const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(text));
  sockets.push(socket);
  const read = new Promise<string>((resolve) => {
    let all = '';
    socket.on('data', (chunk) => {
      all += String(chunk);
    });
    socket.on('error', () => {}).on('close', () => resolve(all));
  });
  await expect.poll(connections).toBe(before + 1);
  return { read };
}
/** A clock on which two seconds pass when they are asked for. */
function grace() {
  const asked = Promise.withResolvers<number>();
  const passed = Promise.withResolvers<void>();
  const clock = {
    nowMs: () => 0,
    elapsedMs: () => 0,
    random: () => 0.5,
    sleep: (ms: number) => {
      asked.resolve(ms);
      return passed.promise;
    },
  };
  return { clock, asked: asked.promise, pass: () => passed.resolve() };
}
const UNFINISHED = {
  'half a header': 'GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: ',
  'half a body':
    'POST /webhooks/helius HTTP/1.1\r\nHost: localhost\r\nAuthorization: x\r\nContent-Length: 900\r\n\r\n[',
  'half a body of a stranger':
    'PUT /v1/halts HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n{',
  'no byte': '',
};

test.each(Object.entries(UNFINISHED))(
  '%s holds the end up for two seconds at most',
  async (_, text) => {
    const { read } = await client(text);
    const { clock, asked, pass } = grace();
    const closed = closeServer(app, clock);
    expect(await asked).toBe(2_000);
    pass();
    await closed;
    await read;
    expect(await connections()).toBe(0);
  },
);

test('a request under way is answered whole, and the server ends without waiting for the rest of its time', async () => {
  const { read } = await client('GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await taken.promise;
  const { clock, asked } = grace();
  const closed = closeServer(app, clock);
  await asked;
  answer.resolve();
  await closed;
  expect(await read).toContain('{"done":true}');
});

test('a connection that waits for its next request is closed at once', async () => {
  const { read } = await client('GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await expect.poll(() => sockets[0]?.bytesRead).toBeGreaterThan(0);
  const { clock } = grace();
  await closeServer(app, clock);
  expect(await read).toContain('404');
});
