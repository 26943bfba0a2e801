// Post: requests to a node share connections, and an answer says what the daemon goes by: its
// status, and the pause that it asks for.
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net';
import { createGzip } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, createAnswerReader, USUAL_BOUNDS } from '../../src/chain/answer.ts';
import { post } from '../../src/chain/post.ts';
import { within } from '../../src/chain/rpc.ts';

const connections = new Set<number | undefined>();
const asked: (string | undefined)[] = [];
let answer: (response: ServerResponse) => void = (response) => void response.end('well');
const server = createServer((request, response) => {
  connections.add(request.socket.remotePort);
  asked.push(`${request.method} ${request.headers['content-type']}`);
  request.resume().on('end', () => answer(response));
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});
const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const send = (answerMs = 5_000): Promise<Answer> =>
  within({ answerMs, read: createAnswerReader(USUAL_BOUNDS) })(url(), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"método":1}',
  });

test('requests one after another share two connections at most', async () => {
  // A connection takes the next request one turn of the event loop after an answer.
  for (let n = 0; n < 10; n++) expect(await (await send()).text()).toBe('well');
  expect(connections.size).toBeLessThanOrEqual(2);
  expect(new Set(asked)).toEqual(new Set(['POST application/json']));
});

test('a pause that a node asks for is told', async () => {
  answer = (response) => void response.writeHead(429, { 'retry-after': '7' }).end('later');
  const told = await send();
  expect([told.ok, told.status, told.headers.get('retry-after')]).toEqual([false, 429, '7']);
  expect(await told.text()).toBe('later');
});

test('an answer without content is read as one', async () => {
  answer = (response) => void response.writeHead(204).end();
  const told = await send();
  expect([told.ok, told.status, await told.text()]).toEqual([true, 204, '']);
});

test('an answer that is compressed although none was asked for is unpacked', async () => {
  answer = (response) => {
    response.setHeader('content-encoding', 'gzip');
    const packed = createGzip();
    packed.pipe(response);
    packed.end('{"result":7}');
  };
  expect(await (await send()).text()).toBe('{"result":7}');
});

test('a request fails when no answer begins in time, and when the connection ends in one', async () => {
  answer = () => {};
  await expect(send(200)).rejects.toThrow('timeout');
  answer = (response) => {
    response.write('{');
    response.socket?.destroySoon();
  };
  await expect(send()).rejects.toThrow();
  answer = (response) => void response.end('well');
  expect(await (await send()).text()).toBe('well');
});

test('a request fails in time when no connection comes about', async () => {
  // It takes connections, and answers no handshake of TLS.
  const taken: Socket[] = [];
  const silent = createNetServer((socket) => void taken.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const within200 = within({ answerMs: 200, read: createAnswerReader(USUAL_BOUNDS) });
  await expect(within200(`https://127.0.0.1:${port}`)).rejects.toThrow('due to timeout');
  for (const socket of taken) socket.destroy();
  await new Promise((resolve) => silent.close(resolve));
});

test('a request that was given up before is not sent', async () => {
  const before = asked.length;
  await expect(post(url(), { signal: AbortSignal.abort('no more') })).rejects.toBe('no more');
  expect(await (await send()).text()).toBe('well');
  expect(asked.length - before).toBe(1);
});

test('an answer that a reader leaves ends its connection', async () => {
  const closed = new Promise<void>((resolve) => {
    answer = (response) => {
      response.on('close', resolve);
      response.write('x'.repeat(20));
    };
  });
  const { body } = await post(url());
  for await (const piece of body ?? []) if (piece.length > 0) break;
  await closed;
});

test('a connection is not read on while its answer waits for a reader', async () => {
  const whole = 64 * 1_048_576;
  answer = (response) => void response.end(Buffer.alloc(whole));
  const { body } = await post(url(), {});
  const pieces = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  let length = (await pieces.next()).value?.length ?? 0;
  const before = process.memoryUsage().arrayBuffers;
  // Enough for the server to send all of it, if it were taken.
  for (let turn = 0; turn < 2_000; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(whole / 4);
  for (let next = await pieces.next(); next.done !== true; next = await pieces.next())
    length += next.value.length;
  expect(length).toBe(whole);
});

test.each([
  ['nothing', ''],
  ['no HTTP', 'hello\r\n\r\n'],
  ['a part of a head', 'HTTP/1.1 200 OK\r\ncontent-le'],
  ['an interim answer', 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n'],
])('a request fails at once when the connection ends after %s', async (_, text) => {
  answer = (response) => void response.socket?.end(text);
  await expect(send()).rejects.toThrow(/other side closed|does not match the HTTP/);
  answer = (response) => void response.end('well');
  expect(await (await send()).text()).toBe('well');
});

test('a request fails at once when the node answers 101', async () => {
  const changing = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
  answer = (response) => void response.socket?.write(changing);
  await expect(send()).rejects.toThrow('HTTP 101');
  answer = (response) => void response.end('well');
  expect(await (await send()).text()).toBe('well');
});

test('requests that begin within 100 ms share a deadline', async () => {
  let elapsedMs = 5;
  const deadlines: unknown[] = [];
  const read = createAnswerReader(USUAL_BOUNDS);
  const noting: typeof fetch = async (_, init) => {
    deadlines.push(init?.signal);
    return new Response('well');
  };
  const asking = within({ answerMs: 5_000, read }, noting, () => elapsedMs);
  for (const atMs of [5, 104, 105, 204]) {
    elapsedMs = atMs;
    await asking(url());
  }
  const [first, second, third, fourth] = deadlines;
  expect([second === first, third === first, fourth === third]).toEqual([true, false, true]);
});

test('a request fails once the deadline that it shares has passed', async () => {
  answer = () => {};
  const read = createAnswerReader(USUAL_BOUNDS);
  const asking = within({ answerMs: 200, read }, post, () => 0);
  await expect(Promise.all([asking(url()), asking(url())])).rejects.toThrow('timeout');
});
